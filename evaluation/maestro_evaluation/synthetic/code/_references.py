"""The references: each is also the text of a right reply, so it uses nothing of this module. `k` is its parameter."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def rotate_left(values: Any, k: int) -> Any:
    shift = k % len(values)
    return values[shift:] + values[:shift]


def reverse_blocks(values: Any, k: int) -> Any:
    result = []
    for start in range(0, len(values), k):
        result += values[start : start + k][::-1]
    return result


def window_maxima(values: Any, k: int) -> Any:
    return [max(values[start : start + k]) for start in range(len(values) - k + 1)]


def keep_every(values: Any, k: int) -> Any:
    return [value for place, value in enumerate(values) if place % k == 0]


def running_sums(values: Any, k: int) -> Any:
    result, total = [], 0
    for value in values:
        total += value
        result.append(total)
    return result


def neighbour_differences(values: Any, k: int) -> Any:
    return [values[place + k] - values[place] for place in range(len(values) - k)]


def block_sums(values: Any, k: int) -> Any:
    return [sum(values[start : start + k]) for start in range(0, len(values), k)]


def interleave_halves(values: Any, k: int) -> Any:
    half = len(values) // 2
    result = []
    for first, second in zip(values[:half], values[half:]):  # noqa: B905 - also a reply
        result += [first, second] if k == 1 else [second, first]
    return result


def repeat_each(values: Any, k: int) -> Any:
    return [value for value in values for _ in range(k)]


def transpose(values: Any, k: int) -> Any:
    return [[row[column] for row in values] for column in range(len(values[0]))]


def turn_clockwise(values: Any, k: int) -> Any:
    for _ in range(k):
        values = [list(column) for column in zip(*values[::-1])]  # noqa: B905 - also a reply
    return values


def mirror(values: Any, k: int) -> Any:
    return [row[::-1] for row in values] if k == 1 else values[::-1]


def line_sums(values: Any, k: int) -> Any:
    if k == 1:
        return [sum(row) for row in values]
    return [sum(row[column] for row in values) for column in range(len(values[0]))]


def spiral(values: Any, k: int) -> Any:
    rows, result = [list(row) for row in values], []
    while rows:
        result += rows.pop(0)
        rows = [list(column) for column in zip(*rows)][::-1]  # noqa: B905 - also a reply
    return result


def fall_down(values: Any, k: int) -> Any:
    columns = []
    for column in zip(*values):  # noqa: B905 - also a reply
        solid = [value for value in column if value]
        columns.append([0] * (len(column) - len(solid)) + solid)
    return [list(row) for row in zip(*columns)]  # noqa: B905 - also a reply


def shift_columns(values: Any, k: int) -> Any:
    return [row[-k:] + row[:-k] for row in values]


def empty_inside(values: Any, k: int) -> Any:
    last_row, last_column = len(values) - 1, len(values[0]) - 1
    return [
        [value if r in (0, last_row) or c in (0, last_column) else 0 for c, value in enumerate(row)]
        for r, row in enumerate(values)
    ]


def diagonal(values: Any, k: int) -> Any:
    if k == 1:
        return [values[place][place] for place in range(len(values))]
    return [values[place][-1 - place] for place in range(len(values))]

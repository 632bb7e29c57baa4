"""The same functions by another way: with numpy, on indices."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

__all__ = ["SECOND"]


def _array(values: Any) -> Any:
    import numpy

    return numpy.array(values)


def _blocks(values: Any, k: int) -> Any:
    places = sorted(range(len(values)), key=lambda place: (place // k, -place))
    return _array(values)[places]


def _windows(values: Any, k: int) -> Any:
    from numpy.lib.stride_tricks import sliding_window_view

    return sliding_window_view(_array(values), k).max(axis=1)


def _block_sums(values: Any, k: int) -> Any:
    import numpy

    return numpy.add.reduceat(_array(values), range(0, len(values), k))


def _interleaved(values: Any, k: int) -> Any:
    halves = _array(values).reshape(2, -1)
    return (halves if k == 1 else halves[::-1]).T.ravel()


def _spiral(values: Any, k: int) -> Any:
    """Walks along the border, turning right where it ends or was walked already."""
    seen, found, at, step = set(), [], (0, 0), (0, 1)
    for _ in range(len(values) * len(values[0])):
        found.append(values[at[0]][at[1]])
        seen.add(at)
        after = (at[0] + step[0], at[1] + step[1])
        if after in seen or not (0 <= after[0] < len(values) and 0 <= after[1] < len(values[0])):
            step = (step[1], -step[0])
            after = (at[0] + step[0], at[1] + step[1])
        at = after
    return found


def _fallen(values: Any, k: int) -> Any:
    """Swaps a number with the gap below it until there is none."""
    rows = [list(row) for row in values]
    for _ in rows:
        for upper, lower in pairwise(rows):
            for place, value in enumerate(upper):
                if value and not lower[place]:
                    upper[place], lower[place] = 0, value
    return rows


def _emptied(values: Any, k: int) -> Any:
    found = _array(values)
    found[1:-1, 1:-1] = 0
    return found


def _numpy(name: str) -> Any:
    import numpy

    return getattr(numpy, name)


SECOND: dict[str, Callable[[Any, int], Any]] = {
    "rotate_left": lambda values, k: _numpy("roll")(_array(values), -k),
    "reverse_blocks": _blocks,
    "window_maxima": _windows,
    "keep_every": lambda values, k: values[::k],
    "running_sums": lambda values, k: _array(values).cumsum(),
    "neighbour_differences": lambda values, k: _array(values)[k:] - _array(values)[:-k],
    "block_sums": _block_sums,
    "interleave_halves": _interleaved,
    "repeat_each": lambda values, k: _array(values).repeat(k),
    "transpose": lambda values, k: _array(values).T,
    "turn_clockwise": lambda values, k: _numpy("rot90")(_array(values), -k),
    "mirror": lambda values, k: _numpy("flip")(_array(values), axis=1 if k == 1 else 0),
    "line_sums": lambda values, k: _array(values).sum(axis=1 if k == 1 else 0),
    "spiral": _spiral,
    "fall_down": _fallen,
    "shift_columns": lambda values, k: _numpy("roll")(_array(values), k, axis=1),
    "empty_inside": _emptied,
    "diagonal": lambda values, k: _array(values).diagonal() if k == 1 else _numpy("fliplr")(_array(values)).diagonal(),
}

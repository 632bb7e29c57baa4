"""Pictures drawn here, with the texts given: no text reader, so geometry alone is tested."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maestro_graph.embedded.chart import Table
from maestro_graph.embedded.chart._axes import find_scales
from maestro_graph.embedded.chart._labels import merge_lines
from maestro_graph.embedded.chart._line_table import _at_ticks
from maestro_graph.embedded.chart._read import read_chart
from maestro_graph.embedded.ocr import TextBox

PAGE = (255, 255, 255)
BLUE, ORANGE, GREEN = (31, 119, 180), (255, 127, 14), (44, 160, 44)


def text(label: str, x: float, y: float, *, high: float = 12, wide: float | None = None) -> TextBox:
    half = (wide or 7 * len(label)) / 2
    return TextBox(
        label,
        ((x - half, y - high / 2), (x + half, y - high / 2), (x + half, y + high / 2), (x - half, y + high / 2)),
        1.0,
    )


def canvas() -> NDArray[np.uint8]:
    return np.full((400, 600, 3), PAGE, np.uint8)


def y_axis() -> list[TextBox]:
    return [text(str(value), 40 - 3.5 * len(str(value)), 350 - 3 * value) for value in (0, 25, 50, 75, 100)]


def read(picture: NDArray[np.uint8], boxes: list[TextBox]) -> Table | None:
    return read_chart(picture, tuple(boxes), ocr=lambda _: ())


def test_vertical_bars() -> None:
    picture, boxes = canvas(), y_axis()
    for k, (name, value) in enumerate({"ant": 40, "bee": 95, "cat": 10, "dog": 62}.items()):
        x = 100 + 120 * k
        cv2.rectangle(picture, (x - 35, 350 - 3 * value), (x + 34, 349), BLUE, -1)
        boxes.append(text(name, x, 365))
    table = read(picture, boxes)
    assert table is not None
    assert table.kind == "bars"
    assert table.categories == ("ant", "bee", "cat", "dog")
    assert table.values[0] == pytest.approx((40, 95, 10, 62), abs=1.0)


def test_grouped_bars_with_a_legend() -> None:
    picture, boxes = canvas(), y_axis()
    rows = {"first": (BLUE, (30, 60, 90)), "second": (ORANGE, (80, 20, 50))}
    for s, (name, (colour, values)) in enumerate(rows.items()):
        cv2.rectangle(picture, (480, 20 + 20 * s), (500, 30 + 20 * s), colour, -1)
        boxes.append(text(name, 530, 25 + 20 * s))
        for k, value in enumerate(values):
            x = 110 + 130 * k + 40 * s
            cv2.rectangle(picture, (x - 20, 350 - 3 * value), (x + 19, 349), colour, -1)
    boxes += [text(str(year), 130 + 130 * k, 365) for k, year in enumerate((2001, 2002, 2003))]
    table = read(picture, boxes)
    assert table is not None
    assert table.series == ("first", "second")
    assert table.values[0] == pytest.approx((30, 60, 90), abs=1.0)
    assert table.values[1] == pytest.approx((80, 20, 50), abs=1.0)


def test_lines_cross() -> None:
    picture, boxes = canvas(), y_axis()
    rows = {"up": (BLUE, (10, 40, 70, 95)), "down": (GREEN, (90, 60, 30, 5))}
    for s, (name, (colour, values)) in enumerate(rows.items()):
        points = np.array([(80 + 140 * k, 350 - 3 * v) for k, v in enumerate(values)], np.int32)
        cv2.polylines(picture, [points], False, colour, 2, cv2.LINE_AA)
        cv2.line(picture, (480, 25 + 20 * s), (505, 25 + 20 * s), colour, 2)
        boxes.append(text(name, 530, 25 + 20 * s))
    boxes += [text(month, 80 + 140 * k, 368) for k, month in enumerate(("Jan", "Feb", "Mar", "Apr"))]
    table = read(picture, boxes)
    assert table is not None
    assert table.kind == "lines"
    assert table.categories == ("Jan", "Feb", "Mar", "Apr")
    found = dict(zip(table.series, table.values, strict=True))
    assert found["up"] == pytest.approx((10, 40, 70, 95), abs=2)
    assert found["down"] == pytest.approx((90, 60, 30, 5), abs=2)


def test_pie_with_a_legend() -> None:
    picture, boxes = canvas(), []
    start = -90.0
    for k, (name, share, colour) in enumerate((("ant", 50, BLUE), ("bee", 30, ORANGE), ("cat", 20, GREEN))):
        cv2.ellipse(picture, (220, 200), (140, 140), 0, start, start + 3.6 * share, colour, -1)
        start += 3.6 * share
        cv2.rectangle(picture, (440, 100 + 24 * k), (456, 112 + 24 * k), colour, -1)
        boxes.append(text(name, 480, 106 + 24 * k))
    table = read(picture, boxes)
    assert table is not None
    assert table.kind == "pie"
    assert dict(zip(table.categories, table.values[0], strict=True)) == pytest.approx(
        {"ant": 50, "bee": 30, "cat": 20}, abs=1.0
    )


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((2, 500, 3), np.uint8),
        np.zeros((400, 600, 3), np.uint8),
        np.full((400, 600, 3), 255, np.uint8),
        noise(),
    ],
    ids=["one pixel", "a line", "black", "white", "noise"],
)
def test_what_is_no_chart_gives_no_table(picture: NDArray[np.uint8]) -> None:
    assert read(picture, []) is None
    boxes = [text("total 12", 100, 50), text("34", 100, 90), text("lorem ipsum", 100, 130)]
    assert read(picture, boxes) is None


def test_a_page_of_numbers_is_no_chart() -> None:
    picture = canvas()
    boxes = []
    for k in range(12):
        boxes += [text("invoice line", 90, 20 + 30 * k), text(str(10 * k), 400, 20 + 30 * k)]
        cv2.putText(picture, "invoice", (60, 25 + 30 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    assert read(picture, boxes) is None


def test_a_grids_lines_are_no_bars() -> None:
    picture = canvas()
    for x in range(100, 401, 50):
        cv2.line(picture, (x, 50), (x, 350), (238, 238, 238), 2)
    points = np.array([(100 + 50 * k, 320 - 30 * k) for k in range(7)], np.int32)
    cv2.polylines(picture, [points], False, GREEN, 3)
    table = read(picture, [*y_axis(), *(text(str(2000 + k), 100 + 50 * k, 370) for k in range(7))])
    assert table is not None
    assert table.kind == "lines"
    assert table.values[0][0] == pytest.approx(10, abs=1)


@pytest.mark.parametrize("start", [2, 14])
def test_slanted_years_stand_at_their_ticks_by_their_middle_or_by_their_upper_end(start: int) -> None:
    labels = []
    for k in range(8):
        x, y = 100.0 + 40 * k + start, 230.0
        labels.append(TextBox(str(2000 + k), ((x - 12, y - 4), (x + 12, y + 20), (x + 8, y + 24), (x - 16, y)), 0.95))
    scale = find_scales(tuple(labels), vertical=False)[0]
    ends = (140.0, 340.0)
    moved = _at_ticks(scale, merge_lines(labels, labels, below=True), ends)
    assert moved.value(ends[0]) == pytest.approx(2001, abs=0.12)
    assert moved.value(ends[1]) == pytest.approx(2006, abs=0.12)

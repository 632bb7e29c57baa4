"""From a picture to a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._bar_table import bar_table, find_bar_chart
from maestro_graph.embedded.chart._legend import find_legend
from maestro_graph.embedded.chart._line_table import find_line_chart, line_table
from maestro_graph.embedded.chart._picture import Ocr, Picture
from maestro_graph.embedded.chart._pie import find_pie
from maestro_graph.embedded.chart._pie_table import pie_table
from maestro_graph.embedded.chart._pixels import find_colours
from maestro_graph.embedded.chart._table import Table
from maestro_graph.embedded.chart._texts import tidy_texts
from maestro_graph.embedded.ocr import TextBox

__all__ = ["read_chart"]

_MAX_SIDE = 1800
_MIN_SIDE = 40


def read_chart(
    rgb: NDArray[np.uint8], boxes: tuple[TextBox, ...], *, ocr: Ocr, check: Callable[[], None] = lambda: None
) -> Table | None:
    """The table behind a chart, or `None` where the picture shows none that can be read.

    Args:
        rgb: the picture, (H, W, 3).
        boxes: its lines of text, in the same pixels.
        ocr: reads an array again, for crops.
        check: called between steps; raises where the time is up.
    """
    if min(rgb.shape[:2]) < _MIN_SIDE or len(boxes) < 2:
        return None
    scale = min(1.0, _MAX_SIDE / max(rgb.shape[:2]))
    if scale < 1.0:
        rgb = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        boxes = tuple(TextBox(b.text, tuple((x * scale, y * scale) for x, y in b.quad), b.score) for b in boxes)
    boxes = tidy_texts(rgb, boxes)
    colours = find_colours(rgb, boxes)
    picture = Picture(colours, list(boxes), ocr, check)
    check()
    picture.legend = find_legend(colours, _no_ticks(picture), picture.reread)
    check()
    pie = find_pie(colours)
    if pie is not None:
        return pie_table(picture, pie)
    bars = find_bar_chart(picture)
    check()
    floor = 0.004 * rgb.shape[0] * rgb.shape[1]
    if bars is not None and bars.area > floor and (bars.field.standing >= 2 or bars.area > 4 * floor):
        table = bar_table(picture, bars)
        if table is not None:
            return _multiplied(picture, table)
    lines = find_line_chart(picture)
    if lines is None:
        return None
    table = line_table(picture, lines)
    return None if table is None else _multiplied(picture, table)


def _no_ticks(picture: Picture) -> list[TextBox]:
    """The texts that are not numbers of a long axis: a legend of years is seldom as long."""
    scales = [*picture.scales(vertical=True)[:1], *picture.scales(vertical=False)[:1]]
    ticks = {id(t.box) for scale in scales if len(scale.ticks) >= 5 for t in scale.ticks}
    return [box for box in picture.boxes if id(box) not in ticks]


_FACTOR = re.compile(r"^(?:[x×*]\s*)?(?:1e|10\^?)\s*[+]?(?P<exp>\d{1,2})$", re.IGNORECASE)


def _multiplied(picture: Picture, table: Table) -> Table:
    """The table with the power of ten applied that some libraries print once at the end of an axis."""
    for box in picture.boxes:
        match = _FACTOR.match(box.text.strip().replace(" ", ""))
        if match is None or not (box.text.strip().lower().startswith(("1e", "x", "×"))):
            continue
        factor = 10.0 ** int(match["exp"])
        if table.resolution == 0 or factor > 1e15:
            return table
        rows = tuple(tuple(None if v is None else v * factor for v in row) for row in table.values)
        return replace(table, values=rows, resolution=table.resolution * factor)
    return table

"""A chart picture while it is being read: pixels, texts, flat colours, and a second look at a crop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._axes import Scale, find_scales
from maestro_graph.embedded.chart._labels import height_of, is_upright
from maestro_graph.embedded.chart._legend import LegendEntry
from maestro_graph.embedded.chart._numbers import parse_number
from maestro_graph.embedded.chart._pixels import Colours
from maestro_graph.embedded.ocr import TextBox

__all__ = ["Picture", "Titles", "find_titles"]

_MOST_REREADS = 24

Ocr = Callable[[NDArray[np.uint8]], tuple[TextBox, ...]]
Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Picture:
    """What the readers of bars, lines and pies share."""

    colours: Colours
    boxes: list[TextBox]
    ocr: Ocr
    check: Callable[[], None]
    rereads: int = field(default=0)
    legend: list[LegendEntry] = field(default_factory=list)

    @property
    def height(self) -> int:
        return int(self.colours.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.colours.rgb.shape[1])

    def scales(self, *, vertical: bool) -> list[Scale]:
        return find_scales(tuple(self.boxes), vertical=vertical)

    def reread(self, box: Box, *, turns: int = 0) -> str:
        """Text in a crop, enlarged, turned by quarter turns (counter-clockwise); empty where none is read."""
        self.check()
        left, top, right, bottom = (round(v) for v in box)
        crop = self.colours.rgb[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if crop.shape[0] < 3 or crop.shape[1] < 3 or self.rereads >= _MOST_REREADS:
            return ""
        self.rereads += 1
        crop = np.ascontiguousarray(np.rot90(crop, turns))
        zoom = max(1.0, min(4.0, 40.0 / crop.shape[0]))
        large = cv2.resize(crop, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        pad = 24
        page = tuple(int(v) for v in np.median(crop.reshape(-1, 3), axis=0))
        framed = cv2.copyMakeBorder(large, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=page)
        found = sorted(self.ocr(framed.astype(np.uint8)), key=lambda b: (round(b.center[1] / 20), b.center[0]))
        return " ".join(b.text.strip() for b in found).strip()


@dataclass(frozen=True, slots=True)
class Titles:
    """The texts around a chart."""

    title: str
    x_label: str
    y_label: str
    boxes: tuple[TextBox, ...]


def find_titles(picture: Picture, area: Box, used: list[TextBox], *, axes: bool) -> Titles:
    """Title and axis titles: free texts above, below and beside the plot area (left, top, right, bottom)."""
    taken = {id(box) for box in used}
    left, top, right, bottom = area
    free = [box for box in picture.boxes if id(box) not in taken and box.text.strip()]
    words = [box for box in free if parse_number(box.text) is None or len(box.text) > 8]
    above = [box for box in words if box.box[3] <= top + 0.5 * height_of(box) and not is_upright(box)]
    title = max(above, key=lambda b: (height_of(b) > 1.12 * _common(free), len(b.text)), default=None)
    titles = [] if title is None else [title]
    name = "" if title is None else title.text.strip()
    if title is not None:
        for box in sorted(above, key=lambda b: b.box[1]):
            same = abs(height_of(box) - height_of(title)) < 0.2 * height_of(title)
            follows = box is not title and same and 0 <= box.box[1] - title.box[1] < 2 * height_of(title)
            centred = abs(box.center[0] - title.center[0]) < 0.1 * picture.width and box.center[1] > title.box[3]
            if follows and centred:
                name += " " + box.text.strip()
                titles.append(box)
    if not axes:
        return Titles(name, "", "", tuple(titles))
    rest = [box for box in words if box not in titles]
    under = [
        b
        for b in rest
        if b.box[1] >= bottom - 2
        and not is_upright(b)
        and left - 0.1 * (right - left) <= b.center[0] <= right + 0.05 * (right - left)
    ]
    x_label = min(under, key=lambda b: abs(b.center[0] - (left + right) / 2), default=None)
    beside = [b for b in rest if is_upright(b) and b.box[2] <= left + 2 and b is not x_label]
    beside = beside or [b for b in rest if is_upright(b) and b.box[0] >= right - 2]
    y_label = max(beside, key=lambda b: len(b.text), default=None)
    if y_label is None:
        corner = [
            b
            for b in rest
            if b.box[2] <= left + 0.25 * (right - left) and top - 4 * height_of(b) <= b.center[1] <= top + 2
        ]
        y_label = max(corner, key=lambda b: b.box[1], default=None)
    chosen = tuple(b for b in (*titles, x_label, y_label) if b is not None)
    return Titles(name, _text(x_label), _text(y_label), chosen)


def _text(box: TextBox | None) -> str:
    return "" if box is None else box.text.strip()


def _common(boxes: list[TextBox]) -> float:
    return float(np.median([height_of(box) for box in boxes])) if boxes else 0.0

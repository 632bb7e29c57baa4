"""Legends: a swatch of a mark's colour, and the text right of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._labels import height_of, is_upright
from maestro_graph.embedded.chart._pixels import Colours
from maestro_graph.embedded.ocr import TextBox

__all__ = ["LegendEntry", "find_legend"]

_MARKERS = frozenset("01oO.·•-_|l")  # what a text finder makes of markers

Reread = Callable[[tuple[float, float, float, float]], str]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A name and the palette index of its swatch; `box` spans both."""

    text: str
    colour: int
    rgb: tuple[float, float, float]
    box: tuple[float, float, float, float]
    swatch: tuple[float, float, float, float]


def find_legend(colours: Colours, boxes: list[TextBox], reread: Reread) -> list[LegendEntry]:
    """All pairs of swatch and text in the picture, marks beside texts included; the caller picks what fits."""
    at_left, at_right = _pairs(colours, boxes, reread), _pairs_right(colours, boxes)
    # some libraries set the swatch after the text; which side it is, the greater number of colours tells
    return at_right if _distinct(colours, at_right) > max(1, _distinct(colours, at_left)) else at_left


def _distinct(colours: Colours, entries: list[LegendEntry]) -> int:
    return len({e.colour for e in entries if float(np.ptp(colours.palette[e.colour])) > 36})


def _pairs(colours: Colours, boxes: list[TextBox], reread: Reread) -> list[LegendEntry]:
    entries: list[LegendEntry] = []
    for box in boxes:
        if not _is_level(box) or box.text.strip() in _MARKERS:
            continue
        inner = _inner_swatches(colours, box)
        if inner:
            entries.extend(_split_entries(colours, box, inner, reread))
            continue
        swatch = _left_swatch(colours, box)
        if swatch is not None:
            text, place = _with_neighbours(box, boxes, colours)
            entries.append(_entry(colours, text, swatch, place))
    return entries


def _pairs_right(colours: Colours, boxes: list[TextBox]) -> list[LegendEntry]:
    """Pairs whose swatch follows the text: found as at the left, in the mirror."""
    width = colours.rgb.shape[1]
    mirror = replace(colours, labels=colours.labels[:, ::-1], text=colours.text[:, ::-1], rgb=colours.rgb[:, ::-1])
    entries = []
    for box in boxes:
        if not _is_level(box) or box.text.strip() in _MARKERS:
            continue
        left, top, right, bottom = box.box
        swatch = _left_swatch(mirror, _moved(box, width - right, top, width - left, bottom))
        if swatch is not None:
            colour, (x0, y0, x1, y1) = swatch
            entries.append(_entry(colours, box.text, (colour, (width - x1, y0, width - x0, y1)), box.box))
    return entries


def _is_level(box: TextBox) -> bool:
    (x0, y0), (x1, y1) = box.quad[0], box.quad[1]
    return not is_upright(box) and abs(y1 - y0) <= 0.25 * abs(x1 - x0) + 1


def _moved(box: TextBox, left: float, top: float, right: float, bottom: float) -> TextBox:
    return TextBox(box.text, ((left, top), (right, top), (right, bottom), (left, bottom)), box.score)


def _with_neighbours(
    box: TextBox, boxes: list[TextBox], colours: Colours
) -> tuple[str, tuple[float, float, float, float]]:
    """A name whose words were found apart: texts that follow at a space's distance and have no swatch."""
    text, (left, top, right, bottom) = box.text.strip(), box.box
    for other in sorted(boxes, key=lambda b: b.box[0]):
        x0, y0, x1, y1 = other.box
        level = abs(other.center[1] - box.center[1]) < 0.3 * height_of(box)
        near = -0.2 * height_of(box) <= x0 - right < 0.6 * height_of(box)
        if other is not box and level and near and _left_swatch(colours, other) is None:
            text, right, top, bottom = f"{text} {other.text.strip()}", x1, min(top, y0), max(bottom, y1)
    return text, (left, top, right, bottom)


def _entry(
    colours: Colours, text: str, swatch: tuple[int, tuple[float, float, float, float]], box: tuple[float, ...]
) -> LegendEntry:
    colour, place = swatch
    red, green, blue = (float(v) for v in colours.palette[colour])
    bounds = (min(place[0], box[0]), min(place[1], box[1]), max(place[2], box[2]), max(place[3], box[3]))
    return LegendEntry(_clean(text), colour, (red, green, blue), bounds, place)


def _clean(text: str) -> str:
    kept = re.sub(r"^[Oo0eD]?\s?[-–—]+[Oo0eD]?[-–—]*\s*(?=[A-Za-z])", "", text.strip())
    while kept and not (kept[0].isalnum() or kept[0] in "$€£¥(+<>≤≥~#@&"):
        kept = kept[1:]
    return kept.strip() or text.strip()


def _left_swatch(colours: Colours, box: TextBox) -> tuple[int, tuple[float, float, float, float]] | None:
    left, top, _, bottom = box.box
    tall = height_of(box)
    x0, x1 = max(0, int(left - 4.2 * tall)), max(0, int(left + 0.15 * tall))
    y0, y1 = max(0, int(top)), int(bottom)
    swallowed = _swallowed(colours, box, tall)
    if swallowed is not None:
        return swallowed
    return _swatch_in(colours, x0, y0, x1, y1, tall, int(left))


def _swallowed(colours: Colours, box: TextBox, tall: float) -> tuple[int, tuple[float, float, float, float]] | None:
    """A solid swatch at the very beginning of a text line, which the text finder took into its box."""
    left, top, right, bottom = (round(v) for v in box.box)
    patch = colours.labels[max(0, top) : bottom, max(0, left - 1) : min(right, round(left + 2.6 * tall))]
    best: tuple[float, int, tuple[float, float, float, float]] | None = None
    for colour in np.unique(patch):
        if colour < 0 or int(colour) in colours.background or colours.contrast(int(colour)) < 45:
            continue
        count, _, stats, _ = cv2.connectedComponentsWithStats((patch == colour).astype(np.uint8), connectivity=8)
        for sx, sy, sw, sh, area in stats[1:count]:
            inside = sx < 0.7 * tall and sx + sw < patch.shape[1] and sh < patch.shape[0]
            block = area > 0.85 * sw * sh and min(sw, sh) >= max(4.0, 0.3 * tall)
            middle = (sy + sh / 2) / max(1, patch.shape[0])
            stroke = sw >= 0.7 * tall and sh <= 0.4 * tall and 0.25 < middle < 0.75
            if inside and (block or stroke):
                place = (float(left + sx - 1), float(top + sy), float(left + sx - 1 + sw), float(top + sy + sh))
                weight = colours.contrast(int(colour)) * float(area)
                if best is None or weight > best[0]:
                    best = (weight, int(colour), place)
    return None if best is None else (best[1], best[2])


def _swatch_in(
    colours: Colours, x0: int, y0: int, x1: int, y1: int, tall: float, text_left: int
) -> tuple[int, tuple[float, float, float, float]] | None:
    """The mark-coloured blob nearest to the text's left end, of swatch size."""
    patch = colours.labels[y0:y1, x0:x1]
    if patch.size == 0:
        return None
    foreign = colours.text[y0:y1, x0:x1].copy()
    foreign[:, max(0, text_left - x0) :] = False
    best: tuple[float, int, tuple[float, float, float, float]] | None = None
    for colour in np.unique(patch):
        if colour < 0 or int(colour) in colours.background or colours.contrast(int(colour)) < 45:
            continue
        mask = ((patch == colour) & ~foreign).astype(np.uint8)
        if mask.sum() < max(5, 0.03 * tall * tall):
            continue
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, round(0.7 * tall))), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        for sx, sy, sw, sh, _ in stats[1:count]:
            ink = int(mask[sy : sy + sh, sx : sx + sw].sum())
            gap = text_left - (x0 + sx + sw)
            if (
                ink < max(5, 0.03 * tall * tall)
                or gap > 1.7 * tall
                or sw < 0.25 * tall
                or (sh >= y1 - y0 and sw >= x1 - x0 - 2)
            ):
                continue
            if (
                sx <= 1
                and x0 > 0
                and sw > 1.5 * tall
                and float((colours.labels[y0 + sy : y0 + sy + sh, x0 - 1] == colour).mean()) > 0.6
            ):
                continue
            if sh > y1 - y0 - 1 and _goes_on(colours, int(colour), x0 + int(sx), x0 + int(sx + sw), y0, y1, tall):
                continue
            weight = ink * min(1.0, colours.contrast(int(colour)) / 150) ** 2 * (1.0 if gap >= -0.5 * tall else 0.3)
            place = (float(x0 + sx), float(y0 + sy), float(x0 + sx + sw), float(y0 + sy + sh))
            if best is None or weight > best[0]:
                best = (weight, int(colour), place)
    return None if best is None else (best[1], best[2])


def _goes_on(colours: Colours, colour: int, x0: int, x1: int, y0: int, y1: int, tall: float) -> bool:
    """Whether the blob continues far above or below the line of text: then it is a mark."""
    far = round(0.6 * tall)
    above = colours.labels[max(0, y0 - far) : y0, x0:x1] == colour
    below = colours.labels[y1 : y1 + far, x0:x1] == colour
    return (above.size > 0 and float(above.mean()) > 0.5) or (below.size > 0 and float(below.mean()) > 0.5)


def _inner_swatches(colours: Colours, box: TextBox) -> list[tuple[int, tuple[float, float, float, float]]]:
    """Solid swatches inside a text line that the text finder swallowed (`■ A  ■ B`)."""
    left, top, right, bottom = (round(v) for v in box.box)
    tall = height_of(box)
    if right - left < 5 * tall:
        return []
    patch = colours.labels[max(0, top) : bottom, max(0, left) : right]
    found = []
    for colour in np.unique(patch):
        if colour < 0 or int(colour) in colours.background:
            continue
        mask = (patch == colour).astype(np.uint8)
        joined = cv2.morphologyEx(
            mask, cv2.MORPH_OPEN, np.ones((max(2, round(0.25 * tall)), max(3, round(0.4 * tall))), np.uint8)
        )
        thin = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(5, round(0.9 * tall))), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(np.maximum(joined, thin).astype(np.uint8), connectivity=8)
        for sx, sy, sw, sh, area in stats[1:count]:
            if area >= 0.5 * sw * sh and sw <= 4 * tall:
                place = (float(left + sx), float(top + sy), float(left + sx + sw), float(top + sy + sh))
                found.append((int(colour), place))
    found.sort(key=lambda item: item[1][0])
    colours_seen = {colour for colour, _ in found}
    return found if len(found) >= 2 and len(colours_seen) >= 2 else []


def _split_entries(
    colours: Colours, box: TextBox, swatches: list[tuple[int, tuple[float, float, float, float]]], reread: Reread
) -> list[LegendEntry]:
    left, top, right, bottom = box.box
    entries = []
    if swatches[0][1][0] - left > 1.2 * height_of(box):
        first = _left_swatch(colours, box)
        if first is not None:
            swatches = [first, *swatches]
    for k, (colour, place) in enumerate(swatches):
        end = swatches[k + 1][1][0] - 2 if k + 1 < len(swatches) else right + 3
        crop = (place[2] + 1, top - 2, end, bottom + 2)
        if crop[2] - crop[0] < 4:
            continue
        text = reread(crop)
        if text:
            entries.append(_entry(colours, text, (colour, place), crop))
    return entries


def mask_of(entries: list[LegendEntry], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W), true where the legend's entries stand."""
    mask = np.zeros(shape, bool)
    for entry in entries:
        left, top, right, bottom = (round(v) for v in entry.box)
        mask[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = True
    return mask

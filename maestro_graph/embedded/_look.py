"""Figures that describe a picture at a glance: palette, borders, lines, rows of letters, blobs. No OCR.

All on a copy of at most `SIDE` pixels, so that an 8K scene costs what a thumbnail costs. Each figure is a share
(0 to 1) or a damped count, so that a linear score over them can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["FIGURES", "SIDE", "look", "small_copy"]

SIDE = 640

Pixels = NDArray[np.uint8]
Mask = NDArray[np.uint8]

FIGURES = (
    "background share", "background brightness", "background saturation", "border of background",
    "common colours", "colours", "flat", "soft", "edges", "saturated", "flat saturated", "hues", "noise",
    "ink", "thin ink", "level lines", "upright lines", "axes corner", "frame", "oblique lines",
    "letters", "rows", "rows height", "rows cover", "rows aligned", "rows in margin", "rows spread",
    "large letters", "rest plain", "objects", "object sizes alike", "round objects", "object solidity", "object area",
    "largest object", "disc", "bars", "bars on a line",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Planes:
    """What several measures share: RGB, grey, distance from the background, local range of grey."""

    rgb: Pixels
    grey: Mask
    codes: NDArray[np.uint16]
    counts: NDArray[np.int64]
    background: Pixels
    distance: Mask
    local: Mask

    @property
    def height(self) -> int:
        return int(self.grey.shape[0])

    @property
    def width(self) -> int:
        return int(self.grey.shape[1])


def small_copy(picture: Image.Image) -> Pixels:
    """An RGB array with sides of 16 to `SIDE` pixels; very large pictures are sampled before they are averaged."""
    longest = max(picture.size)
    if longest > 4 * SIDE:
        scale = 4 * SIDE / longest
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.NEAREST)
    pixels = np.asarray(picture)
    scale = min(1.0, SIDE / max(picture.size))
    width, height = max(16, round(picture.width * scale)), max(16, round(picture.height * scale))
    if (width, height) == picture.size:
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def look(pixels: Pixels) -> dict[str, float]:
    """All `FIGURES` of an RGB array (H, W, 3), as `small_copy` gives it."""
    planes = _planes(pixels)
    found = _palette(planes) | _lines(planes) | _letters(planes) | _objects(planes) | _bars(planes)
    return {name: found[name] for name in FIGURES}


def _planes(rgb: Pixels) -> _Planes:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    coarse = (rgb >> 3).astype(np.uint16)
    codes = np.asarray((coarse[:, :, 0] << 10) | (coarse[:, :, 1] << 5) | coarse[:, :, 2], np.uint16)
    counts = np.bincount(codes.ravel(), minlength=1 << 15)
    background = np.asarray(np.median(rgb[codes == counts.argmax()][:20_000], axis=0), np.uint8)
    apart = np.maximum(rgb, background) - np.minimum(rgb, background)
    distance = np.maximum(np.maximum(apart[:, :, 0], apart[:, :, 1]), apart[:, :, 2])
    kernel = np.ones((3, 3), np.uint8)
    local = cv2.subtract(cv2.dilate(grey, kernel), cv2.erode(grey, kernel))
    return _Planes(rgb, np.asarray(grey, np.uint8), codes, counts, background, distance, np.asarray(local, np.uint8))


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if mask.size else 0.0


def _damped(count: float, full: float) -> float:
    """0 for none, 1 at `full` and above, logarithmic between."""
    return min(1.0, float(np.log1p(max(count, 0.0)) / np.log1p(full)))


def _palette(p: _Planes) -> dict[str, float]:
    hsv = cv2.cvtColor(p.rgb, cv2.COLOR_RGB2HSV)
    ordered = np.sort(p.counts[p.counts > 0])[::-1]
    total = int(ordered.sum())
    flat = p.local <= 3
    saturated = (hsv[:, :, 1] > 80) & (hsv[:, :, 2] > 50)
    hues = np.bincount(hsv[:, :, 0][flat & saturated] // 15, minlength=12)
    edge = max(1, round(0.02 * min(p.grey.shape)))
    border = np.ones(p.grey.shape, bool)
    border[edge:-edge, edge:-edge] = False
    quiet = p.local[p.local < 40]
    background_hsv = cv2.cvtColor(p.background.reshape(1, 1, 3), cv2.COLOR_RGB2HSV)[0, 0]
    return {
        "background share": _share(p.distance <= 12),
        "background brightness": float(background_hsv[2]) / 255,
        "background saturation": float(background_hsv[1]) / 255,
        "border of background": _share(p.distance[border] <= 12),
        "common colours": float(ordered[:8].sum()) / total,
        "colours": _damped(float(np.searchsorted(np.cumsum(ordered), 0.9 * total)), 1000),
        "flat": _share(flat),
        "soft": _share((p.local > 3) & (p.local < 24)),
        "edges": _share(p.local > 60),
        "saturated": _share(saturated),
        "flat saturated": _share(saturated & flat),
        "hues": _damped(float((hues > 0.003 * total).sum()), 8),
        "noise": _damped(float(np.median(quiet)) if quiet.size else 0.0, 20),
    }


def _runs(line: NDArray[np.bool_]) -> int:
    """How many separate stretches of True."""
    return int(np.count_nonzero(np.diff(line.astype(np.int8), prepend=0) == 1))


def _straight(mask: Mask, length: int, thick: int, *, upright: bool) -> Mask:
    """Thin straight strokes of at least `length` pixels along one axis."""
    along, across = ((1, length), (thick, 1)) if upright else ((length, 1), (1, thick))
    long = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(along[::-1], np.uint8))
    wide = cv2.morphologyEx(long, cv2.MORPH_OPEN, np.ones(across[::-1], np.uint8))
    return np.asarray(cv2.subtract(long, wide), np.uint8)


def _lines(p: _Planes) -> dict[str, float]:
    faint = (p.distance > 14).astype(np.uint8)
    ink = (p.distance > 40).astype(np.uint8)
    thick = max(4, round(0.012 * max(p.grey.shape)))
    level = _straight(faint, max(8, round(0.3 * p.width)), thick, upright=False)
    upright = _straight(faint, max(8, round(0.3 * p.height)), thick, upright=True)
    level_rows, upright_columns = level.max(axis=1) > 0, upright.max(axis=0) > 0
    low = bool(level_rows[p.height // 2 :].any())
    left = bool(upright_columns[: round(0.4 * p.width)].any())
    wide = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((thick, thick), np.uint8))
    ink_share = _share(ink > 0)
    thin = _share((ink > 0) & (wide == 0)) / ink_share if ink_share else 0.0
    return {
        "ink": ink_share,
        "thin ink": thin,
        "level lines": _damped(_runs(level_rows), 12),
        "upright lines": _damped(_runs(upright_columns), 12),
        "axes corner": float(low and left),
        "frame": float(_runs(level_rows) >= 2 and _runs(upright_columns) >= 2),
        "oblique lines": _oblique(p, ink),
    }


def _oblique(p: _Planes, ink: Mask) -> float:
    """Summed length of long slanted strokes over the picture's diagonal, damped."""
    half = cv2.resize(ink * 255, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    edges = cv2.morphologyEx((half > 60).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))
    if _share(edges > 0) > 0.12:  # texture: no drawing, and the transform would be slow
        return 0.0
    diagonal = float(np.hypot(*edges.shape))
    found = cv2.HoughLinesP(edges * 255, 1, np.pi / 180, 35, minLineLength=0.12 * diagonal, maxLineGap=3)
    if found is None:
        return 0.0
    ends = found.reshape(-1, 4)[:200].astype(float)
    dx, dy = np.abs(ends[:, 2] - ends[:, 0]), np.abs(ends[:, 3] - ends[:, 1])
    slanted = (np.minimum(dx, dy) / np.maximum(np.maximum(dx, dy), 1)) > 0.12
    return _damped(float(np.hypot(dx, dy)[slanted].sum() / diagonal), 8)


def _boxes(mask: Mask) -> NDArray[np.int32]:
    """Bounds of the connected parts: rows of (left, top, width, height, area)."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return np.asarray(stats[1:], np.int32)


def _letter_boxes(p: _Planes) -> NDArray[np.int32]:
    """Letter- or word-like parts, dark on light or light on dark, whichever gives more."""
    mean = cv2.blur(p.grey, (31, 31))
    best = np.zeros((0, 5), np.int32)
    for sign in (1, -1):
        over = cv2.subtract(mean, p.grey) if sign > 0 else cv2.subtract(p.grey, mean)
        mask = (over > 20).astype(np.uint8)
        boxes = _boxes(mask)
        width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
        fill = area / (width * height)
        tall = (height >= 4) & (height <= max(12, 0.09 * p.height))
        fits = tall & (width <= 9 * height) & (width >= 0.15 * height) & (fill > 0.2) & (fill < 0.97)
        if fits.sum() > len(best):
            best = boxes[fits]
    return best


def _letters(p: _Planes) -> dict[str, float]:
    boxes = _letter_boxes(p)
    rows = _text_rows(p, boxes)
    count = len(rows)
    found = {
        "letters": _damped(len(boxes), 1000),
        "rows": _damped(count, 60),
        "rows height": 0.0, "rows cover": 0.0, "rows aligned": 0.0, "rows in margin": 0.0, "rows spread": 0.0,
        "large letters": _large_letters(p), "rest plain": _plain_beside(p, boxes),
    }  # fmt: skip
    if not count:
        return found
    left, top, width, height = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]
    x, y = (left + width / 2) / p.width, (top + height / 2) / p.height
    covered = np.zeros(p.height, bool)
    for start, size in zip(top, height, strict=True):
        covered[start : start + size] = True
    tolerance = max(3.0, 0.015 * p.width)
    alike = (np.abs(left[:, None] - left[None, :]) < tolerance).sum(axis=1).max()
    return found | {
        "rows height": float(np.median(height)) / p.height * 10,
        "rows cover": _share(covered) * float(np.minimum(1.0, width.sum() / p.width / max(1, covered.sum()) * 12)),
        "rows aligned": float(alike) / count if count > 2 else 0.0,
        "rows in margin": _share((x < 0.15) | (x > 0.85) | (y < 0.15) | (y > 0.82)),
        "rows spread": float(np.std(y)) * 2,
    }


def _plain_beside(p: _Planes, boxes: NDArray[np.int32]) -> float:
    """How much of what is not letters is smooth: paper is, grass that looks like letters is not."""
    blurred = cv2.blur(p.grey, (5, 5))
    kernel = np.ones((3, 3), np.uint8)
    smooth = cv2.subtract(cv2.dilate(blurred, kernel), cv2.erode(blurred, kernel)) < 10
    rest = np.ones(p.grey.shape, bool)
    for left, top, width, height, _ in boxes:
        rest[max(0, top - 4) : top + height + 4, max(0, left - 4) : left + width + 4] = False
    return _share(np.asarray(smooth)[rest])


def _text_rows(p: _Planes, boxes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Letters joined along the level: bounds of what is wide enough to be a word or a line."""
    if not len(boxes):
        return boxes
    size = float(np.median(boxes[:, 3]))
    mask = np.zeros(p.grey.shape, np.uint8)
    for left, top, width, height, _ in boxes:
        mask[top : top + height, left : left + width] = 1
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, round(1.6 * size))), np.uint8))
    rows = _boxes(np.asarray(joined, np.uint8))
    return rows[(rows[:, 2] >= 1.8 * rows[:, 3]) & (rows[:, 3] < 3 * size)]


def _large_letters(p: _Planes) -> float:
    """Tall parts of like height side by side, as on a sign: how many, damped."""
    _, otsu = cv2.threshold(p.grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    best = 0
    for mask in (otsu, 1 - otsu):
        boxes = _boxes(np.asarray(mask, np.uint8))
        width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
        fill = area / (width * height)
        fits = (height >= 0.05 * p.height) & (height < 0.7 * p.height) & (width < 1.4 * height)
        fits &= (width > 0.1 * height) & (fill > 0.2) & (fill < 0.8)
        letters = boxes[fits][:100]
        if not len(letters):
            continue
        bottom, tall = letters[:, 1] + letters[:, 3], letters[:, 3]
        level = np.abs(bottom[:, None] - bottom[None, :]) < 0.2 * tall[:, None]
        alike = np.abs(tall[:, None] - tall[None, :]) < 0.45 * tall[:, None]
        best = max(best, int((level & alike).sum(axis=1).max()))
    return _damped(best - 1, 12)


def _objects(p: _Planes) -> dict[str, float]:
    """Parts that stand out from the background, from 0.05 % to 30 % of the picture."""
    mask = (p.distance > 40).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    total = float(mask.size)
    sized = [(cv2.contourArea(c), c) for c in contours]
    kept = sorted((item for item in sized if item[0] > 0.0005 * total), key=lambda item: -item[0])[:150]
    middling = [item for item in kept if item[0] < 0.3 * total]
    found = {
        "objects": _damped(len(middling), 60),
        "object sizes alike": 0.0, "round objects": 0.0, "object solidity": 0.0, "object area": 0.0,
        "largest object": kept[0][0] / total if kept else 0.0,
        "disc": max((_disc(p, area, contour) for area, contour in kept[:3] if area > 0.04 * total), default=0.0),
    }  # fmt: skip
    if not middling:
        return found
    areas = np.array([area for area, _ in middling])
    hulls = np.array([cv2.contourArea(cv2.convexHull(contour)) for _, contour in middling])
    lengths = np.array([cv2.arcLength(contour, closed=True) for _, contour in middling])
    return found | {
        "object sizes alike": 1 / (1 + float(areas.std() / areas.mean())) if len(areas) > 2 else 0.0,
        "round objects": _share(4 * np.pi * areas / np.maximum(lengths, 1) ** 2 > 0.8),
        "object solidity": float((areas / np.maximum(hulls, 1)).mean()),
        "object area": float(areas.sum()) / total,
    }


def _disc(p: _Planes, area: float, contour: NDArray[Any]) -> float:
    """How well a part fills a circle, times how many flat colours lie in it: a pie has both."""
    (x, y), radius = cv2.minEnclosingCircle(contour)
    fill = area / max(1.0, np.pi * radius**2)
    if fill < 0.8:
        return 0.0
    inside = np.zeros(p.grey.shape, np.uint8)
    cv2.circle(inside, (round(x), round(y)), max(1, round(0.9 * radius)), 1, -1)
    shares = np.bincount(p.codes[(inside > 0) & (p.local <= 3)], minlength=2) / max(1, int(inside.sum()))
    return float(fill) * _damped(int((shares > 0.02).sum()) - 1, 5)


def _bars(p: _Planes) -> dict[str, float]:
    """Flat rectangles of one colour, and how many of them stand on one line (or start at one)."""
    found: list[NDArray[np.int32]] = []
    small, large = 0.0008 * p.grey.size, 0.35 * p.grey.size
    counts = np.bincount(p.codes[p.local <= 3], minlength=1 << 15)  # noise spreads a colour over many codes
    for code in [c for c in np.argsort(counts)[::-1][:9] if counts[c] > 3 * small][1:]:
        boxes = _boxes((p.codes == code).astype(np.uint8))
        width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
        solid = (area > small) & (area < large) & (area > 0.88 * width * height)
        found.append(boxes[solid & (np.minimum(width, height) > 3)])
    bars = np.concatenate(found) if found else np.zeros((0, 5), np.int32)
    if not len(bars):
        return {"bars": 0.0, "bars on a line": 0.0}
    tolerance = max(2.0, 0.008 * max(p.grey.shape))
    together = max(
        int((np.abs(edge[:, None] - edge[None, :]) <= tolerance).sum(axis=1).max())
        for edge in (bars[:, 0], bars[:, 1] + bars[:, 3])
    )
    return {"bars": _damped(len(bars), 20), "bars on a line": _damped(together - 1, 10)}

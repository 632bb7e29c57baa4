"""The drawn figure behind the labels: its polygon or circle, its lines and where they meet.

Only `cv2` and plane geometry: text is blanked out first, so that letters are no strokes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Ink", "Line", "Outline", "ink_of", "lines_of", "meeting_points", "outline_of", "without_figure"]

Box = tuple[float, float, float, float]
Point = tuple[float, float]

SMALL = 700  # longest side in pixels at which strokes are followed


@dataclass(frozen=True, slots=True)
class Outline:
    """The hull of the largest figure.

    Attributes:
        corners: its corners in order, pixels of the original picture; empty for a circle.
        circle: centre x, y and radius where the figure is round.
    """

    corners: tuple[Point, ...]
    circle: tuple[float, float, float] | None = None

    def angles(self) -> list[float]:
        """Interior angle at each corner, degrees."""
        count = len(self.corners)
        return [_angle(self.corners[i - 1], self.corners[i], self.corners[(i + 1) % count]) for i in range(count)]

    def sides(self) -> list[tuple[Point, Point]]:
        return [(self.corners[i], self.corners[(i + 1) % len(self.corners)]) for i in range(len(self.corners))]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight stroke, ends in pixels of the original picture."""

    start: Point
    end: Point

    @property
    def length(self) -> float:
        return math.dist(self.start, self.end)

    @property
    def direction(self) -> float:
        """Degrees in [0, 180)."""
        return math.degrees(math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0])) % 180


def _angle(before: Point, at: Point, after: Point) -> float:
    first = math.atan2(before[1] - at[1], before[0] - at[0])
    second = math.atan2(after[1] - at[1], after[0] - at[0])
    degrees = abs(math.degrees(first - second)) % 360
    return min(degrees, 360 - degrees)


@dataclass(frozen=True, slots=True)
class Ink:
    """What is drawn beside the text, at a reduced scale.

    Attributes:
        drawn: everything that differs from the ground, fillings included.
        strokes: thin things only: lines on the ground and on fillings.
        scale: size of the masks over that of the picture.
    """

    drawn: NDArray[np.uint8]
    strokes: NDArray[np.uint8]
    scale: float


def ink_of(pixels: NDArray[np.uint8], texts: list[Box]) -> Ink:
    """The masks of a drawing; parts that lie within a text box are letters and left out."""
    scale = min(1.0, SMALL / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    drawn = _differing(small, np.median(border, axis=0))
    strokes = _differing(small, cv2.medianBlur(np.ascontiguousarray(small), 21))
    boxes = [tuple(value * scale for value in box) for box in texts]
    return Ink(_without_letters(drawn, boxes), _without_letters(strokes, boxes), scale)


def _differing(pixels: Any, ground: Any) -> NDArray[np.uint8]:
    distance = np.abs(pixels.astype(np.int16) - ground).max(axis=2)
    spread = float(np.percentile(distance, 99.8))
    mask: NDArray[np.uint8] = (distance > max(24.0, spread * 0.3)).astype(np.uint8) * 255
    return mask


def _without_letters(mask: NDArray[np.uint8], boxes: list[tuple[float, ...]]) -> NDArray[np.uint8]:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = np.ones(count, bool)
    for index in range(1, count):
        x, y, width, height = (int(stats[index, column]) for column in range(4))
        for left, top, right, bottom in boxes:
            pad = 0.35 * (bottom - top)
            if left - pad <= x and x + width <= right + pad and top - pad <= y and y + height <= bottom + pad:
                kept[index] = False
                break
    kept[0] = False
    result: NDArray[np.uint8] = kept[parts].astype(np.uint8) * 255
    return result


def without_figure(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its long strokes painted over, so that only the labels are left to read."""
    ground = cv2.medianBlur(np.ascontiguousarray(pixels), 31)
    strokes = _differing(pixels, ground)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    large = longest > 0.14 * max(pixels.shape[:2])
    large[0] = False
    erased = cv2.dilate(large[parts].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    cleaned: NDArray[np.uint8] = np.where(erased[:, :, None], ground, pixels).astype(np.uint8)
    return cleaned


def outline_of(mask: NDArray[np.uint8], scale: float) -> Outline | None:
    """Hull of the largest connected figure as a polygon or a circle; `None` where nothing large is drawn."""
    joined = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    if count < 2:
        return None
    spans = stats[1:, cv2.CC_STAT_WIDTH] * stats[1:, cv2.CC_STAT_HEIGHT]
    largest = 1 + int(np.argmax(spans))
    if spans[largest - 1] < 0.02 * mask.size:
        return None
    points = cv2.findNonZero(((labels == largest) & (mask > 0)).astype(np.uint8))
    if points is None or len(points) < 20:
        return None
    hull = cv2.convexHull(points)
    area, around = cv2.contourArea(hull), cv2.arcLength(hull, True)
    if around == 0 or area < 0.01 * mask.size:
        return None
    centre, radius = cv2.minEnclosingCircle(hull)
    if area > 0.93 * math.pi * radius**2:
        return Outline((), (centre[0] / scale, centre[1] / scale, radius / scale))
    corners = cv2.approxPolyDP(hull, 0.02 * around, True).reshape(-1, 2)
    return Outline(tuple((float(x) / scale, float(y) / scale) for x, y in corners))


def lines_of(mask: NDArray[np.uint8], scale: float) -> list[Line]:
    """The straight strokes, collinear pieces joined, longest first."""
    shortest = 0.12 * max(mask.shape)
    found = cv2.HoughLinesP(mask, 1, np.pi / 360, 30, minLineLength=shortest, maxLineGap=0.04 * max(mask.shape))
    if found is None:
        return []
    pieces = [
        Line((float(x0), float(y0)), (float(x1), float(y1)))
        for x0, y0, x1, y1 in np.asarray(found).reshape(-1, 4)[:200]
    ]
    pieces.sort(key=lambda line: -line.length)
    merged: list[Line] = []
    for piece in pieces:
        for index, line in enumerate(merged):
            if _collinear(line, piece, 0.02 * max(mask.shape)):
                merged[index] = _joined(line, piece)
                break
        else:
            merged.append(piece)
    scaled = [Line((a.start[0] / scale, a.start[1] / scale), (a.end[0] / scale, a.end[1] / scale)) for a in merged]
    return sorted(scaled, key=lambda line: -line.length)


def _away(point: Point, line: Line) -> float:
    (x0, y0), (x1, y1) = line.start, line.end
    return abs((x1 - x0) * (y0 - point[1]) - (x0 - point[0]) * (y1 - y0)) / max(line.length, 1e-9)


def _collinear(line: Line, piece: Line, tolerance: float) -> bool:
    turn = abs(line.direction - piece.direction)
    if min(turn, 180 - turn) > 6:
        return False
    return max(_away(piece.start, line), _away(piece.end, line)) < tolerance


def _joined(line: Line, piece: Line) -> Line:
    ends = [line.start, line.end, piece.start, piece.end]
    pairs = [(a, b) for i, a in enumerate(ends) for b in ends[i + 1 :]]
    return Line(*max(pairs, key=lambda pair: math.dist(*pair)))


def meeting_points(lines: list[Line], slack: float) -> list[tuple[Point, list[float]]]:
    """Points where lines meet, each with the directions (degrees, 0 to 360) of the rays that leave it."""
    points: list[Point] = []
    for index, first in enumerate(lines):
        for second in lines[index + 1 :]:
            point = _crossing(first, second, slack)
            if point is not None and all(math.dist(point, other) > 2 * slack for other in points):
                points.append(point)
    return [(point, _rays(point, lines, slack)) for point in points]


def _crossing(first: Line, second: Line, slack: float) -> Point | None:
    (x1, y1), (x2, y2) = first.start, first.end
    (x3, y3), (x4, y4) = second.start, second.end
    below = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
    turn = abs(first.direction - second.direction)
    if abs(below) < 1e-9 or min(turn, 180 - turn) < 8:
        return None
    a, b = x1 * y2 - y1 * x2, x3 * y4 - y3 * x4
    point = ((a * (x3 - x4) - (x1 - x2) * b) / below, (a * (y3 - y4) - (y1 - y2) * b) / below)
    on_both = all(
        math.dist(point, line.start) + math.dist(point, line.end) < line.length + 2 * slack for line in (first, second)
    )
    return point if on_both else None


def _rays(point: Point, lines: list[Line], slack: float) -> list[float]:
    rays: list[float] = []
    for line in lines:
        if _away(point, line) > slack:
            continue
        if math.dist(point, line.start) + math.dist(point, line.end) > line.length + 2 * slack:
            continue
        for end in (line.start, line.end):
            if math.dist(point, end) > 4 * slack:
                ray = math.degrees(math.atan2(end[1] - point[1], end[0] - point[0])) % 360
                if all(min(abs(ray - other), 360 - abs(ray - other)) > 6 for other in rays):
                    rays.append(ray)
    return sorted(rays)

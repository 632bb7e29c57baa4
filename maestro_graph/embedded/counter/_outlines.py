"""Outlines that overlap: which closed shapes make up one connected stroke."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._rings import Outline, rings_of, stroke_width
from maestro_graph.embedded.counter._shapes import classify, fit_circle
from maestro_graph.embedded.counter._strokes import count_lines

__all__ = ["Outline", "decompose_strokes"]

Mask = NDArray[Any]
Contour = NDArray[Any]
MAX_FACES = 16
ALL_UNIONS = 8  # with more faces than this, unions of at most three are tried
GOOD = 0.06  # form distance up to which a union of faces is a shape


def decompose_strokes(part: Mask, outer: Contour, holes: list[Contour]) -> list[Outline]:
    """The shapes whose outlines make up one connected stroke."""
    form = classify(outer)
    if not holes:
        thick = stroke_width(part) > 0.09 * max(part.shape)
        if form.name in ("cross", "star") and form.distance < 0.08 and thick:
            return [Outline(outer, form.name, form.distance)]
        if _is_arc(part):
            return [Outline(outer, "circle", 0.04)]
        return [Outline(outer, "line", 0.05)] * count_lines(part)
    if len(holes) == 1:
        return [_closed(part, outer, holes[0])]
    circles = rings_of(part, [outer, *holes]) if len(holes) > ALL_UNIONS else []
    if circles and _explained(part, circles) > 0.85:
        return circles
    shapes = _by_faces(part, holes) if len(holes) <= MAX_FACES else []
    if not shapes:
        shapes = circles or rings_of(part, [outer, *holes])
        missed = 1.0 - _explained(part, shapes) if shapes else 1.0
        if missed > 0.15:  # shapes that leave much of the stroke unexplained are not sure to be all, or right
            shapes = [replace(shape, distance=shape.distance + 0.5 * missed) for shape in shapes]
    return shapes or [Outline(outer, form.name, form.distance)]


def _explained(part: Mask, shapes: list[Outline]) -> float:
    """Share of a stroke that is the outline of some shape."""
    rims = np.zeros(part.shape, np.uint8)
    cv2.drawContours(rims, [s.contour for s in shapes], -1, 1, max(1, round(1.5 * stroke_width(part) + 1)))
    return float((rims > 0)[part].mean())


def _is_arc(part: Mask) -> bool:
    """Whether an open stroke is the greater part of a circle (cut by the picture's border, say)."""
    ys, xs = np.nonzero(part)
    circle = fit_circle(np.stack([xs, ys], axis=1).astype(np.float64))
    if circle is None or circle[2] > max(part.shape):
        return False
    width = stroke_width(part)
    gaps = np.abs(np.hypot(xs - circle[0], ys - circle[1]) - circle[2])
    angles = np.arctan2(ys - circle[1], xs - circle[0])
    covered = len(np.unique(np.floor(angles * 36 / (2 * np.pi))))
    return bool(circle[2] > 2 * width and np.percentile(gaps, 90) < 0.6 * width + 1 and covered >= 12)


def _closed(part: Mask, outer: Contour, hole: Contour) -> Outline:
    """A closed outline; lines that stick out of it are left aside for its form."""
    form, inner = classify(outer), classify(hole)
    if inner.distance < form.distance and cv2.contourArea(hole) > 0.3 * cv2.contourArea(outer):
        return Outline(outer, inner.name, inner.distance)
    return Outline(outer, form.name, form.distance)


def _by_faces(part: Mask, holes: list[Contour]) -> list[Outline]:
    """Unions of faces that are simple shapes, as few as explain the whole stroke."""
    width = stroke_width(part)
    faces = []
    for hole in holes:
        face = np.zeros(part.shape, np.uint8)
        cv2.drawContours(face, [hole], -1, 1, cv2.FILLED)
        faces.append(face)
    reach = 2 * int(np.ceil(width / 2 + 1)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    candidates: list[tuple[Outline, Mask]] = []
    largest = len(faces) if len(faces) <= ALL_UNIONS else 3
    for size in range(1, largest + 1):
        for chosen in combinations(range(len(faces)), size):
            found = _union([faces[i] for i in chosen], kernel, part, width)
            if found is not None:
                candidates.append(found)
    return _cover(part, candidates)


def _union(faces: list[NDArray[Any]], kernel: NDArray[Any], part: Mask, width: float) -> tuple[Outline, Mask] | None:
    """The shape that some faces make together, and the stroke pixels that are its outline."""
    together = np.bitwise_or.reduce(faces)
    if len(faces) > 1:
        padded = np.pad(together, kernel.shape[0])
        closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
        inset = kernel.shape[0]
        together = closed[inset:-inset, inset:-inset]
    contours, _ = cv2.findContours(together, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if len(contours) != 1 or len(contours[0]) < 12:
        return None
    contour = np.asarray(contours[0], dtype=np.int32)
    hull = cv2.contourArea(cv2.convexHull(contour))
    if cv2.contourArea(contour) < 0.93 * hull:
        return None
    form = classify(contour)
    if form.distance > GOOD:
        return None
    rim = np.zeros(part.shape, np.uint8)
    cv2.drawContours(rim, [contour], -1, 1, max(1, round(2 * width + 1)))
    return Outline(contour, form.name, form.distance), np.asarray((rim > 0) & part)


def _cover(part: Mask, candidates: list[tuple[Outline, Mask]]) -> list[Outline]:
    """Greedily choose shapes until the stroke is explained; one that adds little of its own is no shape."""
    left = part.copy()
    chosen: list[Outline] = []
    total = float(part.sum())
    while candidates and float(left.sum()) > 0.06 * total:
        gains = [
            float((rim & left).sum()) * (1.0 - 3.0 * outline.distance) * (0.75 if outline.form == "ellipse" else 1.0)
            for outline, rim in candidates
        ]
        best = int(np.argmax(gains))
        outline, rim = candidates.pop(best)
        if gains[best] < 0.3 * float(rim.sum()) or gains[best] < 0.04 * total:
            break
        chosen.append(outline)
        left &= ~rim
    return chosen if float(left.sum()) < 0.25 * total else []

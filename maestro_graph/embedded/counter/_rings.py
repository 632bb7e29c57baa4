"""Circles and regular polygons among overlapping outlines, told apart by where the middle of the stroke runs.

A thick pentagon covers a circle well enough that coverage alone cannot tell them. The middle of its stroke does: it
runs straight between corners, and a circle laid over it leaves the middle eight or ten times a turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._shapes import fit_circle

__all__ = ["Outline", "rings_of", "stroke_width"]

Mask = NDArray[Any]
Contour = NDArray[Any]
SAMPLES = 120  # points on an outline; a multiple of the corners of every polygon but the heptagon, which is left out
TURNS = 8  # rotations of a polygon that are tried first, within one of its symmetry angles
SIDES = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "octagon": 8}
MARGIN = 0.05  # a polygon has a rotation to choose; it must follow the stroke by this much better than a circle
SLACK = 0.12  # of the radius: how far from a thin stroke the circle may run that a polygon is found by
FORMS_TRIED = 3  # polygons that are fitted to each circle: the most promising
SEEDS = 60
LEAST_OWN = 0.35  # share of an outline that no other shape explains: rings in a row share half at most


@dataclass(frozen=True, slots=True)
class Outline:
    """One shape of a stroke: its outline (K, 1, 2), its form, and how far it is from that form."""

    contour: Contour
    form: str
    distance: float


@dataclass(frozen=True, slots=True)
class _Ring:
    """A circle or regular polygon by centre, radius of its corners and rotation, and how well the stroke follows it."""

    x: float
    y: float
    r: float
    turn: float
    form: str
    fit: float = 0.0

    def points(self) -> NDArray[Any]:
        c, s = np.cos(self.turn) * self.r, np.sin(self.turn) * self.r
        return np.asarray(_unit(self.form) @ np.array([[c, s], [-s, c]]) + (self.x, self.y))


def stroke_width(part: Mask) -> float:
    """Width in pixels of the strokes of a mask."""
    depth = cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5)
    return max(1.0, 2.0 * float(np.percentile(depth[part], 90)))


def rings_of(part: Mask, contours: list[Contour]) -> list[Outline]:
    """Circles and regular polygons whose whole outline is stroke, from short arcs of the outlines."""
    width = stroke_width(part)
    near = cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    depth = cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5)
    middle = np.minimum(depth / (width / 2), 1.0)
    away = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, 5)
    seeds = _seeds(part, away, contours, width)
    found = [_best_form(seed, middle, away, width) for seed in seeds]
    kept = _covering(part, [ring for ring in found if _at(near, ring.points()) > 0.85], width)
    return [Outline(np.round(k.points()).astype(np.int32).reshape(-1, 1, 2), k.form, 0.02) for k in kept]


def _covering(part: Mask, rings: list[_Ring], width: float) -> list[_Ring]:
    """As few rings as explain the stroke: each must add a good part of its outline to what the others explain."""
    bands = []
    for ring in rings:
        band = np.zeros(part.shape, np.uint8)
        cv2.polylines(band, [np.round(ring.points()).astype(np.int32)], True, 1, max(1, round(1.3 * width)))
        bands.append((band > 0) & part)
    left, kept = part.copy(), []
    while rings:
        gains = [float((band & left).sum()) * ring.fit for ring, band in zip(rings, bands, strict=True)]
        best = int(np.argmax(gains))
        if gains[best] < LEAST_OWN * float(bands[best].sum()):
            break
        kept.append(rings.pop(best))
        left &= ~bands.pop(best)
    return kept


@cache
def _unit(form: str) -> NDArray[Any]:
    """Points (`SAMPLES`, 2) along the outline of a form of radius 1."""
    if form == "circle":
        angles = np.arange(SAMPLES) * 2 * np.pi / SAMPLES
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sides = SIDES[form]
    angles = np.arange(sides) * 2 * np.pi / sides
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    share = (np.arange(SAMPLES // sides) / (SAMPLES // sides))[None, :, None]
    return np.asarray(corners[:, None] * (1 - share) + np.roll(corners, -1, axis=0)[:, None] * share).reshape(-1, 2)


def _at(values: NDArray[Any], points: NDArray[Any]) -> float:
    """Mean of a plane at points (N, 2); 0 outside of it."""
    columns, rows = np.round(points).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < values.shape[1]) & (rows < values.shape[0])
    return float(values[rows[inside], columns[inside]].sum()) / len(points)


def _close(away: NDArray[Any], ring: _Ring, slack: float) -> float:
    """How close an outline keeps to the stroke, 0 to 1: a polygon's circle leaves a thin stroke, but not far."""
    columns, rows = np.round(ring.points()).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < away.shape[1]) & (rows < away.shape[0])
    gaps = away[rows[inside], columns[inside]] / (slack * ring.r)
    return float(np.maximum(0.0, 1.0 - gaps).sum()) / len(columns)


def _apart(a: _Ring, b: _Ring) -> float:
    return float(np.hypot(a.x - b.x, a.y - b.y)) + abs(a.r - b.r) * (1.0 if a.form == b.form else 0.5)


def _seeds(part: Mask, away: NDArray[Any], contours: list[Contour], width: float) -> list[_Ring]:
    """Circles that could be one, or run along a polygon, best covered first; none near a better one."""
    found = []
    for contour in contours:
        points = contour[:, 0, :].astype(np.float64)
        for span in (0.12, 0.25, 0.5):
            length = max(12, int(span * min(len(points), 4 * max(part.shape))))
            for start in range(0, max(1, len(points) - length), max(4, length // 3)):
                circle = fit_circle(points[start : start + length])
                if circle is None or not 2 * width < circle[2] < 0.6 * max(part.shape):
                    continue
                for grow in (-width / 2, width / 2):
                    ring = _Ring(circle[0], circle[1], circle[2] + grow, 0.0, "circle")
                    found.append((_close(away, ring, SLACK), ring))
    seeds: list[_Ring] = []
    for share, ring in sorted(found, key=lambda pair: -pair[0]):
        if share < 0.45 or len(seeds) >= SEEDS:
            break
        if all(_apart(ring, other) > 1.0 * width + 2 for other in seeds):
            seeds.append(ring)
    return seeds


def _best_form(seed: _Ring, middle: NDArray[Any], away: NDArray[Any], width: float) -> _Ring:
    """The form that the middle of the stroke follows best, starting from a circle."""
    circle = _settled(seed, middle, width)
    if circle.fit > 0.9:
        return circle
    starts = [_start(seed, form, away) for form in SIDES]
    best = circle
    for _, start in sorted(starts, key=lambda pair: -pair[0])[:FORMS_TRIED]:
        polygon = _settled(_drawn_in(start, away), middle, width)
        if polygon.fit > max(best.fit, circle.fit + MARGIN):
            best = polygon
    return best


def _start(seed: _Ring, form: str, away: NDArray[Any]) -> tuple[float, _Ring]:
    """How close a polygon of about a circle's size lies to the stroke at best, and that polygon."""
    turns = np.arange(TURNS) * 2 * np.pi / SIDES[form] / TURNS
    rings = [_Ring(seed.x, seed.y, seed.r * grow, turn, form) for grow in (1.02, 1.1, 1.2) for turn in turns]
    fits = [_close(away, ring, SLACK) for ring in rings]
    return max(fits), rings[int(np.argmax(fits))]


def _drawn_in(ring: _Ring, away: NDArray[Any]) -> _Ring:
    """A ring moved, grown and turned until it lies as close to the stroke as it can."""
    best, fit, step = ring, _close(away, ring, SLACK), 0.06 * ring.r
    while step > max(0.7, 0.01 * ring.r):
        moved = _moves(best, step)
        fits = [_close(away, other, SLACK) for other in moved]
        if max(fits) > fit + 1e-4:
            fit, best = max(fits), moved[int(np.argmax(fits))]
        else:
            step /= 2
    return best


def _settled(ring: _Ring, middle: NDArray[Any], width: float) -> _Ring:
    """Move, grow and turn a ring in smaller and smaller steps to where it follows the stroke best."""
    best = ring
    fit = _at(middle, ring.points())
    step = max(width, 0.08 * ring.r)
    while step > max(0.4, 0.1 * width):
        moved = _moves(best, step)
        fits = [_at(middle, other.points()) for other in moved]
        if max(fits) > fit + 1e-6:
            fit, best = max(fits), moved[int(np.argmax(fits))]
        else:
            step /= 2
    return _Ring(best.x, best.y, best.r, best.turn, best.form, fit)


def _moves(ring: _Ring, step: float) -> list[_Ring]:
    """Its neighbours in all directions, sizes and rotations."""
    turn = step / max(ring.r, 1.0)
    return [
        _Ring(ring.x + dx * step, ring.y + dy * step, ring.r + dr * step, ring.turn + dt * turn, ring.form)
        for dx, dy, dr, dt in _MOVES
        if dt == 0 or ring.form != "circle"
    ]


_MOVES = [(1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0), (0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1),
          (0, 0, 0, -1), (1, 1, 0, 0), (-1, -1, 0, 0), (1, -1, 0, 0), (-1, 1, 0, 0)]  # fmt: skip

"""Pies and rings: sectors of flat colours around a centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._pixels import Colours

__all__ = ["Pie", "Sector", "find_pie"]

_STEPS = 1440


@dataclass(frozen=True, slots=True)
class Sector:
    """One sector: its colour, where it begins and ends (turns, 0 = three o'clock, clockwise), its share (0 to 1)."""

    colour: int
    start: float
    end: float
    share: float

    @property
    def middle(self) -> float:
        return ((self.start + self.end) / 2) % 1.0

    def holds(self, turn: float) -> bool:
        return (turn - self.start) % 1.0 < (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Pie:
    """A disc or a ring of sectors, in pixels; `hole` is the inner radius, 0 for a disc."""

    x: float
    y: float
    radius: float
    hole: float
    sectors: tuple[Sector, ...]

    def turn(self, x: float, y: float) -> float:
        """The direction of a point from the centre, in turns."""
        return (math.atan2(y - self.y, x - self.x) / (2 * math.pi)) % 1.0

    def distance(self, x: float, y: float) -> float:
        """How far a point is from the centre, in radii."""
        return math.hypot(x - self.x, y - self.y) / self.radius


def find_pie(colours: Colours) -> Pie | None:
    """The largest disc or ring that is made of coloured sectors, or `None`."""
    height, width = colours.labels.shape
    ink = (~np.isin(colours.labels, list(colours.background))).astype(np.uint8)
    ink[colours.text] = 0
    solid = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    size = max(5, round(0.02 * min(height, width)) | 1)
    solid = cv2.morphologyEx(
        solid | (colours.text & _surrounded(np.asarray(solid, np.uint8), size)).astype(np.uint8),
        cv2.MORPH_CLOSE,
        np.ones((size, size), np.uint8),
    )
    count, parts, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    order = sorted(range(1, count), key=lambda k: -int(stats[k][cv2.CC_STAT_AREA]))
    for k in order[:6]:
        wide, high = stats[k][cv2.CC_STAT_WIDTH], stats[k][cv2.CC_STAT_HEIGHT]
        if min(wide, high) >= 0.18 * min(height, width) and max(wide, high) <= 1.6 * min(wide, high):
            found = _fit(colours, parts == k)
            if found is not None:
                return found
    large = [k for k in order if stats[k][cv2.CC_STAT_AREA] >= 0.03 * stats[order[0]][cv2.CC_STAT_AREA]]
    return _fit(colours, np.isin(parts, large)) if len(large) > 1 else None


def _surrounded(solid: NDArray[np.uint8], size: int) -> NDArray[np.bool_]:
    """Where ink is near on all sides: text inside a sector counts as sector."""
    return cv2.blur(solid.astype(np.float32), (6 * size, 6 * size)) > 0.45


def _fit(colours: Colours, part: NDArray[np.bool_]) -> Pie | None:
    contours, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rim = np.concatenate([c[:, 0, :] for c in contours if len(c) >= 12] or [np.zeros((0, 2))]).astype(float)
    circle = _circle(rim)
    if circle is None:
        return None
    x, y, radius = circle
    height, width = colours.labels.shape
    if radius < max(15, 0.09 * min(height, width)) or not (0 <= x < width and 0 <= y < height):
        return None
    far = np.hypot(rim[:, 0] - x, rim[:, 1] - y)
    on_rim = np.abs(far - radius) <= max(2.0, 0.035 * radius)
    turns = (np.arctan2(rim[:, 1] - y, rim[:, 0] - x) / (2 * math.pi)) % 1.0
    covered = len(set((turns[on_rim] * 72).astype(int).tolist())) / 72
    return None if covered < 0.55 else _sectors(colours, x, y, radius)


def _circle(points: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """The circle that most points lie on (exploded sectors, holes and legends do not), then least squares."""
    if len(points) < 24:
        return None
    chance = np.random.default_rng(0)
    sample = points[chance.choice(len(points), min(len(points), 1500), replace=False)]
    best: tuple[float, NDArray[np.bool_]] | None = None
    for _ in range(160):
        fit = _least_squares(sample[chance.choice(len(sample), 3, replace=False)])
        if fit is None or fit[2] > np.ptp(points, axis=0).max():
            continue
        near = np.abs(np.hypot(sample[:, 0] - fit[0], sample[:, 1] - fit[1]) - fit[2]) <= max(1.2, 0.008 * fit[2])
        score = float(near.sum()) * (1.0 + 0.2 * fit[2] / max(1.0, np.ptp(points, axis=0).max()))
        if best is None or score > best[0]:
            best = (score, near)
    return None if best is None or best[1].sum() < 12 else _least_squares(sample[best[1]])


def _least_squares(points: NDArray[np.float64]) -> tuple[float, float, float] | None:
    system = np.column_stack([points, np.ones(len(points))])
    solution, _, rank, _ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    x, y = float(solution[0]) / 2, float(solution[1]) / 2
    square = float(solution[2]) + x * x + y * y
    return (x, y, math.sqrt(square)) if rank == 3 and square > 0 else None


def _sectors(colours: Colours, x: float, y: float, radius: float) -> Pie | None:
    height, width = colours.labels.shape
    angles = (np.arange(_STEPS) + 0.5) / _STEPS * 2 * math.pi
    radii = np.linspace(0.06, 0.96, 46) * radius
    px = np.clip(np.round(x + np.outer(np.cos(angles), radii)).astype(int), 0, width - 1)
    py = np.clip(np.round(y + np.outer(np.sin(angles), radii)).astype(int), 0, height - 1)
    seen = colours.labels[py, px].astype(int)
    seen[colours.text[py, px]] = -1
    page = np.isin(seen, list(colours.background))
    empty = page.mean(axis=0) > 0.6
    hole_at = int(np.argmin(empty)) if empty[0] else 0
    hole = float(radii[hole_at]) if hole_at > 3 else 0.0
    ring = seen[:, hole_at:] if hole else seen[:, 6:]
    if ring.shape[1] < 4:
        return None
    marks = colours.marks
    votes = np.stack([(ring == k).sum(axis=1) for k in marks], axis=1) if marks else np.zeros((_STEPS, 0))
    if votes.shape[1] == 0 or float((votes.max(axis=1) >= 0.4 * ring.shape[1]).mean()) < 0.7:
        return None
    owner = np.where(votes.max(axis=1) >= max(2, 0.25 * ring.shape[1]), np.array(marks)[votes.argmax(axis=1)], -1)
    sectors = _arcs(owner)
    if len(sectors) < 2:
        return None
    return Pie(x, y, radius, hole, tuple(sectors))


def _arcs(owner: NDArray[np.int64]) -> list[Sector]:
    """Runs of one owner around the circle; thin runs (edges between sectors) are shared by their neighbours."""
    cuts = np.flatnonzero(owner != np.roll(owner, 1))
    if len(cuts) == 0:
        return []
    runs = []
    for i, a in enumerate(cuts.tolist()):
        b = int(cuts[(i + 1) % len(cuts)])
        length = (b - a) % _STEPS or _STEPS
        runs.append((int(owner[a]), a, length))
    least = max(4, _STEPS // 240)
    kept = [(colour, a, length) for colour, a, length in runs if colour >= 0 and length >= least]
    joined: list[tuple[int, int, int]] = []
    for colour, a, length in kept:
        if joined and joined[-1][0] == colour and a - (joined[-1][1] + joined[-1][2]) <= 2:
            joined[-1] = (colour, joined[-1][1], a + length - joined[-1][1])
        else:
            joined.append((colour, a, length))
    if len(joined) > 1 and joined[0][0] == joined[-1][0] and joined[-1][1] + joined[-1][2] >= joined[0][1] + _STEPS - 2:
        last = joined.pop()
        joined[0] = (last[0], last[1] - _STEPS, joined[0][1] + joined[0][2] - (last[1] - _STEPS))
    if len(joined) < 2:
        return []
    bounds = []
    for (_, a, n), (_, b, _) in zip(joined, [*joined[1:], (0, joined[0][1] + _STEPS, 0)], strict=True):
        bounds.append(((a + n) + b) / 2 / _STEPS)
    starts = [bounds[-1] - 1.0, *bounds[:-1]]
    return [
        Sector(colour, start, end, end - start)
        for (colour, _, _), start, end in zip(joined, starts, bounds, strict=True)
    ]

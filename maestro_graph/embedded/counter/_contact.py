"""Whether two drawn circles touch or overlap: circles are fitted to the free parts of their outlines.

A fitted circle is exact to a fraction of a pixel, also where another disc hides a part of it, so that what decides is
the gap between the circles and not how their pixels meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded.colours import colour_distance
from maestro_graph.embedded.counter._diagram_question import Contact
from maestro_graph.embedded.counter._ground import Ink, find_ink, noise_of
from maestro_graph.embedded.counter._shapes import fit_circle

__all__ = ["Meeting", "contact"]

Mask = NDArray[Any]
Points = NDArray[Any]
TRIES = 400  # random triples of outline points for one circle
LEAST_ARC = 110  # degrees of a circle that must be seen
MOST_ROUNDS = 6
SAME_NAME = 0.06  # colour distance up to which a circle has the colour that is asked for
TOUCH = (0.8, 0.01)  # largest gap of touching circles: pixels, share of the mean diameter
OVERLAP = (1.5, 0.035)  # least depth of an overlap: below it, only the width of the outlines overlaps


@dataclass(frozen=True, slots=True)
class Round:
    """A circle in working pixels: the outer edge of a disc or of a ring's stroke."""

    x: float
    y: float
    r: float
    rgb: tuple[float, float, float]
    width: float = 0.0
    arc: int = 360


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two circles and what is between them.

    Attributes:
        gap: distance of their outlines in working pixels; negative where they overlap.
        touch, overlap: whether they share a point, an area.
        margin: how clear that is, 0 (at the limit) and up.
        boxes: left, top, right, bottom of each.
    """

    gap: float
    touch: bool
    overlap: bool
    margin: float
    boxes: tuple[tuple[int, int, int, int], ...]

    def holds(self, asks: str) -> bool:
        """Whether what is asked is so."""
        known = {
            "touch": self.touch,
            "overlap": self.overlap,
            "tangent": self.touch and not self.overlap,
            "apart": not self.touch,
        }
        return known[asks]


def contact(pixels: NDArray[Any], query: Contact) -> Meeting:
    """How the two circles of a picture, or those of the colours that the question names, lie to each other."""
    ink = find_ink(pixels, noise_of(pixels))
    rounds = _rounds(ink)
    if len(rounds) < 2:
        raise refuse(f"two circles are needed to say whether they meet; {len(rounds)} were found")
    if len(query.colours) == 2:
        return _meeting(*_of_colours(rounds, query.colours))
    if len(rounds) > 2:
        meetings = [_meeting(a, b) for a, b in combinations(rounds, 2)]
        return min(meetings, key=lambda meeting: meeting.gap)
    return _meeting(*rounds)


def _of_colours(rounds: list[Round], colours: tuple[str, ...]) -> list[Round]:
    chosen: list[Round] = []
    for colour in colours:
        fitting = [r for r in rounds if r not in chosen and colour_distance(r.rgb, colour) < SAME_NAME]
        if not fitting:
            raise refuse(f"there is no {colour} circle in the picture")
        chosen.append(min(fitting, key=lambda r: colour_distance(r.rgb, colour)))
    return chosen


def _meeting(a: Round, b: Round) -> Meeting:
    between = float(np.hypot(a.x - b.x, a.y - b.y))
    diameter = a.r + b.r
    gap = between - diameter
    inside = abs(a.r - b.r) - between - max(a.width, b.width)  # how far the small one keeps from the large one's edge
    touch_at = max(TOUCH[0], TOUCH[1] * diameter)
    overlap_at = -max(OVERLAP[0], OVERLAP[1] * diameter)
    hollow = a.width > 0 and b.width > 0
    touch = gap <= touch_at and not (hollow and inside > touch_at)
    margin = min(abs(gap - touch_at), abs(gap - overlap_at)) / max(1.0, 0.02 * diameter)
    boxes = tuple((round(c.x - c.r), round(c.y - c.r), round(c.x + c.r), round(c.y + c.r)) for c in (a, b))
    return Meeting(gap, touch, gap < overlap_at, margin, boxes)


def _rounds(ink: Ink) -> list[Round]:
    """The discs and rings of a picture, largest first."""
    ground = ink.labels < 0
    open_side = cv2.dilate(ground.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    found: list[Round] = []
    least = 3e-4 * ground.size
    for index in range(len(ink.colours)):
        own = (ink.labels == index).astype(np.uint8)
        count, regions, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        for region in range(1, count):
            if stats[region, cv2.CC_STAT_AREA] >= least:
                found += _circles_of(regions == region, open_side, ink)
    return sorted(_distinct(found), key=lambda r: -r.r)


def _circles_of(part: Mask, open_side: Mask, ink: Ink) -> list[Round]:
    """Circles along the outer outline of one area where it borders on the background."""
    depth = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    contours, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate([c[:, 0, :] for c in contours if len(c) >= 12] or [np.zeros((0, 2), np.int32)])
    points = points[open_side[points[:, 1], points[:, 0]]].astype(np.float64)
    rgb = np.median(ink.rgb[part & (ink.gaps >= np.percentile(ink.gaps[part], 55))], axis=0)
    colour = (float(rgb[0]), float(rgb[1]), float(rgb[2]))
    out: list[Round] = []
    rng = np.random.default_rng(0)
    for _ in range(MOST_ROUNDS):
        circle = _best_circle(points, rng)
        if circle is None:
            break
        x, y, r, arc, inliers = circle
        out.append(Round(x, y, r + 0.5, colour, arc=arc))
        points = points[~inliers]
    deepest = float(depth.max())
    return [_as_ring(circle, deepest) for circle in out]


def _as_ring(circle: Round, deepest: float) -> Round:
    hollow = deepest < 0.3 * circle.r
    return replace(circle, width=2.0 * deepest) if hollow else circle


def _best_circle(points: Points, rng: np.random.Generator) -> tuple[float, float, float, int, Mask] | None:
    """The circle that most points lie on, with the degrees it is seen in and which points they are."""
    if len(points) < 24:
        return None
    best: tuple[float, float, float] | None = None
    most = 0
    for triple in rng.integers(0, len(points), (TRIES, 3)):
        circle = fit_circle(points[triple]) if len(set(triple.tolist())) == 3 else None
        if circle is None or not 5 < circle[2] < 4 * float(np.ptp(points, axis=0).max()):
            continue
        number = int(_on(points, circle).sum())
        if number > most:
            best, most = circle, number
    if best is None:
        return None
    for _ in range(3):
        inliers = _on(points, best)
        best = fit_circle(points[inliers]) or best
    inliers = _on(points, best)
    angles = np.degrees(np.arctan2(points[inliers, 1] - best[1], points[inliers, 0] - best[0])) % 360
    arc = 5 * len(np.unique(angles.astype(int) // 5))
    if arc < LEAST_ARC or inliers.sum() < 0.6 * arc / 360 * 2 * np.pi * best[2]:
        return None
    return (*best, arc, inliers)


def _on(points: Points, circle: tuple[float, float, float]) -> Mask:
    away = np.abs(np.hypot(points[:, 0] - circle[0], points[:, 1] - circle[1]) - circle[2])
    return np.asarray(away < max(1.0, 0.012 * circle[2]))


def _distinct(rounds: list[Round]) -> list[Round]:
    """Without circles that were found twice, the better seen one staying."""
    kept: list[Round] = []
    for circle in sorted(rounds, key=lambda r: -r.arc):
        if all(np.hypot(circle.x - k.x, circle.y - k.y) + abs(circle.r - k.r) > 0.15 * k.r for k in kept):
            kept.append(circle)
    return kept

"""The form of an outline: compared as a whole with drawn forms, or by the part of it that can be seen.

A whole shape is compared by its radial profile (distance from the centroid in 72 directions), which does not change
with size and only shifts with rotation. A shape that another one hides in part is judged by how much of its free
outline lies on a fitted circle, rectangle or triangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Form", "classify", "fit_circle"]

ANGLES = 72
Points = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A form class, and how far the outline is from it (0: the same; above 0.12 it is something else)."""

    name: str
    distance: float


def _polygon(n: int, turn: float = 0.0) -> Points:
    angles = np.arange(n) * 2 * np.pi / n + turn
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star(n: int, inner: float) -> Points:
    outer = _polygon(2 * n)
    outer[1::2] *= inner
    return outer


def _cross(arm: float) -> Points:
    a = arm
    return np.array([(a, a), (a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a), (-a, -1), (a, -1), (a, -a),
                     (1, -a), (1, a)])  # fmt: skip


def _heart(notch: float) -> Points:
    t = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - notch * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, -y], axis=1)


def _arc(start: float, end: float) -> Points:
    t = np.linspace(start, end, 60)
    return np.stack([np.cos(t), np.sin(t)], axis=1)


def _arrow(shaft: float, head: float) -> Points:
    return np.array([(-1, -shaft), (1 - head, -shaft), (1 - head, -0.5), (1, 0), (1 - head, 0.5), (1 - head, shaft),
                     (-1, shaft)])  # fmt: skip


def _crescent(shift: float) -> Points:
    outer = _arc(0.5, 2 * np.pi - 0.5)
    inner = _arc(0.5, 2 * np.pi - 0.5)[::-1] * 0.85
    tip = outer[0]
    inner = inner - inner[-1] + tip
    inner[:, 0] += shift * np.sin(np.linspace(0, np.pi, len(inner)))
    return np.concatenate([outer, inner])


@cache
def _templates() -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Names, Fourier transforms and power of the normalised profiles of the drawn forms."""
    forms: list[tuple[str, Points]] = [("circle", _polygon(90))]
    forms += [("ellipse", _polygon(90) * (1, 1 / ratio)) for ratio in (1.25, 1.5, 1.8, 2.3, 3.0)]
    forms += [("square", _polygon(4))]
    forms += [("rectangle", np.array([(r, 1), (-r, 1), (-r, -1), (r, -1)])) for r in (1.25, 1.5, 1.8, 2.2, 2.8, 3.6)]
    forms += [("triangle", _polygon(3))]
    for height in (0.5, 0.7, 1.2, 1.5, 2.0):
        for skew in (0.0, 0.5, 1.0):
            forms.append(("triangle", np.array([(-1, 0), (1, 0), (skew, height * 1.732)])))
    forms += [("diamond", _polygon(4) * (1, 1 / ratio)) for ratio in (1.35, 1.6, 2.0, 2.6)]
    forms += [("pentagon", _polygon(5)), ("hexagon", _polygon(6)), ("octagon", _polygon(8))]
    forms += [("star", _star(5, inner)) for inner in (0.382, 0.45, 0.5, 0.58)]
    forms += [("star", _star(6, inner)) for inner in (0.4, 0.5, 0.577)]
    forms += [("star", _star(4, inner)) for inner in (0.3, 0.4)]
    forms += [("star", _star(n, inner)) for n in (7, 8) for inner in (0.5, 0.6)]
    forms += [("cross", _cross(arm)) for arm in (0.08, 0.14, 0.2, 0.27, 0.34, 0.42)]
    forms += [("heart", _heart(notch)) for notch in (5.0, 4.0)]
    forms += [("semicircle", _arc(0, np.pi))]
    forms += [("arrow", _arrow(s, h)) for s in (0.1, 0.18, 0.25) for h in (0.5, 0.8)]
    forms += [("trapezoid", np.array([(-1, 0), (1, 0), (t, h), (-t, h)])) for t in (0.5, 0.65) for h in (0.8, 1.1)]
    forms += [("parallelogram", np.array([(0, 0), (r, 0), (r + s, 1), (s, 1)])) for r in (1.4, 2.0) for s in (0.4, 0.7)]
    profiles = np.stack([_normal(_profile(points)) for _, points in forms])
    return [name for name, _ in forms], np.fft.fft(profiles, axis=1), np.asarray((profiles**2).mean(axis=1))


def _profile(points: Points) -> NDArray[Any]:
    """Distance from the centroid to the farthest crossing of the outline, in `ANGLES` directions."""
    points = np.asarray(points, dtype=np.float64)
    following = np.roll(points, -1, axis=0)
    cross = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    area = cross.sum() / 2
    if abs(area) < 1e-9:
        return np.ones(ANGLES)
    centre = ((points + following) * cross[:, None]).sum(axis=0) / (6 * area)
    a, b = points - centre, following - centre
    angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
    direction = np.stack([np.cos(angles), np.sin(angles)])
    normal = np.stack([-np.sin(angles), np.cos(angles)])
    side_a, side_b = a @ normal, b @ normal
    along_a, along_b = a @ direction, b @ direction
    gap = side_a - side_b
    crosses = (side_a * side_b <= 0) & (np.abs(gap) > 1e-12)
    share = np.divide(side_a, gap, out=np.zeros_like(gap), where=crosses)
    reach = np.where(crosses, along_a + share * (along_b - along_a), 0.0)
    return np.asarray(np.maximum(reach.max(axis=0), 0.0))


def _normal(profile: NDArray[Any]) -> NDArray[Any]:
    scale = float(np.sqrt((profile**2).mean()))
    return profile / scale if scale > 0 else profile


def classify(contour: NDArray[Any]) -> Form:
    """The drawn form nearest to a whole outline (K, 1, 2).

    `distance` is the root mean square gap of the radial profiles, as a share of the mean radius.
    """
    points = contour[:, 0, :].astype(np.float64)
    if len(points) < 5:
        return Form("other", 1.0)
    points = points[:: len(points) // 400 + 1] if len(points) > 400 else _smooth(points)
    profile = _normal(_profile(points))
    names, transforms, power = _templates()
    shifted = np.fft.ifft(transforms * np.conj(np.fft.fft(profile))[None], axis=1).real / ANGLES
    mirrored = np.fft.ifft(transforms * np.fft.fft(profile)[None], axis=1).real / ANGLES
    likeness = np.maximum(shifted.max(axis=1), mirrored.max(axis=1))
    gaps = np.sqrt(np.maximum(power + float((profile**2).mean()) - 2 * likeness, 0.0))
    best = int(gaps.argmin())
    return _refine(contour, names[best], float(gaps[best]))


def _smooth(points: Points) -> Points:
    """Take the staircase out of an outline of pixels."""
    return np.asarray((np.roll(points, 1, axis=0) + 2 * points + np.roll(points, -1, axis=0)) / 4)


def _refine(contour: NDArray[Any], name: str, gap: float) -> Form:
    """Settle what profiles leave open: elongation of rectangles and ellipses, lines."""
    (_, (w, h), _) = cv2.minAreaRect(contour)
    long, short = max(w, h) + 1.0, min(w, h) + 1.0
    area = float(cv2.contourArea(contour)) + 0.5 * cv2.arcLength(contour, closed=True)
    ratio = long / short
    fill = area / (long * short)
    if ratio >= 5.5 and fill > 0.6:
        return Form("line", 0.0)
    if ratio > 3.0 and fill > 0.88:
        return Form("rectangle", min(gap, 0.08))
    if name in ("square", "rectangle", "ellipse", "circle") and fill > 0.9:
        return Form("square" if ratio < 1.13 else "rectangle", gap)
    if name in ("ellipse", "circle"):
        return Form("circle" if ratio < 1.13 else "ellipse", gap)
    return Form(name, gap)


def fit_circle(points: Points) -> tuple[float, float, float] | None:
    """Least-squares circle (x, y, radius) through points (N, 2); `None` where they lie on a line."""
    if len(points) < 3:
        return None
    mean = points.mean(axis=0)
    moved = points - mean
    system = np.column_stack([moved, np.ones(len(points))])
    solution, _, rank, _ = np.linalg.lstsq(system, (moved**2).sum(axis=1), rcond=None)
    if rank < 3:
        return None
    cx, cy = solution[:2] / 2
    squared = float(solution[2] + cx * cx + cy * cy)
    if squared <= 0:
        return None
    return float(cx + mean[0]), float(cy + mean[1]), float(np.sqrt(squared))

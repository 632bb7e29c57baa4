"""Touching and overlapping things of one colour: cutting a region into the shapes that it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._shapes import Form, classify, fit_circle

__all__ = ["Part", "solidity", "split_region", "visible_form"]

Mask = NDArray[Any]
Contour = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One shape: its outline (K, 1, 2), and the form of what can be seen of it."""

    contour: Contour
    form: Form


def outer_contour(mask: Mask) -> Contour | None:
    """The longest outer outline of a mask."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    return np.asarray(max(contours, key=len), dtype=np.int32)


def area_of(contour: Contour) -> float:
    """Pixels inside an outline, its own pixels included."""
    return float(cv2.contourArea(contour)) + 0.5 * float(cv2.arcLength(contour, closed=True)) + 1.0


def solidity(contour: Contour) -> float:
    """Area over the area of the convex hull, 0 to 1."""
    return min(1.0, area_of(contour) / area_of(cv2.convexHull(contour)))


def visible_form(contour: Contour, free: Mask) -> Form:
    """The form of a shape of which only the outline points marked `free` (K,) are its own.

    The other points lie against another shape or the picture's border and say nothing about the form.
    """
    whole = classify(contour)
    points = contour[:, 0, :].astype(np.float64)
    if free.sum() < 8 or free.mean() > 0.97:
        return whole
    tolerance = max(1.2, 0.035 * float(np.sqrt(area_of(contour))))
    fits = [
        ("circle", _on_circle(points[free], tolerance)),
        ("rectangle", _on_polygon(points[free], cv2.boxPoints(cv2.minAreaRect(contour)), tolerance)),
        ("triangle", _on_polygon(points[free], _enclosing_triangle(contour), tolerance)),
    ]
    name, share = max(fits, key=lambda fit: fit[1])
    if share < 0.8 or 1.0 - share > whole.distance * 4:
        return whole
    if name == "rectangle":
        w, h = cv2.minAreaRect(contour)[1]
        name = "square" if max(w, h) < 1.15 * max(min(w, h), 1e-6) else "rectangle"
    return Form(name, (1.0 - share) * 0.3)


def _on_circle(points: NDArray[Any], tolerance: float) -> float:
    fit = fit_circle(points)
    for _ in range(4):
        if fit is None:
            return 0.0
        gaps = np.abs(np.hypot(points[:, 0] - fit[0], points[:, 1] - fit[1]) - fit[2])
        inside = gaps < max(tolerance, float(np.median(gaps)))
        fit = fit_circle(points[inside])
    if fit is None or fit[2] > 2 * float(np.ptp(points, axis=0).max()):
        return 0.0
    gaps = np.abs(np.hypot(points[:, 0] - fit[0], points[:, 1] - fit[1]) - fit[2])
    return float((gaps < tolerance).mean())


def _enclosing_triangle(contour: Contour) -> NDArray[Any] | None:
    hull = cv2.convexHull(contour)
    if len(hull) < 3:
        return None
    _, corners = cv2.minEnclosingTriangle(hull.astype(np.float32))
    return None if corners is None else np.asarray(corners, dtype=np.float64).reshape(-1, 2)


def _on_polygon(points: NDArray[Any], corners: NDArray[Any] | None, tolerance: float) -> float:
    """Share of the points within `tolerance` of the sides, where every side has some."""
    if corners is None or len(corners) < 3:
        return 0.0
    ends = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    gaps = []
    for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        side = b - a
        length = max(float(side @ side), 1e-9)
        share = np.clip(((points - a) @ side) / length, 0, 1)
        gaps.append(np.linalg.norm(points - (a + share[:, None] * side), axis=1))
    nearest = np.stack(gaps)
    return float((nearest.min(axis=0) < tolerance).mean())


def split_region(mask: Mask, *, depth: float = 0.1, free: Mask | None = None) -> list[Part]:
    """Cut one region (a bool picture with one connected area) into convex parts where it has a waist.

    Args:
        mask: the region, padded by at least one pixel of background.
        depth: how deep a waist must be, as a share of the half width beside it.
        free: pixels next to which an outline belongs to the shape itself (see `visible_form`).
    """
    contour = outer_contour(mask)
    if contour is None:
        return []
    whole = Part(contour, visible_form(contour, _free_points(contour, free)))
    if solidity(contour) > 0.98 or whole.form.distance < 0.045:
        return [whole]
    labels = _basins(mask, contour, depth)
    if labels is None:
        return [whole]
    parts = []
    for label in range(1, int(labels.max()) + 1):
        piece = np.asarray(labels == label)
        outline = outer_contour(piece)
        if outline is None or area_of(outline) < 6:
            continue
        others = cv2.dilate((mask & ~piece).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        own = ~others if free is None else free & ~others
        parts.append(Part(outline, visible_form(outline, _free_points(outline, own))))
    return parts if _better(whole, parts) else [whole]


def _free_points(contour: Contour, free: Mask | None) -> Mask:
    if free is None:
        return np.ones(len(contour), dtype=bool)
    return np.asarray(free[contour[:, 0, 1], contour[:, 0, 0]])


def _better(whole: Part, parts: list[Part]) -> bool:
    """Whether the parts are worth more than the whole: simple forms, or much fuller hulls."""
    if len(parts) < 2:
        return False
    areas = np.array([area_of(p.contour) for p in parts])
    if areas.min() < 0.03 * areas.sum() and len(parts) == 2:
        return False
    distance = float((areas * [p.form.distance for p in parts]).sum() / areas.sum())
    fullness = float((areas * [solidity(p.contour) for p in parts]).sum() / areas.sum())
    if whole.form.name in ("star", "cross", "heart", "arrow") and whole.form.distance < 0.085:
        return False
    return distance < 0.8 * whole.form.distance or fullness > solidity(whole.contour) + 0.04


def _basins(mask: Mask, contour: Contour, depth: float) -> NDArray[Any] | None:
    """Watershed of the distance to the outline, from maxima that rise `depth` of their height over the pass."""
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    distance = cv2.distanceTransform(filled, cv2.DIST_L2, 5)
    peaks = relative_maxima(distance, depth)
    count = int(peaks.max())
    if count < 2:
        return None
    return flood(distance, peaks, filled > 0)


def relative_maxima(distance: NDArray[Any], depth: float) -> NDArray[Any]:
    """Maxima that one must descend by `depth` of their height to leave for a higher one; labelled from 1.

    Working on the logarithm makes the depth relative, so that large and small shapes are cut alike.
    """
    log = np.log(np.maximum(distance, 0.5)).astype(np.float32)
    floor = float(-np.log1p(-depth))
    fill = _reconstructed(log - floor, log)
    tops = (log - fill >= floor - 1e-4) & (distance > 0.9)
    _, labels = cv2.connectedComponents(tops.astype(np.uint8), connectivity=8)
    return np.asarray(labels, dtype=np.int32)


def _reconstructed(seed: NDArray[Any], under: NDArray[Any]) -> NDArray[Any]:
    """Grow `seed` as far as it can go below `under` (grey reconstruction)."""
    square = np.ones((3, 3), np.uint8)
    while True:
        grown = cv2.min(cv2.dilate(seed, square), under)
        if np.array_equal(grown, seed):
            return np.asarray(grown)
        seed = grown


def flood(height: NDArray[Any], markers: NDArray[Any], mask: Mask) -> NDArray[Any]:
    """Basins of the markers inside the mask, highest places first: the water line sinks by about a pixel at a time."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    labels = markers.astype(np.float32)
    labels[~mask] = 0.0
    top = float(height.max())
    for level in np.linspace(top, 0.0, max(8, min(200, round(top) + 1))):
        above = mask & (height >= level)
        while True:
            grown = cv2.dilate(labels, cross)
            fresh = above & (labels == 0) & (grown > 0)
            if not fresh.any():
                break
            labels[fresh] = grown[fresh]
    return labels.astype(np.int32)

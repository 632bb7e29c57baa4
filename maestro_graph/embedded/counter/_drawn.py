"""Whether a picture is a drawing: sharp edges between areas of even tone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._ground import Ink
from maestro_graph.embedded.counter._things import Scene

__all__ = ["drawn_likelihood", "form_fit"]

Mask = NDArray[Any]


def drawn_likelihood(pixels: NDArray[Any], ink: Ink, factor: float) -> float:
    """How far to trust the flat-colour reading of a picture, 0 to 1.

    Args:
        pixels: the working copy (H, W, 3), and `factor`, how much it was enlarged (1 where it was not).
        ink: its foreground.
    """
    fore = ink.labels >= 0
    reach = max(1, round(factor))
    rim = _grown(fore, 1) & ~_shrunk(fore, 1)
    sharp = float(np.clip((_sharpness(ink.gaps, rim, reach) - 0.5) / 0.2, 0.0, 1.0))
    even = _even(pixels)
    away = ~_grown(rim, 4 * reach)
    calm = _share(even, away, 0.05 * fore.size)
    inside = _share(even, _shrunk(fore, 2 * reach + 1), 0.12 * float(fore.sum()))  # windows of 5 that see no edge
    tone = float(np.clip((calm - 0.5) / 0.25, 0.0, 1.0) * np.clip((inside - 0.3) / 0.4, 0.0, 1.0))
    return sharp * tone * (1.0 - 0.8 * _mosaic(ink))


def form_fit(scene: Scene) -> float:
    """How well the things of a scene fit the forms that are known, 0 to 1."""
    if not scene.things:
        return 0.0
    weights = np.sqrt([t.area for t in scene.things])
    fits = [1.0 if t.form == "line" else max(0.0, 1.0 - t.distance / 0.15) for t in scene.things]
    return 0.4 + 0.6 * float(np.average(fits, weights=weights))


def _mosaic(ink: Ink) -> float:
    """How far the foreground is a patchwork of many shades, as the inside of a photographed thing is."""
    fore = ink.labels >= 0
    seams = 0
    for axis in (0, 1):
        first, second = np.moveaxis(ink.labels, axis, 0)[:-1], np.moveaxis(ink.labels, axis, 0)[1:]
        seams += int(((first != second) & (first >= 0) & (second >= 0)).sum())
    edge = int((fore & ~_shrunk(fore, 1)).sum())
    return float(np.clip((seams / max(1, edge) - 0.6) / 0.8, 0.0, 1.0))


def _sharpness(gaps: NDArray[Any], rim: Mask, reach: int) -> float:
    """Median share of an edge's contrast that lies within a pixel of it."""
    if not rim.any():
        return 0.0
    steps = []
    for size in (2 * reach + 1, 8 * reach + 1):
        kernel = np.ones((size, size), np.uint8)
        steps.append((cv2.dilate(gaps, kernel) - cv2.erode(gaps, kernel))[rim])
    return float(np.median(steps[0] / np.maximum(steps[1], 0.02)))


def _even(pixels: NDArray[Any]) -> Mask:
    """Pixels whose surroundings vary no more than the picture's grain does."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.blur(gray, (5, 5))
    spread = np.sqrt(np.maximum(cv2.blur(gray * gray, (5, 5)) - mean * mean, 0.0))
    return np.asarray(spread <= 1.5 * float(np.percentile(spread, 25)) + 1.5)


def _share(even: Mask, where: Mask, least: float) -> float:
    return float(even[where].mean()) if where.sum() > max(least, 1.0) else 1.0


def _grown(mask: Mask, by: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0)


def _shrunk(mask: Mask, by: int) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0)

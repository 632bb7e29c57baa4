"""Strokes: outlines that overlap, lines that cross, grids."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._shapes import classify

__all__ = ["decompose_strokes"]

Mask = NDArray[np.bool_]
Contour = NDArray[np.int32]


def decompose_strokes(part: Mask, outer: Contour, holes: list[Contour]) -> list[tuple[Contour, str, float]]:
    """The shapes whose outlines make up one connected stroke: (outline, form, distance from the form)."""
    form = classify(outer)
    if not holes:
        return [(outer, "line" if form.name not in ("cross", "star") else form.name, 0.05)]
    return [(outer, form.name, form.distance)]

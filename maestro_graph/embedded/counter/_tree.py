"""Object candidates of a photo: one threshold for each object.

A picture under uneven light has no one threshold. The component tree holds the connected regions of every
threshold; of each branch the region is kept that looks most like one thing: filled to its convex hull, with an edge
along its outline. Choosing between a region and the regions inside it weighs each by its area, so that marks on a
coin do not beat the coin, and a pair of touching coins loses against the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Blob", "best_blobs", "edge_map"]

LEVELS = 32
MOST_NODES = 6000  # of one tree; only grain has more
Float = NDArray[Any]


@dataclass(slots=True)
class Blob:
    """One region: its outer outline (K, 1, 2) in pixels, filled area, and how object-like it is (0 to 1)."""

    contour: NDArray[Any]
    area: float
    solidity: float
    edge: float
    quality: float
    box: tuple[int, int, int, int]  # x, y, width, height
    border: float  # share of the outline that lies on the picture's border


def edge_map(gray: Float) -> tuple[Float, float]:
    """Gradient magnitude, and the value above which a gradient is an edge of this picture and not its grain."""
    dx, dy = cv2.Scharr(gray, cv2.CV_32F, 1, 0), cv2.Scharr(gray, cv2.CV_32F, 0, 1)
    magnitude = np.asarray(cv2.magnitude(dx, dy) / 16, dtype=np.float32)
    grain = float(np.median(magnitude))
    return magnitude, max(1.0, 2.0 * grain)


def measure(contour: NDArray[Any], edges: Float, edge_level: float) -> Blob:
    """Judge one outline against the gradient of the picture."""
    area = float(cv2.contourArea(contour)) + 0.5 * cv2.arcLength(contour, closed=True)
    hull = cv2.convexHull(contour)
    hull_area = float(cv2.contourArea(hull)) + 0.5 * cv2.arcLength(hull, closed=True)
    solidity = min(1.0, area / max(hull_area, 1.0))
    height, width = edges.shape
    points = contour[:, 0, :]
    on_border = (points[:, 0] <= 1) | (points[:, 1] <= 1) | (points[:, 0] >= width - 2) | (points[:, 1] >= height - 2)
    strengths = edges[points[:, 1], points[:, 0]][~on_border]
    edge = float(np.mean(np.minimum(strengths / (2 * edge_level), 1.0))) if strengths.size else 0.0
    fullness = float(np.clip((solidity - 0.72) / 0.23, 0.0, 1.0))
    x, y, w, h = cv2.boundingRect(contour)
    slim = min(w, h) / max(w, h)
    quality = fullness * edge * min(1.0, 0.4 + 2.0 * slim)
    return Blob(contour, area, solidity, edge, quality, (x, y, w, h), float(on_border.mean()))


def best_blobs(channel: Float, edges: Float, edge_level: float, *, min_area: float, max_area: float) -> list[Blob]:
    """The non-overlapping bright regions of `channel` that look most like objects."""
    low, high = np.percentile(channel, (0.5, 99.5))
    if high - low < 1e-3:
        return []
    nodes: list[Blob] = []
    parents: list[int] = []
    below: NDArray[Any] | None = None
    steps = np.linspace(0, 1, LEVELS // 2 + 2)[1:-1]
    shares = np.unique(np.concatenate([steps**2, 1 - (1 - steps) ** 2]))
    for level in low + (high - low) * shares:  # closer together at both ends: a few things may outshine the rest
        if len(nodes) > MOST_NODES:
            break
        below = _add_level(np.asarray(channel > level), below, nodes, parents, edges, edge_level, min_area, max_area)
    return _choose(nodes, parents)


def _add_level(
    mask: NDArray[Any],
    below: NDArray[Any] | None,
    nodes: list[Blob],
    parents: list[int],
    edges: Float,
    edge_level: float,
    min_area: float,
    max_area: float,
) -> NDArray[Any]:
    """Add the regions of one threshold to the tree; returns each pixel's node at this level (-1: none)."""
    byte = mask.astype(np.uint8)
    contours, _ = cv2.findContours(byte, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    owner = np.full(mask.shape, -1, np.int32)
    for contour in contours:
        if len(contour) < 8:
            continue
        _, _, w, h = cv2.boundingRect(contour)
        if w * h < min_area:
            continue
        area = cv2.contourArea(contour)
        if area < min_area:
            continue
        x, y = contour[0, 0]
        parent = int(below[y, x]) if below is not None else -1
        if area > max_area:
            continue
        if parent >= 0 and abs(nodes[parent].area - area) < 0.02 * area:
            node = parent  # the same region at the next threshold
            fresh = measure(contour, edges, edge_level)
            if fresh.quality > nodes[parent].quality:
                nodes[parent] = fresh
        else:
            nodes.append(measure(contour, edges, edge_level))
            parents.append(parent)
            node = len(nodes) - 1
        cv2.drawContours(owner, [contour], -1, node, cv2.FILLED)
    return owner


def _choose(nodes: list[Blob], parents: list[int]) -> list[Blob]:
    """The antichain of the tree with the greatest sum of area times quality."""
    value = [0.0] * len(nodes)
    inner = [0.0] * len(nodes)
    for index in range(len(nodes) - 1, -1, -1):
        own = nodes[index].area * nodes[index].quality
        value[index] = max(own, inner[index])
        if parents[index] >= 0:
            inner[parents[index]] += value[index]
    chosen: list[Blob] = []
    open_ = [True] * len(nodes)
    for index, node in enumerate(nodes):
        parent = parents[index]
        if parent >= 0 and not open_[parent]:
            open_[index] = False
        elif node.area * node.quality >= inner[index]:
            open_[index] = False
            if node.quality > 0:
                chosen.append(node)
    return chosen

"""Lines: how many there are, how often they cross, and the rows and columns of a grid."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["count_crossings", "count_lines", "count_self_crossings", "grid_size", "tips"]

Mask = NDArray[Any]


def _skeleton(part: Mask) -> Mask:
    from skimage import morphology

    skeletonize: Any = morphology.skeletonize
    return np.asarray(skeletonize(part)) > 0


def _width(part: Mask) -> float:
    depth = cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return max(1.0, 2.0 * float(np.percentile(depth[part], 90))) if part.any() else 1.0


def _neighbours(bones: Mask) -> NDArray[Any]:
    kernel = np.ones((3, 3), np.float32)
    kernel[1, 1] = 0
    total = cv2.filter2D(bones.astype(np.float32), -1, kernel, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(np.round(total), dtype=np.int32) * bones


def tips(part: Mask) -> list[tuple[float, float]]:
    """Free ends (x, y) of a stroke, without the twigs that a thick line's skeleton has."""
    bones = _skeleton(np.pad(part, 2))
    around = _neighbours(bones)
    joints = cv2.dilate((bones & (around >= 3)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    twigs, labels = cv2.connectedComponents((bones & ~joints).astype(np.uint8), connectivity=8)
    lengths = np.bincount(labels.ravel(), minlength=twigs)
    shortest = 0.8 * _width(part) if joints.any() else 0.0
    found = [(int(x), int(y)) for y, x in np.argwhere(bones & (around == 1) & ~joints)]
    return [(x - 2.0, y - 2.0) for x, y in found if lengths[labels[y, x]] > shortest]


def count_lines(part: Mask) -> int:
    """How many open lines make up one connected stroke: each has two ends, however often they cross."""
    return max(1, (len(tips(part)) + 1) // 2)


def count_crossings(first: Mask, second: Mask) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) in which lines of two colours cross."""
    reach = int(np.ceil(max(_width(first), _width(second)) / 2)) + 2
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    wide_first = cv2.dilate(first.astype(np.uint8), kernel)
    wide_second = cv2.dilate(second.astype(np.uint8), kernel)
    both = cv2.dilate(np.minimum(wide_first, wide_second), kernel)  # joins the two sides of a line that is run over
    count, _, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=8)
    boxes = []
    for index in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[index])
        margin = reach
        top, left = max(0, y - margin), max(0, x - margin)
        window = (slice(top, y + h + margin), slice(left, x + w + margin))
        if _passes(second[window], wide_first[window] > 0) and _passes(first[window], wide_second[window] > 0):
            boxes.append((x, y, x + w, y + h))
    return boxes


def _passes(line: Mask, barrier: Mask) -> bool:
    """Whether a line comes out of a barrier on both sides."""
    rest = (line & ~barrier).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=8)
    return int((stats[1:, cv2.CC_STAT_AREA] >= 3).sum()) >= 2 if count > 1 else False


def count_self_crossings(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Boxes of the places where lines of one colour cross: four ways lead out."""
    bones = _skeleton(np.pad(mask, 2))[2:-2, 2:-2]
    around = _neighbours(bones)
    reach = int(np.ceil(_width(mask))) + 2
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    knots = cv2.dilate((bones & (around >= 3)).astype(np.uint8), kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(knots, connectivity=8)
    boxes = []
    for index in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[index])
        top, left = max(0, y - 2), max(0, x - 2)
        window = (slice(top, y + h + 2), slice(left, x + w + 2))
        inside = labels[window] == index
        edge = (cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~inside
        ways, _ = cv2.connectedComponents((bones[window] & edge).astype(np.uint8), connectivity=8)
        if ways - 1 >= 4:
            boxes.append((x, y, x + w, y + h))
    return boxes


def grid_size(mask: Mask) -> tuple[int, int] | None:
    """Rows and columns between the rules of a grid; `None` where there are no rules in both directions."""
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return None
    body = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.uint8)
    height, width = body.shape
    if min(height, width) < 12:
        return None
    rules = []
    for axis, length in ((1, width), (0, height)):
        run = max(8, length // 4)
        kernel = np.ones((1, run) if axis == 1 else (run, 1), np.uint8)
        joined = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        long = cv2.morphologyEx(joined, cv2.MORPH_OPEN, kernel)
        share = long.mean(axis=axis)
        on = np.concatenate([[False], share > 0.6, [False]])
        starts, ends = np.flatnonzero(on[1:] & ~on[:-1]), np.flatnonzero(~on[1:] & on[:-1])
        across = height if axis == 1 else width
        if len(starts) < 2 or (ends - starts).max() > 0.2 * across:
            return None
        rules.append(len(starts))
    return rules[0] - 1, rules[1] - 1

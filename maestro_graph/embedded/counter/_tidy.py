"""Merging colour patches that are no things of their own: blurred edges, steps of a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["between", "tidy"]

Float = NDArray[Any]
Ints = NDArray[Any]
THIN = 2.6  # pixels from the outline to the middle, at most, of an anti-aliased rim


@dataclass(slots=True)
class _Patches:
    """Connected areas of one colour: id image (-1: background), and per patch its colour, area, half width."""

    ids: Ints
    label: Ints
    area: Ints
    half_width: Float


def tidy(labels: Ints, peaks: Float, lab: Float, ground: Float) -> Ints:
    """Give patches that belong to a neighbour that neighbour's colour label.

    Args:
        labels: colour index of each pixel (H, W), -1 for background.
        peaks: the flat colours (N, 3).
        lab: the picture (H, W, 3), and `ground` the background surface under it.
    """
    patches = _patches(labels, len(peaks))
    count = len(patches.area)
    if count < 2:
        return labels
    pairs, touch, step = _borders(patches.ids, lab)
    if not len(pairs):
        return labels
    around = np.bincount(pairs.ravel(), weights=np.repeat(touch, 2), minlength=count)
    rim = _rim_lengths(patches.ids, count)
    hugs = _hugging(patches)
    new = patches.label.copy()
    means = _mean_ground(patches, ground)
    touching, starts = _by_patch(pairs, count)
    for index in np.argsort(patches.area):
        mine = touching[starts[index] : starts[index + 1]]
        if not len(mine):
            continue
        others = np.where(pairs[mine, 0] == index, pairs[mine, 1], pairs[mine, 0])
        best = _home(int(index), others, touch[mine], step[mine], patches, peaks, means, around, rim, hugs)
        if best is not None:
            new[index] = new[best]
    out = labels.copy()
    known = patches.ids >= 0
    out[known] = new[patches.ids[known]]
    return out


def _by_patch(pairs: NDArray[Any], count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The pairs of each patch, in one array, and where those of each patch start."""
    order = np.argsort(pairs.ravel(), kind="stable")
    starts = np.searchsorted(pairs.ravel()[order], np.arange(count + 1))
    return order // 2, starts


def _mean_ground(patches: _Patches, ground: Float) -> Float:
    """Mean colour of the background under each patch (N, 3)."""
    known = patches.ids >= 0
    ids = patches.ids[known]
    total = np.stack([np.bincount(ids, ground[known, c], minlength=len(patches.area)) for c in range(3)], axis=1)
    return np.asarray(total / np.maximum(patches.area, 1)[:, None], dtype=np.float32)


def _home(
    index: int, others: NDArray[Any], touch: Float, step: Float, patches: _Patches, peaks: Float, means: Float,
    around: NDArray[Any], rim: NDArray[Any], hugs: NDArray[Any],
) -> int | None:  # fmt: skip
    """The neighbour that a patch belongs to, or `None` where it stands for itself."""
    colour = peaks[patches.label[index]]
    larger = (patches.area[others] > patches.area[index]) & (patches.label[others] != patches.label[index])
    gradient = larger & (step < 0.3 * np.linalg.norm(peaks[patches.label[others]] - colour, axis=1)) & (step < 0.04)
    gradient &= touch > 0.2 * rim[index]
    if gradient.any():
        return int(others[gradient][touch[gradient].argmax()])
    if patches.half_width[index] > THIN or not larger.any():
        return None
    candidates = np.flatnonzero(larger)
    if hugs[index] or around[index] > 0.35 * rim[index]:
        best = candidates[touch[candidates].argmax()]
        if patches.area[index] < 0.5 * patches.area[others[best]]:
            return int(others[best])
    under = means[index]
    for candidate in candidates[np.argsort(-touch[candidates])]:
        other = peaks[patches.label[others[candidate]]]
        if between(colour, under, other):
            return int(others[candidate])
        if patches.half_width[others[candidate]] <= THIN and between(other, under, colour):
            return int(others[candidate])
    return None


def _hugging(patches: _Patches) -> NDArray[Any]:
    """Thin patches that stay close to a thick one all along: pieces of its border."""
    count = len(patches.area)
    hugs = np.zeros(count, bool)
    known = patches.ids >= 0
    for limit in (1.3, THIN):
        thick = patches.half_width > limit
        if not thick.any() or thick.all():
            continue
        solid = np.zeros(patches.ids.shape, bool)
        solid[known] = thick[patches.ids[known]]
        away = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
        farthest = np.zeros(count, np.float32)
        np.maximum.at(farthest, patches.ids[known], away[known])
        hugs |= ~thick & (farthest <= 2.0 * patches.half_width + 2.5)
    return hugs


def between(colour: Float, start: Float, end: Float) -> bool:
    """Whether a colour is a mixture of two others."""
    side = end - start
    length = float(side @ side)
    if length < 1e-6:
        return False
    share = float((colour - start) @ side) / length
    return 0.1 < share < 1.1 and float(np.linalg.norm(colour - start - share * side)) < 0.06


def _patches(labels: Ints, colours: int) -> _Patches:
    ids = np.full(labels.shape, -1, np.int32)
    label: list[int] = []
    areas: list[NDArray[Any]] = []
    widths: list[NDArray[Any]] = []
    total = 0
    for index in range(colours):
        own = (labels == index).astype(np.uint8)
        count, regions, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        if count < 2:
            continue
        here = regions > 0
        ids[here] = regions[here] + (total - 1)
        depth = cv2.distanceTransform(np.pad(own, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
        width = np.zeros(count, np.float32)
        np.maximum.at(width, regions[here], depth[here])
        widths.append(width[1:])
        areas.append(stats[1:, cv2.CC_STAT_AREA])
        label += [index] * (count - 1)
        total += count - 1
    empty = np.zeros(0, np.float32)
    return _Patches(
        ids,
        np.array(label, np.int32),
        np.concatenate(areas).astype(np.int32) if areas else np.zeros(0, np.int32),
        np.concatenate(widths) if widths else empty,
    )


def _borders(ids: Ints, lab: Float) -> tuple[NDArray[Any], Float, Float]:
    """Touching patches (P, 2), the length of their border, and the mean colour step three pixels across it."""
    keys, steps = [], []
    size = int(ids.max()) + 1
    height, width = ids.shape
    for dy, dx in ((0, 1), (1, 0)):
        a, b = ids[: height - dy, : width - dx], ids[dy:, dx:]
        ys, xs = np.nonzero((a != b) & (a >= 0) & (b >= 0))
        if not len(ys):
            continue
        first, second = ids[ys, xs].astype(np.int64), ids[ys + dy, xs + dx].astype(np.int64)
        keys.append(np.minimum(first, second) * size + np.maximum(first, second))
        before = lab[np.maximum(ys - dy, 0), np.maximum(xs - dx, 0)]
        behind = lab[np.minimum(ys + 2 * dy, height - 1), np.minimum(xs + 2 * dx, width - 1)]
        steps.append(np.linalg.norm(before - behind, axis=1))
    if not keys:
        return np.zeros((0, 2), np.intp), np.zeros(0, np.float32), np.zeros(0, np.float32)
    unique, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    length = np.bincount(inverse).astype(np.float32)
    step = (np.bincount(inverse, weights=np.concatenate(steps)) / length).astype(np.float32)
    return np.stack([unique // size, unique % size], axis=1).astype(np.intp), length, step


def _rim_lengths(ids: Ints, count: int) -> NDArray[Any]:
    """Outline length of each patch in pixel sides."""
    total = np.zeros(count)
    padded = np.pad(ids, 1, constant_values=-1)
    for dy, dx in ((0, 1), (1, 0)):
        a, b = padded[: padded.shape[0] - dy, : padded.shape[1] - dx], padded[dy:, dx:]
        differ = a != b
        for side in (a, b):
            own = side[differ]
            total += np.bincount(own[own >= 0], minlength=count)
    return np.maximum(total, 1.0)

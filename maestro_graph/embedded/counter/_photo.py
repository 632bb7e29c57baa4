"""Photos of repeated things: several views of the picture, and the view whose things agree best."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import Clock
from maestro_graph.embedded.colours import oklab
from maestro_graph.embedded.counter._scene import thing_of
from maestro_graph.embedded.counter._shapes import classify
from maestro_graph.embedded.counter._split import split_region
from maestro_graph.embedded.counter._things import Scene
from maestro_graph.embedded.counter._tree import Blob, best_blobs, edge_map, measure

__all__ = ["find_repeated"]

Byte = NDArray[Any]
Float = NDArray[Any]
FINALISTS = 2  # views that are worked out in full
SIDE = 700  # the tree works at this size
LEAST, MOST = 6e-5, 0.3  # area of one thing as a share of the picture
KEEP_QUALITY = 0.25
KNOWN_FORM = 0.09  # distance up to which a thing of a photo is given the name of a form
SIZE_SPREAD = 4.0  # things of one kind differ in area by this factor from the typical one at most


def find_repeated(rgb: Byte, clock: Clock) -> list[Scene]:
    """The things of each view, best view first."""
    height, width = rgb.shape[:2]
    scale = SIDE / max(height, width)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    work = cv2.resize(rgb, size, interpolation=method)
    if min(size) < 8:
        return []
    found: list[tuple[float, str, list[Blob], Float, float]] = []
    for name, channel, edges, level in _views(work):
        blobs = best_blobs(channel, edges, level, min_area=LEAST * channel.size, max_area=MOST * channel.size)
        blobs = [b for b in blobs if b.quality > KEEP_QUALITY and b.border < 0.45]
        found.append((_agreement(one_kind(blobs), float(channel.size)), name, blobs, edges, level))
        clock.check()
    found.sort(key=lambda f: -f[0])
    kinds = [one_kind(blobs) for _, _, blobs, _, _ in found]
    scenes = []
    for index, (_, name, blobs, edges, level) in enumerate(found[:FINALISTS]):
        scenes.append(_scene(name, blobs, work, edges, level, scale))
        scenes[-1].support = _support(kinds[index], kinds[:index] + kinds[index + 1 :])
    return sorted((s for s in scenes if s.things), key=lambda s: -s.score)


def _support(own: list[Blob], others: list[list[Blob]]) -> float:
    """How far two other views show the things of one: the mean of the two best F scores of matching boxes."""
    scores = sorted((_likeness(_boxes(own), _boxes(other)) for other in others), reverse=True)
    return float(np.mean(scores[:2])) if len(scores) >= 2 else 0.0


def _boxes(blobs: list[Blob]) -> NDArray[Any]:
    return np.array([b.box for b in blobs], np.float64).reshape(-1, 4)


def _likeness(first: NDArray[Any], second: NDArray[Any]) -> float:
    """F score of two sets of boxes (N, 4: x, y, width, height) that match where they overlap by more than half."""
    if not len(first) or not len(second):
        return 0.0
    a, b = first[:, None], second[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    both = np.prod(np.maximum(high - low, 0.0), axis=2)
    share = both / (a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - both)
    return 2.0 * float((share.max(axis=1) > 0.5).sum()) / (len(first) + len(second))


def _views(work: Byte) -> list[tuple[str, Float, Float, float]]:
    """Pictures in which the things may be the bright part: (name, channel, edges, edge level)."""
    gray = cv2.cvtColor(work, cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft = cv2.GaussianBlur(gray, (0, 0), 1.5)
    edges, level = edge_map(soft)
    views = []
    for blur in (0.0, 1.5, 3.0):
        smooth = cv2.GaussianBlur(soft, (0, 0), blur) if blur else soft
        views += [(f"brighter than their surroundings ({blur:g})", smooth, edges, level)]
        views += [(f"darker than their surroundings ({blur:g})", -smooth, edges, level)]
    lab = oklab(work) * 255
    for index, names in ((1, ("redder", "greener")), (2, ("yellower", "bluer"))):
        plane = cv2.GaussianBlur(np.ascontiguousarray(lab[..., index]), (0, 0), 2.0)
        if float(np.ptp(np.percentile(plane, (2, 98)))) > 8:
            own, own_level = edge_map(plane)
            views += [(f"{names[0]} than their surroundings", plane, own, own_level)]
            views += [(f"{names[1]} than their surroundings", -plane, own, own_level)]
    return views


def _scene(name: str, blobs: list[Blob], work: Byte, edges: Float, level: float, scale: float) -> Scene:
    blobs = _split_blobs(blobs, edges, level)
    blobs = one_kind(blobs)
    scene = Scene(name)
    if not blobs:
        return scene
    for blob in blobs:
        x, y, w, h = blob.box
        mask = np.zeros((h, w), np.uint8)
        cv2.drawContours(mask, [blob.contour - np.array([x, y], np.int32)], -1, 1, cv2.FILLED)
        rgb = np.median(work[y : y + h, x : x + w][mask > 0], axis=0)
        outline = np.round(blob.contour / scale).astype(np.int32)
        form = classify(blob.contour)
        name = form.name if form.distance < KNOWN_FORM else "other"
        scene.things.append(thing_of(outline, rgb, name, form.distance, filled=True, hole=False))
    scene.score = _agreement(blobs, float(work.shape[0] * work.shape[1]))
    return scene


def _split_blobs(blobs: list[Blob], edges: Float, level: float) -> list[Blob]:
    """Cut what no threshold could part: touching things of one brightness."""
    out: list[Blob] = []
    for blob in blobs:
        if blob.solidity > 0.93:
            out.append(blob)
            continue
        x, y, w, h = blob.box
        mask = np.zeros((h + 4, w + 4), np.uint8)
        corner = np.array([x - 2, y - 2], np.int32)
        cv2.drawContours(mask, [blob.contour - corner], -1, 1, cv2.FILLED)
        parts = split_region(mask > 0, depth=0.12)
        if len(parts) < 2:
            out.append(blob)
        else:
            out += [measure(p.contour + corner, edges, level) for p in parts]
    return out


def one_kind(blobs: list[Blob]) -> list[Blob]:
    """The blobs of the size that most of the counted area has; dirt and background patches go."""
    if len(blobs) < 2:
        return blobs
    logs = np.log([b.area for b in blobs])
    weights = np.array([b.quality for b in blobs]) * np.sqrt([b.area for b in blobs])
    near = np.abs(logs[:, None] - logs[None]) < np.log(2.0)
    typical = float(np.average(logs, weights=(near * weights[None]).sum(axis=1) ** 2 * weights))
    centre = int((near * weights[None]).sum(axis=1).argmax())
    middle = float(np.median(logs[near[centre]])) if near[centre].any() else typical
    return [b for b, a in zip(blobs, logs, strict=True) if abs(a - middle) < np.log(SIZE_SPREAD)]


def _agreement(blobs: list[Blob], picture: float) -> float:
    """How far the things look like instances of one kind: clear objects, similar sizes, much of the picture."""
    if not blobs:
        return 0.0
    areas = np.array([b.area for b in blobs])
    quality = float(np.average([b.quality for b in blobs], weights=np.sqrt(areas)))
    spread = float(np.std(np.log(areas)))
    similar = 1.0 / (1.0 + spread)
    cover = min(1.0, float(areas.sum()) / picture / 0.12)
    many = min(1.0, len(blobs) / 4.0)
    return quality * similar * (0.35 + 0.65 * cover) * (0.4 + 0.6 * many)

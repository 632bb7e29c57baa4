"""Drawings in hairlines: circles and polygons whose strokes are a pixel or two wide.

Strokes so thin have no pixel of a pure colour, so that sorting pixels by colour tears them. Here colour is left aside:
what stands out from the ground as much as its surroundings do is stroke, on an enlarged copy of the part of the
picture that is drawn on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.colours import oklab
from maestro_graph.embedded.counter._drawn import form_fit
from maestro_graph.embedded.counter._outlines import decompose_strokes
from maestro_graph.embedded.counter._rings import stroke_width
from maestro_graph.embedded.counter._scene import thing_of
from maestro_graph.embedded.counter._things import Scene, Thing
from maestro_graph.embedded.counter._working import Working
from maestro_graph.images import MaestroImage

__all__ = ["Fine", "find_fine"]

Mask = NDArray[Any]
SIDE = 900  # of the enlarged copy
MAX_SIDE = 3000  # of pictures that are looked at
HAIR = 3.5  # pixels of the original: a wider stroke shows its colour
FAINT = 0.06  # OKLab distance from the ground below which nothing is drawn
PART = 0.42  # of the strongest contrast nearby from which a pixel is stroke
CALM = 0.02  # spread of an even border
MOST_PARTS = 40  # with more pieces than this it is writing
LEAST = 60  # pixels of the enlarged copy: less is dirt


@dataclass(frozen=True, slots=True)
class Fine:
    """The enlarged view and what is drawn in it."""

    view: Working
    scene: Scene


def find_fine(image: MaestroImage) -> Fine | None:
    """The outlines of a drawing in hairlines; `None` where a picture is none."""
    if max(image.width, image.height) > MAX_SIDE:
        return None
    view = _drawn_part(image)
    if view is None:
        return None
    strokes = _strokes(view)
    if not strokes.any() or stroke_width(strokes) > HAIR * view.scale:
        return None
    count, regions, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    parts = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= LEAST]
    if not 0 < len(parts) <= MOST_PARTS:
        return None
    things: list[Thing] = []
    for region in parts:
        x, y, w, h = (int(v) for v in stats[region, :4])
        things += _outlines(np.pad(regions[y : y + h, x : x + w] == region, 2), (x - 2, y - 2), view)
    scene = Scene("thin outlines", things, drawn=True)
    scene.score = form_fit(scene)
    return Fine(view, scene)


def _drawn_part(image: MaestroImage) -> Working | None:
    """The part of a picture that is drawn on, at a side of `SIDE` pixels; `None` where the ground is not even."""
    pixels = np.asarray(image.rgb())
    if min(pixels.shape[:2]) < 16:
        return None
    gaps, border = _contrast(pixels)
    if float(np.percentile(border, 90)) > CALM:
        return None
    ys, xs = np.nonzero(gaps > FAINT)
    if not len(ys):
        return None
    margin = 4 + round(0.03 * max(np.ptp(xs), np.ptp(ys)))
    top, left = max(0, ys.min() - margin), max(0, xs.min() - margin)
    part = pixels[top : ys.max() + margin, left : xs.max() + margin]
    scale = SIDE / max(part.shape[:2])
    way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=way)
    return Working(np.asarray(large, np.uint8), scale, image, int(left), int(top))


def _contrast(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Distance of each pixel from the colour of the border, and that of the border's own pixels."""
    lab = oklab(pixels)
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    ground = np.median(border, axis=0)
    return np.linalg.norm(lab - ground, axis=2), np.linalg.norm(border - ground, axis=1)


def _strokes(view: Working) -> Mask:
    """What stands out about as much as what is beside it; faint lines are drawn as firmly as strong ones."""
    gaps, _ = _contrast(view.pixels)
    reach = 2 * int(max(2, 1.2 * view.scale)) + 1
    nearby = cv2.dilate(gaps, np.ones((reach, reach), np.uint8))
    mask: NDArray[Any] = ((gaps > PART * nearby) & (gaps > FAINT)).astype(np.uint8)
    if view.scale > 1:
        size = 2 * int(np.ceil(0.5 * view.scale)) + 1
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return np.asarray(mask > 0)


def _outlines(part: Mask, offset: tuple[int, int], view: Working) -> list[Thing]:
    contours, tree = cv2.findContours(part.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    nested = list(zip(contours, tree[0], strict=True))
    outer = max((c for c, t in nested if t[3] < 0), key=len)
    holes = [c for c, t in nested if t[3] >= 0 and cv2.contourArea(c) > LEAST]
    shift = np.array(offset, np.int32)
    return [
        thing_of(o.contour + shift, _colour(o.contour + shift, view), o.form, o.distance, filled=False,
                 hole=o.form == "circle")
        for o in decompose_strokes(part, outer, holes)
    ]  # fmt: skip


def _colour(contour: NDArray[Any], view: Working) -> NDArray[Any]:
    """The colour of an outline, from those of its points that are least mixed with the ground."""
    height, width = view.pixels.shape[:2]
    x, y = np.clip(contour[:, 0, 0], 0, width - 1), np.clip(contour[:, 0, 1], 0, height - 1)
    seen = view.pixels[y, x].astype(np.float32)
    ground = np.median(view.pixels[[0, -1]].reshape(-1, 3), axis=0)
    strength = np.linalg.norm(seen - ground, axis=1)
    return np.asarray(np.median(seen[strength >= np.percentile(strength, 60)], axis=0))

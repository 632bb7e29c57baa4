"""Drawn scenes: flat colours on a smooth background, cut into regions, strokes and forms."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.colours import colour_name
from maestro_graph.embedded.counter._ground import Ink
from maestro_graph.embedded.counter._outlines import decompose_strokes
from maestro_graph.embedded.counter._split import area_of, split_region
from maestro_graph.embedded.counter._things import Scene, Thing

__all__ = ["find_scene", "thing_of"]

Mask = NDArray[np.bool_]
MIN_SHARE = 3.5e-5  # of the picture: anything smaller is dirt


def thing_of(
    contour: NDArray[np.int32], rgb: NDArray[np.generic], form: str, distance: float, *, filled: bool, hole: bool
) -> Thing:
    """A thing from its outline in the working copy."""
    x, y, w, h = cv2.boundingRect(contour)
    red, green, blue = (int(round(float(v))) for v in rgb[:3])
    return Thing(
        contour=contour, rgb=(red, green, blue), colour=colour_name((red, green, blue)), form=form,
        distance=distance, filled=filled, area=area_of(contour), box=(x, y, x + w, y + h), hole=hole,
    )  # fmt: skip


def find_scene(ink: Ink) -> Scene:
    """Find the things of a drawn scene from its foreground colours."""
    height, width = ink.labels.shape
    least = max(9.0, MIN_SHARE * height * width)
    fore = ink.labels >= 0
    things: list[Thing] = []
    for index in range(len(ink.colours)):
        own = _bridged(ink.labels == index, fore)
        count, regions, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=8)
        for region in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[region])
            if area < least:
                continue
            if w >= 0.97 * width and h >= 0.97 * height and area < 0.25 * w * h:
                continue  # a frame around the picture
            window = (slice(y, y + h), slice(x, x + w))
            mine = regions[window] == region
            rgb = _own_colour(ink.rgb[window][mine], ink.gaps[window][mine])
            part = np.pad(mine, 2)
            around = _padded(fore, x, y, w, h)
            things += _things_of(part, around, rgb, (x - 2, y - 2), least)
    things = _without_borders(things)
    return Scene("flat colours", things, 0.0)


def _bridged(own: Mask, fore: Mask) -> Mask:
    """Join the pieces of a stroke where strokes of other colours run across it."""
    if not own.any():
        return own
    depth = cv2.distanceTransform(own.astype(np.uint8), cv2.DIST_L2, 5)
    half = float(depth.max())
    if half > max(6.0, 0.012 * max(own.shape)):
        return own
    reach = 2 * int(np.ceil(2 * half + 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    padded = np.pad(own.astype(np.uint8), reach)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    return np.asarray(own | ((closed > 0) & fore))


def _own_colour(pixels: NDArray[np.uint8], gaps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median colour of the pixels that are least mixed with the background."""
    clear = gaps >= np.percentile(gaps, 55)
    return np.asarray(np.median(pixels[clear], axis=0), dtype=np.float32)


def _padded(mask: Mask, x: int, y: int, w: int, h: int) -> Mask:
    """The window of a region with two pixels of margin, outside of the picture included."""
    out = np.zeros((h + 4, w + 4), bool)
    top, left = max(0, y - 2), max(0, x - 2)
    piece = mask[top : y + h + 2, left : x + w + 2]
    oy, ox = top - (y - 2), left - (x - 2)
    out[oy : oy + piece.shape[0], ox : ox + piece.shape[1]] = piece
    return out


def _things_of(part: Mask, fore: Mask, rgb: NDArray[np.float32], offset: tuple[int, int], least: float) -> list[Thing]:
    contours, tree = cv2.findContours(part.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = max((c for c, t in zip(contours, tree[0], strict=True) if t[3] < 0), key=len)
    holes = [
        c
        for c, t in zip(contours, tree[0], strict=True)
        if t[3] >= 0 and cv2.contourArea(c) > max(least, 0.01 * part.size)
    ]
    thick = 2.0 * float(cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5).max())
    own, full = float(part.sum()), area_of(outer)
    shift = np.array(offset, np.int32)
    stroke = thick < 0.3 * min(part.shape) or thick < 7
    if holes and own < 0.62 * full and stroke:
        open_holes = [h for h in holes if not _covered(h, fore & ~part)]
        if not open_holes:
            return []  # the border of things that are counted by themselves
        return [
            thing_of(o.contour + shift, rgb, o.form, o.distance, filled=False, hole=o.form == "circle")
            for o in decompose_strokes(part, outer, holes)
        ]
    if not holes and stroke and own < 0.5 * full and thick < 0.15 * max(part.shape):
        return [
            thing_of(o.contour + shift, rgb, o.form, o.distance, filled=False, hole=False)
            for o in decompose_strokes(part, outer, [])
        ]
    free = cv2.dilate((fore & ~part).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    free[:3], free[-3:], free[:, :3], free[:, -3:] = _sides_free(offset, free)
    open_hole = any(not _covered(h, fore & ~part) for h in holes)
    solid = np.zeros(part.shape, np.uint8)
    cv2.drawContours(solid, [outer], -1, 1, cv2.FILLED)
    return [
        thing_of(p.contour + shift, rgb, p.form.name, p.form.distance, filled=True, hole=open_hole)
        for p in split_region(solid > 0, free=free)
        if area_of(p.contour) >= least
    ]


def _sides_free(offset: tuple[int, int], free: Mask) -> tuple[NDArray[np.bool_], ...]:
    """Outline points on the picture's left and top border are the border's, not the shape's."""
    top = free[:3] & (offset[1] >= 0)
    left = free[:, :3] & (offset[0] >= 0)
    return top, free[-3:].copy(), left, free[:, -3:].copy()


def _covered(hole: NDArray[np.int32], other: Mask) -> bool:
    inside = np.zeros(other.shape, np.uint8)
    cv2.drawContours(inside, [hole], -1, 1, cv2.FILLED)
    inside = cv2.erode(inside, np.ones((3, 3), np.uint8))
    total = int(inside.sum())
    return total > 0 and float(other[inside > 0].mean()) > 0.75


def _without_borders(things: list[Thing]) -> list[Thing]:
    """Drop dust: what is far smaller than the things it comes with."""
    if len(things) < 3:
        return things
    typical = float(np.median([t.area for t in things]))
    return [t for t in things if t.area > 0.02 * typical]

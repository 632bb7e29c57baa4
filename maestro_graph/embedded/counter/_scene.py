"""Drawn scenes: flat colours on a smooth background, cut into regions, strokes and forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.colours import colour_name
from maestro_graph.embedded.counter._ground import Ink
from maestro_graph.embedded.counter._outlines import decompose_strokes
from maestro_graph.embedded.counter._split import area_of, split_region
from maestro_graph.embedded.counter._things import Box, Scene, Thing

__all__ = ["bridged", "find_scene", "thing_of"]

Mask = NDArray[Any]
MIN_SHARE = 3.5e-5  # of the picture: anything smaller is dirt
FEW_ALIKE = 4  # things from which one can say that they are alike
CRUMB = 3.2  # half width in pixels up to which a scrap at an edge is taken for a part of the edge


def thing_of(
    contour: NDArray[Any], rgb: NDArray[Any], form: str, distance: float, *, filled: bool, hole: bool
) -> Thing:
    """A thing from its outline in the working copy."""
    x, y, w, h = cv2.boundingRect(contour)
    red, green, blue = (round(float(v)) for v in rgb[:3])
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
    for patch in _patches(ink, fore, least):
        if patch.w >= 0.97 * width and patch.h >= 0.97 * height and patch.area < 0.25 * patch.w * patch.h:
            continue  # a frame around the picture
        things += _things_of(patch.mask, patch.fore, patch.rgb, (patch.x - 2, patch.y - 2), least)
    return Scene("flat colours", _without_gleams(_without_dust(things)), 0.0)


@dataclass(frozen=True, slots=True)
class _Patch:
    """One connected area of one colour: its window with two pixels of margin, its place, area and colour."""

    mask: Mask
    fore: Mask
    x: int
    y: int
    w: int
    h: int
    area: int
    rgb: NDArray[Any]

    def is_crumb(self, typical: float) -> bool:
        """Whether it is a thin scrap at the edge of something else."""
        if self.area > 0.1 * typical or self.half_width() > CRUMB:
            return False
        rim = cv2.dilate(self.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        rim &= ~self.mask
        return bool((self.fore & rim).sum() > 0.12 * rim.sum())

    def half_width(self) -> float:
        """Pixels from its outline to its middle."""
        return float(cv2.distanceTransform(self.mask.astype(np.uint8), cv2.DIST_L2, 5).max())


def _patches(ink: Ink, fore: Mask, least: float) -> list[_Patch]:
    """The connected areas of each colour, without scraps of edges."""
    patches = []
    for index in range(len(ink.colours)):
        own = bridged(ink.labels == index, fore)
        count, regions, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=8)
        for region in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[region])
            if area < least:
                continue
            window = (slice(y, y + h), slice(x, x + w))
            mine = regions[window] == region
            rgb = _own_colour(ink.rgb[window][mine], ink.gaps[window][mine])
            patches.append(_Patch(np.pad(mine, 2), _padded(fore, x, y, w, h), x, y, w, h, area, rgb))
    if not patches:
        return []
    areas = np.sort([p.area for p in patches])
    typical = float(areas[np.searchsorted(np.cumsum(areas), areas.sum() / 2)])
    return [p for p in patches if not p.is_crumb(typical)]


def bridged(own: Mask, fore: Mask, *, slant: float = 2.0) -> Mask:
    """Join the pieces of a stroke where strokes of other colours run across it, as aslant as `slant` widths."""
    if not own.any():
        return own
    depth = cv2.distanceTransform(own.astype(np.uint8), cv2.DIST_L2, 5)
    half = float(depth.max())
    if half > max(6.0, 0.012 * max(own.shape)):
        return own
    reach = 2 * int(np.ceil(slant * half + 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    padded = np.pad(own.astype(np.uint8), reach)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    added = (closed > 0) & fore & ~own
    return np.asarray(own | (added & ~_fillings(own, added, (2 * half) ** 2)))


def _fillings(own: Mask, added: Mask, least: float) -> Mask:
    """What a closed outline goes around, where closing would fill it wholly: the inside of a small bordered thing."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats((~own).astype(np.uint8), connectivity=4)
    reached = np.bincount(regions[added], minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    filled = (areas > least) & (reached > 0.5 * areas)
    filled[0] = False
    return np.asarray(filled[regions])


def _own_colour(pixels: NDArray[Any], gaps: NDArray[Any]) -> NDArray[Any]:
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


def _things_of(part: Mask, fore: Mask, rgb: NDArray[Any], offset: tuple[int, int], least: float) -> list[Thing]:
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
    others = fore & ~part
    if (
        holes
        and all(_covered(h, others) for h in holes)
        and ((own < 0.62 * full and stroke) or (len(holes) == 1 and _is_border(outer, holes[0], part.shape)))
    ):
        return []  # the border of things that are counted by themselves
    if holes and own < 0.62 * full and stroke:
        return [
            thing_of(o.contour + shift, rgb, o.form, o.distance, filled=False, hole=o.form == "circle")
            for o in decompose_strokes(part, outer, holes)
        ]
    if not holes and own < 0.5 * area_of(cv2.convexHull(outer)) and thick < 0.15 * max(part.shape):
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


def _is_border(outer: NDArray[Any], hole: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether what lies between an outline and its hole has about one width, and a small one."""
    solid = np.zeros(shape, np.uint8)
    cv2.drawContours(solid, [outer], -1, 1, cv2.FILLED)
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    widths = depth[hole[:, 0, 1], hole[:, 0, 0]]
    low, high = np.percentile(widths, (10, 90))
    return bool(high < 3.0 * max(low, 1.0) and high < 0.27 * min(shape))


def _sides_free(offset: tuple[int, int], free: Mask) -> tuple[NDArray[Any], ...]:
    """Outline points on the picture's left and top border are the border's, not the shape's."""
    top = free[:3] & (offset[1] >= 0)
    left = free[:, :3] & (offset[0] >= 0)
    return top, free[-3:].copy(), left, free[:, -3:].copy()


def _covered(hole: NDArray[Any], other: Mask) -> bool:
    inside = np.zeros(other.shape, np.uint8)
    cv2.drawContours(inside, [hole], -1, 1, cv2.FILLED)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0
    return bool(core.any()) and float(other[core].mean()) > 0.75


def _without_dust(things: list[Thing]) -> list[Thing]:
    """Drop dust: what is far smaller than the things it comes with."""
    if len(things) < 3:
        return things
    typical = float(np.median([t.area for t in things]))
    return [t for t in things if t.area > 0.02 * typical]


def _without_gleams(things: list[Thing]) -> list[Thing]:
    """Drop the highlights and shadows of photographed things: many scraps of all sizes at few large things alike."""
    if len(things) < 2 * FEW_ALIKE:
        return things
    areas = np.array([t.area for t in things])
    descending = np.sort(areas)[::-1]
    typical = float(descending[np.searchsorted(np.cumsum(descending), areas.sum() / 2)])
    large, scraps = areas > 0.25 * typical, areas < 0.12 * typical
    spread = [float(np.std(np.log(areas[kind]))) if kind.sum() >= FEW_ALIKE else None for kind in (large, scraps)]
    if spread[0] is None or spread[1] is None or spread[0] > 0.45 or spread[1] < 0.6 or scraps.sum() < large.sum():
        return things
    hosts = [t.box for t, is_large in zip(things, large, strict=True) if is_large]
    reach = 0.15 * float(np.sqrt(typical))
    return [t for t, is_scrap in zip(things, scraps, strict=True) if not (is_scrap and _beside(t.box, hosts, reach))]


def _beside(box: Box, hosts: list[Box], reach: float) -> bool:
    left, top, right, bottom = box
    return any(
        left < r + reach and right > x - reach and top < b + reach and bottom > y - reach for x, y, r, b in hosts
    )

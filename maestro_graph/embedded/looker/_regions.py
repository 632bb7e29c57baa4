"""Regions of one colour: found on a reduced copy, measured on the picture at its full size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maestro_graph.embedded.colours import COLOUR_NAMES, colour_labels, colour_name, oklab
from maestro_graph.embedded.counter._shapes import classify

__all__ = ["Region", "Scene", "survey"]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]

SIDE = 2048  # of the reduced copy: a target of 16 pixels in an 8K picture still has four
DETAIL = 90  # regions are measured at this many pixels a side, if the picture has them
MIN_SHARE = 1.5e-6  # of the picture's area; smaller ones are specks
MIN_PIXELS = 6
MAX_REGIONS = 240
MAX_PER_COLOUR = 60  # so that clutter in one colour does not crowd out a target in another
THIN = 2.6  # pixels: half-width up to which a region may be the rim of another one
BACKGROUND_SHARE = 0.08
GROUND_SLACK = 26  # levels of a channel: shading and noise of one ground
NEUTRAL = frozenset({"white", "black", "gray", "beige"})


@dataclass(frozen=True, slots=True)
class Region:
    """A connected region of one colour. Lengths in pixels of the original picture.

    Attributes:
        box: left, top, right, bottom.
        area: of the form, holes of an outlined form included.
        colour: its name; `rgb` is the median.
        form: a class of `counter._shapes`, `other` where it is none; `sure` is how well it fits, 0 to 1.
        vivid: chroma in OKLab, 0 (grey) to about 0.3.
        clean: share of its hull that it fills, 0 to 1.
        thick: mean width of its strokes; as wide as the form itself where it is filled.
        hollow: whether only its outline is drawn.
    """

    box: tuple[float, float, float, float]
    centre: tuple[float, float]
    area: float
    colour: str
    rgb: tuple[int, int, int]
    form: str
    sure: float
    vivid: float
    clean: float
    thick: float
    hollow: bool = False

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def words(self) -> str:
        return f"{self.colour} {self.form if self.form != 'other' else 'region'}"


@dataclass(frozen=True)
class Scene:
    """What was found in one picture.

    Attributes:
        regions: without the background, largest first.
        background: name of the colour around them; `background_share` is the share of the picture that it covers.
        shares: share of the picture by colour name.
    """

    width: int
    height: int
    regions: tuple[Region, ...]
    background: str
    background_rgb: tuple[int, int, int]
    background_share: float
    shares: dict[str, float]
    brightness: float
    vividness: float


def survey(picture: Image.Image) -> Scene:
    """Colours, background and regions of a picture of any size."""
    small = _reduced(picture)
    scale = picture.width / small.shape[1]
    calm = np.asarray(cv2.medianBlur(small, 3), np.uint8) if min(small.shape[:2]) > 64 else small
    names = colour_labels(calm)
    counts = np.bincount(names.ravel(), minlength=len(COLOUR_NAMES))
    shares = {COLOUR_NAMES[i]: float(counts[i] / names.size) for i in np.argsort(-counts) if counts[i]}
    ground = _background(calm)
    rgb = _median(calm[ground]) if ground.any() else _median(calm.reshape(-1, 3))
    found = _candidates(calm, names, ground)
    near = np.asarray(rgb, np.int16) if ground.any() else None
    measured = (_measure(picture, box, index, scale, near) for box, index in found)
    regions = [r for r in measured if r is not None]
    regions = _without_rims(_unique(regions))
    light = oklab(calm[::4, ::4])
    return Scene(
        width=picture.width,
        height=picture.height,
        regions=tuple(sorted(regions, key=lambda r: -r.area)),
        background=colour_name(rgb),
        background_rgb=rgb,
        background_share=float(ground.mean()),
        shares=shares,
        brightness=float(calm.mean() / 255),
        vividness=float(np.hypot(light[..., 1], light[..., 2]).mean()),
    )


def _reduced(picture: Image.Image) -> Pixels:
    longest = max(picture.size)
    if longest <= SIDE:
        return np.asarray(picture)
    scale = SIDE / longest
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return np.asarray(cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _median(pixels: Pixels) -> tuple[int, int, int]:
    red, green, blue = np.median(pixels.reshape(-1, 3)[:200_000], axis=0)
    return int(red), int(green), int(blue)


def _near(pixels: Pixels, colour: NDArray[np.int16]) -> NDArray[np.bool_]:
    gap: NDArray[np.int16] = np.abs(pixels.astype(np.int16) - colour).max(axis=2)
    return gap < GROUND_SLACK


def _background(pixels: Pixels) -> NDArray[np.bool_]:
    """Pixels near the commonest colour of the border, where that colour is common; else of the picture."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    for sample in (edge, pixels[:: max(1, pixels.shape[0] // 128), :: max(1, pixels.shape[1] // 128)].reshape(-1, 3)):
        codes = (sample >> 4).astype(np.int32) @ np.array([256, 16, 1])
        values, counts = np.unique(codes, return_counts=True)
        common = np.median(sample[codes == values[counts.argmax()]], axis=0)
        ground = _near(pixels, common.astype(np.int16))
        if ground.mean() > BACKGROUND_SHARE:
            return ground
    return ground


def _candidates(
    pixels: Pixels, names: NDArray[np.uint8], ground: NDArray[np.bool_]
) -> list[tuple[tuple[int, int, int, int], int]]:
    """Boxes (left, top, width, height) of connected regions of one colour name on the reduced copy."""
    least = max(MIN_PIXELS, MIN_SHARE * names.size)
    chroma = np.hypot(*np.moveaxis(oklab(pixels), 2, 0)[1:]) if names.size < 6_000_000 else None
    scored = []
    for index in np.unique(names):
        mask = ((names == index) & ~ground).astype(np.uint8)
        if not mask.any():
            continue
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        area = stats[1:, cv2.CC_STAT_AREA]
        wide, high = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
        fill = area / (wide * high)
        keep = np.flatnonzero((area >= least) & (np.minimum(wide, high) >= 2))
        if not keep.size:
            continue
        vivid = np.zeros(len(area))
        if chroma is not None and COLOUR_NAMES[index] not in NEUTRAL:
            total = np.bincount(labels.ravel(), weights=chroma.ravel(), minlength=len(area) + 1)[1:]
            vivid = total / area
        rare = 1.0 / np.sqrt(len(keep))
        worth = np.sqrt(area) * (0.3 + fill) * (0.15 + vivid * 4) * (0.5 + rare)
        for i in keep[np.argsort(-worth[keep])][:MAX_PER_COLOUR]:
            x, y, w, h = (int(v) for v in stats[i + 1, :4])
            scored.append((float(worth[i]), (x, y, w, h), int(index)))
    scored.sort(key=lambda s: -s[0])
    return [(box, index) for _, box, index in scored[:MAX_REGIONS]]


def _measure(
    picture: Image.Image,
    box: tuple[int, int, int, int],
    index: int,
    scale: float,
    ground: NDArray[np.int16] | None,
) -> Region | None:
    """Cut the box out of the picture at full size and measure the largest region of that colour in it."""
    x, y, w, h = (v * scale for v in box)
    pad = max(2 * scale, 3.0, 0.06 * max(w, h))
    left, top = max(0, int(x - pad)), max(0, int(y - pad))
    right, bottom = min(picture.width, int(x + w + pad) + 1), min(picture.height, int(y + h + pad) + 1)
    shrink = max(1.0, max(right - left, bottom - top) / (4 * DETAIL))
    crop = picture.crop((left, top, right, bottom))
    if shrink > 1.0:
        crop = crop.resize(
            (max(1, round(crop.width / shrink)), max(1, round(crop.height / shrink))), Image.Resampling.BOX
        )
    pixels = np.asarray(crop)
    if min(pixels.shape[:2]) > 20:
        pixels = cv2.medianBlur(pixels, 3)
    mask = (colour_labels(pixels) == index).astype(np.uint8)
    if ground is not None:
        mask[_near(pixels, ground)] = 0
    mask = np.pad(mask, 1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    main = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return _describe(pixels, (labels == main).astype(np.uint8), left, top, shrink)


def _describe(pixels: Pixels, mask: NDArray[np.uint8], left: int, top: int, shrink: float) -> Region | None:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)
    if len(contour) < 4:
        return None
    own = float(mask.sum())
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    whole = float(filled.sum())
    hull = max(1.0, float(cv2.contourArea(cv2.convexHull(contour))) + len(contour) / 2)
    form = classify(np.asarray(contour, np.int32))
    hollow = own < 0.6 * whole
    x, y, w, h = cv2.boundingRect(contour)
    moments = cv2.moments(filled, binaryImage=True)
    cx, cy = moments["m10"] / moments["m00"] - 1, moments["m01"] / moments["m00"] - 1
    core = cv2.erode(mask, np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
    rgb = _median(pixels[core] if core.sum() > 5 else pixels[mask[1:-1, 1:-1] > 0])
    lab = oklab(np.array(rgb, dtype=np.float32))
    name = form.name if form.distance < 0.14 else "other"
    if name == "circle" and hollow and own > 0.2 * whole:
        name = "ring"
    return Region(
        box=(left + (x - 1) * shrink, top + (y - 1) * shrink, left + (x - 1 + w) * shrink, top + (y - 1 + h) * shrink),
        centre=(left + cx * shrink, top + cy * shrink),
        area=whole * shrink * shrink,
        colour=colour_name(rgb),
        rgb=rgb,
        form=name,
        sure=max(0.0, 1.0 - form.distance / 0.2),
        vivid=float(np.hypot(lab[1], lab[2])),
        clean=min(1.0, whole / hull),
        thick=2 * own / max(1.0, _outline(mask)) * shrink,
        hollow=hollow,
    )


def _outline(mask: NDArray[np.uint8]) -> float:
    """Length of all outlines of a mask, those of holes included."""
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return float(sum(cv2.arcLength(c, closed=True) for c in contours))


def _overlap(a: Region, b: Region) -> float:
    """Intersection of the boxes over their union."""
    wide = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    high = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    return both / (a.width * a.height + b.width * b.height - both)


def _unique(regions: list[Region]) -> list[Region]:
    out: list[Region] = []
    for region in regions:
        if all(_overlap(region, other) < 0.9 or region.colour != other.colour for other in out):
            out.append(region)
    return out


def _covered(a: Region, b: Region) -> float:
    """Share of the box of `a` that lies in that of `b`, which is taken a stroke of `a` larger."""
    room = 2 * a.thick + 1
    wide = min(a.box[2], b.box[2] + room) - max(a.box[0], b.box[0] - room)
    high = min(a.box[3], b.box[3] + room) - max(a.box[1], b.box[1] - room)
    return max(0.0, wide) * max(0.0, high) / max(1.0, a.width * a.height)


def _without_rims(regions: list[Region]) -> list[Region]:
    """Drop outlines of filled regions, and the soft edges between a region and its ground."""

    def rim(a: Region, b: Region) -> bool:
        thin = a.thick < 0.3 * max(a.width, a.height) and a.thick < 0.5 * b.thick
        form = b.clean > 0.5 and b.sure > 0.3 and b.width * b.height < 40 * a.width * a.height
        return thin and form and _covered(a, b) > 0.8 and (a.hollow or a.clean < 0.6 or a.area < 0.2 * b.area)

    return [a for a in regions if not any(rim(a, b) for b in regions if b is not a)]

"""Ground and ink: which pixels of a drawn scene are background, and which colours lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.colours import oklab
from maestro_graph.embedded.counter._tidy import between, tidy

__all__ = ["Ink", "denoise", "find_ground", "find_ink", "noise_of"]

Byte = NDArray[Any]
Float = NDArray[Any]
Mask = NDArray[Any]
FIT_SIDE = 96
FLARE = 28.0  # added light, as in any view of a picture: OKLab spreads near-blacks that nobody can tell apart
SAME_INK = 0.075  # OKLab distance below which two flat areas are one colour


def noise_of(rgb: Byte) -> float:
    """Standard deviation of the pixel noise, in 8-bit levels, from what a small median filter removes."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    gap = np.abs(gray.astype(np.int16) - cv2.medianBlur(gray, 3))
    return float(np.percentile(gap, 60)) * 1.25


def denoise(rgb: Byte, noise: float) -> Byte:
    """Take the grain out, keeping edges."""
    if noise < 1.5:
        return rgb
    smooth = cv2.medianBlur(rgb, 3 if noise < 6 else 5)
    return np.asarray(cv2.bilateralFilter(smooth, 7, max(12.0, 2.5 * noise), 4), dtype=np.uint8)


def _terms(x: Float, y: Float, degree: int) -> Float:
    columns = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.stack(columns, axis=-1).astype(np.float32)


def _surface(fit: Float, degree: int, width: int, height: int) -> Float:
    """The values (H, W, 3) of a fit over `_terms`, as products of powers of the two axes."""
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    grid = np.zeros((degree + 1, degree + 1, fit.shape[1]), np.float32)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    for (i, j), row in zip(powers, fit, strict=True):
        grid[j, i] = row
    over_x = np.stack([x**i for i in range(degree + 1)]).astype(np.float32)
    over_y = np.stack([y**j for j in range(degree + 1)], axis=1).astype(np.float32)
    planes = [over_y @ (grid[..., channel] @ over_x) for channel in range(fit.shape[1])]
    return np.asarray(cv2.merge(planes))


def _seed(lab: Float) -> Mask:
    """Pixels of the commonest colour, those at the picture's rim counting more."""
    height, width = lab.shape[:2]
    weight = np.ones((height, width), np.float32)
    rim = max(1, min(height, width) // 16)
    inner = np.zeros((height, width), bool)
    inner[rim:-rim, rim:-rim] = True
    weight[~inner] = 2.5
    bins = np.round(lab / 0.05).astype(np.int32)
    keys = (bins[..., 0] * 64 + bins[..., 1]) * 64 + bins[..., 2]
    unique, inverse = np.unique(keys.ravel(), return_inverse=True)
    totals = np.bincount(inverse, weights=weight.ravel())
    winner = lab.reshape(-1, 3)[inverse == totals.argmax()].mean(axis=0)
    del unique
    return np.asarray(np.linalg.norm(lab - winner, axis=2) < 0.06)


def find_ground(lab: Float) -> tuple[Float, float, float, Float]:
    """Fit a smooth surface to the background colour of an OKLab picture (H, W, 3).

    Returns the distance of each pixel from it (H, W), the spread of the background around it, the share of the
    picture that is background, and the surface (H, W, 3).
    """
    height, width = lab.shape[:2]
    scale = min(1.0, FIT_SIDE / max(height, width))
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_NEAREST)
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    inlier = _seed(small)
    fit, degree = np.zeros((1, 3), np.float32), 0
    for degree in (0, 1, 1, 1, 2, 2, 3, 3, 3):
        if inlier.sum() < 12:
            break
        terms = _terms(x, y, degree)
        fit = np.linalg.lstsq(terms[inlier], small[inlier], rcond=None)[0].astype(np.float32)
        gaps = np.linalg.norm(small - terms @ fit, axis=2)
        spread = float(np.median(gaps[inlier])) * 1.5
        inlier = gaps < max(0.025, 3.0 * spread)
    ground = _surface(fit, degree, width, height)
    gaps = np.linalg.norm(lab - ground, axis=2).astype(np.float32)
    near = gaps[gaps < 0.12]
    spread = float(np.median(near)) * 1.5 if near.size else 0.0
    return gaps, spread, float((gaps < max(0.03, 3 * spread)).mean()), ground


@dataclass(frozen=True, slots=True)
class Ink:
    """Foreground in flat colours.

    Attributes:
        labels: index of each pixel's colour (H, W), -1 for background.
        colours: their OKLab values (N, 3).
        rgb: the picture without its grain (H, W, 3).
        gaps: distance of each pixel's colour from the background (H, W).
        ground: share of the picture that is background.
    """

    labels: NDArray[Any]
    colours: Float
    rgb: Byte
    gaps: Float
    ground: float


def find_ink(rgb: Byte, noise: float) -> Ink:
    """Tell the foreground of a drawn scene from its background and sort it into flat colours."""
    clean = denoise(rgb, noise)
    lab = oklab(clean * np.float32(1 - FLARE / 255) + np.float32(FLARE))
    gaps, spread, share, ground = find_ground(lab)
    level = max(0.045, 4.0 * spread)
    fore = gaps > level
    flat, ridge = _core(lab, gaps, fore, spread)
    core = flat | ridge
    if core.sum() < 4:
        return Ink(np.full(gaps.shape, -1, np.int32), np.zeros((0, 3), np.float32), clean, gaps, share)
    under = np.median(ground.reshape(-1, 3)[:: max(1, ground.size // 3000)], axis=0)
    peaks = _peaks(lab[flat], under, np.zeros((0, 3), np.float32), max(4.0, 0.002 * float(core.sum())))
    peaks = _peaks(lab[ridge], under, peaks, max(4.0, 0.004 * float(core.sum())))
    nearest = _nearest(lab[core], peaks)
    labels = np.full(gaps.shape, -1, np.int32)
    labels[core] = nearest
    labels = _spread(labels, core, fore)
    labels = _trim(labels, gaps, core, len(peaks))
    for _ in range(2):
        labels = tidy(labels, peaks, lab, ground)
    return Ink(labels, peaks, clean, gaps, share)


def _core(lab: Float, gaps: Float, fore: Mask, spread: float) -> tuple[Mask, Mask]:
    """Foreground pixels that show a true colour: flat surroundings, and the ridges of thin strokes."""
    cross = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
    step = np.zeros(gaps.shape, np.float32)
    for channel in range(3):
        plane = np.ascontiguousarray(lab[..., channel])
        step = np.maximum(step, cv2.dilate(plane, cross) - cv2.erode(plane, cross))
    flat = fore & (step < max(0.05, 5.0 * spread))
    reach = cv2.dilate(flat.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ridge = fore & ~reach & (gaps >= cv2.dilate(gaps, np.ones((3, 3), np.uint8)) * 0.93)
    return flat, ridge


def _peaks(lab: Float, under: Float, known: Float, floor: float) -> Float:
    """The flat colours among pixels (N, 3), commonest and strongest first, none within `SAME_INK` of another.

    Colours that are mixtures of the background and a known one are blurred strokes, not colours of their own.
    """
    peaks: list[Float] = list(known)
    if not len(lab):
        return known
    bins = np.round(lab / 0.03).astype(np.int32)
    keys = (bins[:, 0] * 128 + bins[:, 1]) * 128 + bins[:, 2]
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(inverse, weights=lab[:, c]) for c in range(3)], axis=1)
    means = (sums / counts[:, None]).astype(np.float32)
    weight = counts * (np.linalg.norm(means - under, axis=1) ** 2 if len(known) else 1.0)
    for index in np.argsort(-weight):
        if counts[index] < floor or len(peaks) >= 24:
            continue
        if all(np.linalg.norm(means[index] - p) > SAME_INK for p in peaks) and not (
            len(known) and any(between(means[index], under, p) for p in peaks)
        ):
            peaks.append(means[index])
    if not peaks:
        peaks = [means[counts.argmax()]]
    return np.array(peaks, dtype=np.float32)


def _nearest(lab: Float, peaks: Float) -> NDArray[Any]:
    best = np.zeros(len(lab), np.int32)
    least = np.full(len(lab), np.inf, np.float32)
    for index, peak in enumerate(peaks):
        gap = np.linalg.norm(lab - peak, axis=1)
        closer = gap < least
        best[closer], least[closer] = index, gap[closer]
    return best


def _spread(labels: NDArray[Any], core: Mask, fore: Mask) -> NDArray[Any]:
    """Give every foreground pixel the label of the nearest core pixel, up to three pixels away."""
    distance, zones = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.full(int(zones.max()) + 1, -1, np.int32)
    table[zones[core]] = labels[core]
    near = fore & ~core & (distance <= 3.0)
    labels = labels.copy()
    labels[near] = table[zones[near]]
    return labels


def _trim(labels: NDArray[Any], gaps: Float, core: Mask, count: int) -> NDArray[Any]:
    """Put the half of an anti-aliased edge that is mostly background back to the background."""
    for index in range(count):
        own = labels == index
        inner = gaps[own & core]
        if inner.size:
            labels[own & ~core & (gaps < 0.5 * float(np.median(inner)))] = -1
    return labels

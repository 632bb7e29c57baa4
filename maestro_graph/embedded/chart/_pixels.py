"""The picture as a few flat colours: which there are, which pixel has which, which are background."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.ocr import TextBox

__all__ = ["Colours", "colour_name", "find_colours"]

_BITS = 5
_MERGE = 26.0  # colours nearer than this are one
_TAKE = 40.0  # how far a pixel may be from its colour
_MOST = 40
_PANEL = 48.0  # panels are pale or dark: their channels differ by less than this


@dataclass(frozen=True, slots=True)
class Colours:
    """A picture in flat colours.

    Attributes:
        rgb: the picture (H, W, 3).
        palette: the colours (K, 3), by how much there is of them.
        labels: (H, W), index into the palette, -1 for pixels in between.
        background: indices of the page's and the panel's colours.
        text: (H, W), true where text stands.
    """

    rgb: NDArray[np.uint8]
    palette: NDArray[np.float32]
    labels: NDArray[np.int16]
    background: frozenset[int]
    text: NDArray[np.bool_]

    @property
    def marks(self) -> list[int]:
        """Indices of the colours that are no background."""
        return [k for k in range(len(self.palette)) if k not in self.background]

    def mask(self, colour: int) -> NDArray[np.uint8]:
        return np.asarray(self.labels == colour, np.uint8)

    def contrast(self, colour: int) -> float:
        """How far a colour is from the nearest background colour (RGB distance)."""
        return min(float(np.linalg.norm(self.palette[colour] - self.palette[b])) for b in self.background)

    def nearest(self, rgb: NDArray[np.float32] | tuple[float, ...], colours: list[int]) -> tuple[int, float] | None:
        """The one of `colours` nearest to an RGB colour, and how far it is."""
        if not colours:
            return None
        far = np.linalg.norm(self.palette[colours] - np.asarray(rgb, np.float32), axis=1)
        at = int(np.argmin(far))
        return colours[at], float(far[at])


def find_colours(rgb: NDArray[np.uint8], boxes: tuple[TextBox, ...]) -> Colours:
    """Flat colours of a picture, the page and the panel told from the marks."""
    height, width = rgb.shape[:2]
    bins = (rgb >> (8 - _BITS)).astype(np.int32)
    index = (bins[..., 0] << (2 * _BITS)) | (bins[..., 1] << _BITS) | bins[..., 2]
    flat = index.ravel()
    counts = np.bincount(flat, minlength=1 << (3 * _BITS))
    used = np.flatnonzero(counts)
    means = np.stack(
        [np.bincount(flat, rgb[..., c].ravel(), minlength=len(counts))[used] / counts[used] for c in range(3)], axis=1
    ).astype(np.float32)
    least = max(20, int(0.00012 * height * width))
    palette = _peaks(means, counts[used], least)
    far = np.linalg.norm(means[:, None, :] - palette[None], axis=2)
    table = np.full(len(counts), -1, np.int16)
    table[used] = np.where(far.min(axis=1) <= _TAKE, far.argmin(axis=1), -1)
    labels = table[index]
    text = np.zeros((height, width), np.uint8)
    for box in boxes:
        cv2.fillPoly(text, [np.round(np.array(box.quad)).astype(np.int32)], 1)
    return Colours(rgb, palette, labels, _background(labels, palette), text.astype(bool))


def _peaks(means: NDArray[np.float32], counts: NDArray[np.int64], least: int) -> NDArray[np.float32]:
    peaks: list[NDArray[np.float32]] = []
    for k in np.argsort(-counts):
        if (counts[k] < least and peaks) or len(peaks) >= _MOST:
            break
        if all(np.linalg.norm(means[k] - peak) >= _MERGE for peak in peaks):
            peaks.append(means[k])
    return np.array(peaks, np.float32)


def _background(labels: NDArray[np.int16], palette: NDArray[np.float32]) -> frozenset[int]:
    """The colour of the border, and colours whose rectangle frames most of the picture (panels)."""
    count = len(palette)
    height, width = labels.shape
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    rim = rim[rim >= 0]
    page = int(np.bincount(rim, minlength=count).argmax()) if rim.size else 0
    found = {page}
    for colour in range(count):
        if colour == page:
            continue
        mask = labels == colour
        if mask.mean() < 0.08 or float(np.ptp(palette[colour])) > _PANEL:
            continue
        ys, xs = _busy(mask.sum(axis=1)), _busy(mask.sum(axis=0))
        top, bottom, left, right = ys[0], ys[-1], xs[0], xs[-1]
        if (bottom - top) < 0.25 * height or (right - left) < 0.3 * width:
            continue
        inner = mask[top : bottom + 1, left : right + 1]
        depth = max(2, min(inner.shape) // 50)
        edges = [inner[:depth].max(0), inner[-depth:].max(0), inner[:, :depth].max(1), inner[:, -depth:].max(1)]
        corners = (inner[:depth, :depth], inner[:depth, -depth:], inner[-depth:, :depth], inner[-depth:, -depth:])
        cornered = sum(bool(corner.any()) for corner in corners)
        if cornered >= 2 and sum(float(edge.mean()) > 0.6 for edge in edges) >= 3:
            found.add(colour)
    return frozenset(found)


def _busy(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows (or columns) that hold a fair part of a colour, stray pixels elsewhere left out."""
    return np.flatnonzero(counts >= 0.15 * counts.max())


_HUES = (
    (14, "red"),
    (42, "orange"),
    (68, "yellow"),
    (165, "green"),
    (200, "cyan"),
    (255, "blue"),
    (292, "purple"),
    (338, "pink"),
    (361, "red"),
)


def colour_name(rgb: tuple[float, ...] | NDArray[np.float32]) -> str:
    """An everyday word for an RGB colour."""
    red, green, blue = (float(c) / 255 for c in rgb)
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if light > 0.93:
        return "white"
    if light < 0.09:
        return "black"
    if saturation < 0.14 or max(red, green, blue) - min(red, green, blue) < 0.09:
        return "black" if light < 0.16 else "gray" if light < 0.9 else "white"
    name = next(word for end, word in _HUES if hue * 360 < end)
    if name in {"orange", "red"} and light < 0.36 and 8 < hue * 360 < 42:
        return "brown"
    if name == "cyan" and light < 0.45:
        return "teal"
    return name

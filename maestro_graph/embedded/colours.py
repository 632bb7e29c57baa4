"""Names for colours and back: the dozen words people use, against any RGB value.

A colour gets the name of the nearest of some hundred anchor colours in OKLab, whose hue lines stay straight
(blue does not drift to purple when it gets lighter). Lightness counts less than hue and chroma, so shade and
light change little. Used by every expert that reads colours, so that "purple" means one thing.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COLOUR_NAMES",
    "canonical_colour",
    "colour_distance",
    "colour_labels",
    "colour_mask",
    "colour_name",
    "oklab",
]

_ANCHORS: dict[str, str] = {
    "black": "000000 111111 1c1c1c 0a0a14 14100a 222222 0a140a",
    "gray": "808080 696969 555555 444444 a0a0a0 b4b4b4 c8c8c8 708090 778899 607080 7f7f7f 5c5650 d0d0d0 9a938c",
    "white": "ffffff f4f4f4 fffff0 f5fffa f8f8ff fff5ee ebebeb faf0e6 f0fff0 f0f8ff e8eef2",
    "red": "ff0000 dc143c b22222 8b0000 d62728 e41a1c cd5c5c f44336 a01010 ff3b30 c0392b e6194b 700808 e05050",
    "orange": "ffa500 ff7f0e ff8c00 ff7f50 ff9800 f28e2b e67e22 ff6a10 ffb347 ff8247 d2691e fdae61 f58231 cc6600",
    "yellow": "ffff00 ffd700 ffeb3b f1c40f fff176 edc948 cccc00 bcbd22 ffff99 b5a300 ffe119 ffe866 dede30 fada5e",
    "green": "00ff00 008000 2ca02c 006400 228b22 32cd32 90ee90 4caf50 556b2f 6b8e23 9acd32 3cb44b "
    "59a14f 1b4d1b 2ecc71 8fbc8f 2e8b57 00ff7f 80ff40 adff2f a0d080 0f300f c5e8c0 27ae60 00b050 "
    "98df8a",
    "cyan": "00ffff 40e0d0 00ced1 20b2aa 17becf 008b8b 008080 76b7b2 5f9ea0 a0f0f0 1abc9c 00bcd4 46f0f0 7fffd4",
    "blue": "0000ff 000080 1f77b4 4169e1 4682b4 1e90ff 2196f3 87ceeb 6495ed 4e79a7 00bfff 191970 "
    "add8e6 3498db 0b3d91 0072b2 6a5acd 4363d8 5b7fa6 10204a aec7e8",
    "purple": "800080 9467bd 8a2be2 4b0082 9932cc 9b59b6 a020f0 673ab7 7b2d8b 9370db b07aa1 c39bd3 "
    "501060 dda0dd 911eb4 6a0dad 984ea3 b19cd9 30083a 5e35b1",
    "magenta": "ff00ff c71585 e91e90 d020d0 b0009c f032e6 cc0099 ff40e0",
    "pink": "ffc0cb ff69b4 ffb6c1 ff1493 f781bf e377c2 ff9da7 ff80c0 f06292 d87093 ffaec9 f7b6d2 fa8fb1 e88ba0",
    "brown": "8b4513 a52a2a 5c3317 8c564b a0522d 9c755f 964b00 795548 6f4e37 654321 3d2314 7b3f00 b8763a 9a6324",
    "beige": "f5f5dc ffe4c4 d2b48c f5deb3 deb887 ffdab9 e8d5b0 c8ad7f fffac8 ead2ac",
}

COLOUR_NAMES: tuple[str, ...] = tuple(_ANCHORS)

_SYNONYMS = {
    "grey": "gray", "silver": "gray", "violet": "purple", "lavender": "purple", "lilac": "purple",
    "indigo": "purple", "mauve": "purple", "plum": "purple", "fuchsia": "magenta", "teal": "cyan",
    "turquoise": "cyan", "aqua": "cyan", "aquamarine": "cyan", "gold": "yellow", "golden": "yellow",
    "mustard": "yellow", "lime": "green", "olive": "green", "emerald": "green", "navy": "blue",
    "azure": "blue", "sky": "blue", "crimson": "red", "maroon": "red", "scarlet": "red", "ruby": "red",
    "rose": "pink", "salmon": "pink", "coral": "orange", "tan": "beige", "cream": "beige",
    "khaki": "beige", "ivory": "white", "chocolate": "brown", "bronze": "brown", "amber": "orange",
    "peach": "beige", "cobalt": "blue", "charcoal": "gray",
}  # fmt: skip

_LIGHTNESS_WEIGHT = 0.55
_BITS = 5


def canonical_colour(word: str) -> str | None:
    """The name in `COLOUR_NAMES` that a word means ("violet" -> "purple", "reddish" -> "red"), or `None`."""
    key = word.strip().lower()
    for prefix in ("light", "dark", "bright", "deep", "pale", "vivid"):
        key = key.removeprefix(prefix).lstrip(" -")
    key = _SYNONYMS.get(key, key)
    if key in _ANCHORS:
        return key
    if key.endswith("ish"):
        stem = key[:-3]
        options = (stem, stem + "e", stem[:-1])
        return next((_SYNONYMS.get(o, o) for o in options if _SYNONYMS.get(o, o) in _ANCHORS), None)
    return None


def oklab(rgb: NDArray[np.generic] | tuple[float, float, float]) -> NDArray[np.float32]:
    """8-bit sRGB values, any shape (..., 3), as OKLab (..., 3): L 0 to 1, a and b about -0.4 to 0.4."""
    srgb = np.asarray(rgb, dtype=np.float32) / np.float32(255.0)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    to_lms = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929],
         [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]], dtype=np.float32,
    )  # fmt: skip
    to_lab = np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468],
         [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]], dtype=np.float32,
    )  # fmt: skip
    return np.asarray(np.cbrt(linear @ to_lms.T) @ to_lab.T, dtype=np.float32)


def _weighted(rgb: NDArray[np.generic] | tuple[float, float, float]) -> NDArray[np.float32]:
    return np.asarray(oklab(rgb) * np.array([_LIGHTNESS_WEIGHT, 1.0, 1.0], dtype=np.float32), dtype=np.float32)


@cache
def _anchors() -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    rows, owners = [], []
    for index, name in enumerate(COLOUR_NAMES):
        for code in _ANCHORS[name].split():
            rows.append([int(code[i : i + 2], 16) for i in (0, 2, 4)])
            owners.append(index)
    return _weighted(np.array(rows)), np.array(owners)


def _name_distances(rgb: NDArray[np.generic]) -> NDArray[np.float32]:
    """Distance of each of N colours (N, 3) to each name's nearest anchor: (N, names)."""
    points, owners = _anchors()
    gaps = np.linalg.norm(_weighted(rgb)[:, None, :] - points[None], axis=2)
    return np.stack([gaps[:, owners == i].min(axis=1) for i in range(len(COLOUR_NAMES))], axis=1)


@cache
def _table() -> NDArray[np.uint8]:
    """Index into `COLOUR_NAMES` for each RGB value of `_BITS` bits a channel."""
    size = 1 << _BITS
    levels = (np.arange(size) * (255 / (size - 1))).astype(np.float32)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    parts = [_name_distances(part).argmin(axis=1) for part in np.array_split(grid, 8)]
    return np.concatenate(parts).astype(np.uint8).reshape(size, size, size)


def colour_labels(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Index into `COLOUR_NAMES` of each pixel of an RGB array (..., 3)."""
    size = 1 << _BITS
    steps = (np.asarray(rgb, dtype=np.uint16) * (size - 1) + 127) // 255
    return np.asarray(_table()[steps[..., 0], steps[..., 1], steps[..., 2]], dtype=np.uint8)


def colour_name(rgb: tuple[float, float, float] | NDArray[np.generic]) -> str:
    """The everyday name of one 8-bit RGB colour."""
    values = np.asarray(rgb, dtype=np.float32).reshape(1, -1)[:, :3]
    return COLOUR_NAMES[int(_name_distances(values)[0].argmin())]


def colour_distance(rgb: tuple[float, float, float] | NDArray[np.generic], name: str) -> float:
    """How far an RGB colour is from being called `name`: 0 where it is, growing with the OKLab distance.

    The difference between the distance to that name's nearest anchor and to the nearest of all; below 0.03
    two people may disagree about the name.
    """
    index = COLOUR_NAMES.index(_known(name))
    gaps = _name_distances(np.asarray(rgb, dtype=np.float32).reshape(1, -1)[:, :3])[0]
    return float(gaps[index] - gaps.min())


def colour_mask(rgb_array: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """Which pixels of an RGB array (H, W, 3) carry the name (or a synonym of it): bool (H, W).

    Raises:
        ValueError: for a word that is no colour; the message lists the names.
    """
    return np.asarray(colour_labels(rgb_array) == COLOUR_NAMES.index(_known(name)))


def _known(name: str) -> str:
    found = canonical_colour(name)
    if found is None:
        raise ValueError(f"{name!r} is no colour name; use one of: {', '.join(COLOUR_NAMES)}")
    return found

"""Photographs that ship in packages, and textures like them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image

from preview_pictures._base import SOURCES, Pixels, Rng, places, source


@cache
def _photo_files(origin: str) -> tuple[Path, ...]:
    import skimage
    import sklearn.datasets

    if origin == "scikit-image":
        names = (
            "coffee astronaut camera gravel brick grass moon ihc cell chelsea coins motorcycle_left hubble_deep_field "
            "rocket retina"
        )
        folder = Path(skimage.__file__).parent / "data"
        return tuple(next(folder.glob(f"{name}.*")) for name in names.split())
    if origin == "scikit-learn":
        return tuple(sorted((Path(sklearn.datasets.__file__).parent / "images").glob("*.jpg")))
    return (Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg"),)


def photo(rng: Rng, origin: str = "scikit-image") -> Pixels:
    """A crop of a photograph, at some scale, brightness and JPEG quality, sometimes inverted or grey."""
    files = _photo_files(origin)
    picture = Image.open(files[rng.integers(len(files))]).convert("RGB")
    share = rng.uniform(0.45, 1.0)
    width, height = int(picture.width * share), int(picture.height * share)
    left, top = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    picture = picture.crop((left, top, left + width, top + height))
    scale = rng.uniform(0.6, 2.0)
    pixels = np.asarray(picture.resize((max(64, int(width * scale)), max(64, int(height * scale)))))
    if rng.random() < 0.3:  # smooth, as larger photographs are when they are scaled down
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1, 3))
    pixels = np.clip(pixels * rng.uniform(0.7, 1.3) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        pixels = 255 - pixels
    if rng.random() < 0.15:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    return np.rot90(pixels, rng.integers(4)) if rng.random() < 0.2 else pixels


for _origin in ("scikit-image", "scikit-learn", "matplotlib"):
    SOURCES["photo", _origin] = lambda rng, origin=_origin: photo(rng, origin)


@source("photo", "synthetic")
def photo_synthetic(rng: Rng) -> Pixels:
    """What photographs share: colour that varies at every scale, soft edges, uneven light, grain."""
    width, height = int(rng.integers(300, 1200)), int(rng.integers(300, 900))
    total, fall = np.zeros((height, width, 3), np.float32), rng.uniform(0.35, 0.8)
    for octave in range(1, 9):
        cells = rng.normal(0, 1, (2**octave, 2**octave, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        layer = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
        total += fall**octave * layer.reshape(height, width, -1)
    total = 128 + total / total.std() * rng.uniform(8, 60)
    for x, y, r in places(rng, width, height) if rng.random() < 0.6 else []:
        mask = np.zeros((height, width, 1), np.float32)
        cv2.ellipse(mask, (int(x), int(y)), (int(r), int(r * rng.uniform(0.6, 1))), 0, 0, 360, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(1, r / 12)).reshape(height, width, 1)
        total = total * (1 - mask) + mask * (0.4 * total + rng.uniform(0, 150, 3))
    light = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), height)[:, None, None]
    pixels = np.clip(total * light + rng.normal(0, rng.uniform(0, 8), total.shape), 0, 255).astype(np.uint8)
    return np.repeat(pixels[:, :, :1], 3, axis=2) if rng.random() < 0.3 else pixels

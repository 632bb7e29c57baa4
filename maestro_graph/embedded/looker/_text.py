"""Text on a region: read on an enlarged crop of the original."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image

from maestro_graph.embedded.ocr import TextBox, ocr_array
from maestro_graph.images import MaestroImage

__all__ = ["text_on"]

TARGET = 320  # pixels: small regions are enlarged until their shorter side has about this
LARGEST = 1600


def text_on(image: MaestroImage, box: tuple[float, float, float, float], unit: str) -> tuple[str, float] | None:
    """Text within a box and its score, None where there is none. `unit`: letter, number, digit, word or empty."""
    picture = image.rgb()
    left, top, right, bottom = box
    pad = 0.08 * max(right - left, bottom - top)
    bounds = (
        max(0, round(left - pad)), max(0, round(top - pad)),
        min(picture.width, round(right + pad)), min(picture.height, round(bottom + pad)),
    )  # fmt: skip
    crop = picture.crop(bounds)
    if min(crop.size) < 4:
        return None
    scale = min(max(1.0, TARGET / min(crop.size)), 12.0)
    scale = min(scale, LARGEST / max(crop.size))
    resized = crop.resize(
        (max(1, round(crop.width * scale)), max(1, round(crop.height * scale))), Image.Resampling.BICUBIC
    )
    best: tuple[str, float] | None = None
    pixels = np.asarray(resized)
    wide = round(0.25 * max(pixels.shape[:2]))
    framed = np.pad(pixels, ((wide, wide), (wide, wide), (0, 0)), mode="edge")
    for attempt in (pixels, framed):
        read = _joined(ocr_array(attempt), unit)
        if read is not None and (best is None or read[1] > best[1]):
            best = read
        if best is not None and best[1] > 0.85:
            break
    return best


def _joined(boxes: tuple[TextBox, ...], unit: str) -> tuple[str, float] | None:
    ordered = sorted(boxes, key=lambda b: (round(b.center[1] / max(8.0, b.box[3] - b.box[1])), b.center[0]))
    text = " ".join(b.text for b in ordered).strip()
    if not text:
        return None
    score = sum(b.score for b in ordered) / len(ordered)
    if unit in ("number", "digit"):
        match = re.search(r"[-+]?\d+(?:[.,]\d+)*", text)
        return (match.group(), score) if match else None
    if unit in ("letter", "character"):
        letters = [c for c in text if c.isalnum()]
        return ("".join(letters) if len(letters) <= 3 else letters[0], score) if letters else None
    return text, score

"""Text on a region: read on an enlarged crop of the original."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maestro_graph.embedded._ocr_models import recognise
from maestro_graph.embedded.ocr import TextBox, ocr_array
from maestro_graph.images import MaestroImage

__all__ = ["text_on"]

TARGET = 320  # pixels: small regions are enlarged until their shorter side has about this
LARGEST = 1600
SURE = 0.9


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
    pixels = np.asarray(resized)
    wide = round(0.25 * max(pixels.shape[:2]))
    framed = np.pad(pixels, ((wide, wide), (wide, wide), (0, 0)), mode="edge")
    best: tuple[str, float] | None = None
    for read, seen in ((ocr_array, pixels), (_inner, pixels), (ocr_array, framed)):
        found = _joined(read(seen), unit)
        if found is not None and (best is None or found[1] > best[1]):
            best = found
        if best is not None and best[1] > SURE:
            break
    return best


def _inner(pixels: NDArray[np.uint8]) -> tuple[TextBox, ...]:
    """Read the middle of a region as one line, without looking for lines first: one letter in a disc is none."""
    high, wide = pixels.shape[:2]
    out = []
    for margin in (0.14, 0.24):
        crop = pixels[
            round(margin * high) : round((1 - margin) * high), round(margin * wide) : round((1 - margin) * wide)
        ]
        line = recognise([crop])[0]
        corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        out.append(TextBox(line.text, corners, 0.97 * line.score))
    return (max(out, key=lambda box: box.score),)


def _trust(text: str) -> float:
    """Less for signs of other scripts: strokes of a drawing are read as such."""
    letters = [c for c in text if not c.isspace()]
    return 1.0 if not letters else 0.5 + 0.5 * sum(ord(c) < 0x250 for c in letters) / len(letters)


def _joined(boxes: tuple[TextBox, ...], unit: str) -> tuple[str, float] | None:
    ordered = sorted(boxes, key=lambda b: (round(b.center[1] / max(8.0, b.box[3] - b.box[1])), b.center[0]))
    text = " ".join(b.text for b in ordered).strip()
    if not text:
        return None
    score = _trust(text) * sum(b.score for b in ordered) / len(ordered)
    if unit in ("number", "digit"):
        match = re.search(r"[-+]?\d+(?:[.,]\d+)*", text)
        return (match.group(), score) if match else None
    if unit in ("letter", "character"):
        letters = [c for c in text if c.isalnum()]
        score *= 1.0 if any(c.isalpha() for c in letters) else 0.6
        return ("".join(letters) if len(letters) <= 3 else letters[0], score) if letters else None
    return text, score

"""Pictures made from pictures: crops for zoom, copies with boxes drawn on them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from maestro_graph.images import MaestroImage
from maestro_graph.perceivers._boxes import Box

__all__ = ["cropped", "mirrored", "with_boxes"]

MIN_SIDE = 336
"""Crops are enlarged to this many pixels on their shorter side: small ones are lost on vision encoders."""
MAX_ENLARGEMENT = 8.0
PALETTE = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#000075")


def cropped(image: MaestroImage, box: Box, *, padding: float = 0.1) -> MaestroImage:
    """The region of `box`, padded by a share of its sides, never leaving the picture, enlarged when tiny."""
    pad_x, pad_y = (box.right - box.left) * padding, (box.bottom - box.top) * padding
    left = min(max(0, math.floor(box.left - pad_x)), image.width - 1)
    top = min(max(0, math.floor(box.top - pad_y)), image.height - 1)
    right = max(left + 1, min(image.width, math.ceil(box.right + pad_x)))
    bottom = max(top + 1, min(image.height, math.ceil(box.bottom + pad_y)))
    scale = min(MAX_ENLARGEMENT, max(1.0, MIN_SIDE / min(right - left, bottom - top)))
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))

    def load() -> Image.Image:
        region = image.rgb().crop((left, top, right, bottom))
        return region.resize(size, Image.Resampling.LANCZOS) if region.size != size else region

    return _derived(image, f"crop {left},{top},{right},{bottom} x{scale:.2f}", size, load)


def mirrored(image: MaestroImage) -> MaestroImage:
    """The picture with left and right exchanged."""
    return _derived(image, "mirrored", (image.width, image.height), lambda: ImageOps.mirror(image.rgb()))


def with_boxes(image: MaestroImage, boxes: Sequence[Box]) -> MaestroImage:
    """A copy of the picture with numbered boxes and their labels drawn on it."""
    width = max(1, round(min(image.width, image.height) / 200))
    size = max(10, round(min(image.width, image.height) / 30))

    def load() -> Image.Image:
        picture = image.rgb().copy()
        draw = ImageDraw.Draw(picture)
        font = ImageFont.load_default(size)
        for number, box in enumerate(boxes, start=1):
            colour = PALETTE[(number - 1) % len(PALETTE)]
            draw.rectangle((box.left, box.top, box.right, box.bottom), outline=colour, width=width)
            text = f"{number} {box.label}".strip()[:40]
            place = (box.left, max(0.0, box.top - size * 1.2))
            draw.rectangle(draw.textbbox(place, text, font=font), fill=colour)
            draw.text(place, text, fill="white", font=font)
        return picture

    name = hashlib.sha256(repr([box.to_json() for box in boxes]).encode()).hexdigest()[:16]
    return _derived(image, f"boxes {name}", (image.width, image.height), load)


def _derived(image: MaestroImage, what: str, size: tuple[int, int], load: Callable[[], Image.Image]) -> MaestroImage:
    """A picture that is computed when its pixels are asked for; its hash comes from its origin and what was done."""
    return MaestroImage(
        ref=f"{image.ref} ({what})",
        sha256=hashlib.sha256(f"{what}:{image.sha256}".encode()).hexdigest(),
        width=size[0],
        height=size[1],
        notes=(*image.notes, what),
        load=load,
    )

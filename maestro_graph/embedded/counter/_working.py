"""The copy of a picture that is worked on, and the way back to the original's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._things import Box
from maestro_graph.evidence import Json
from maestro_graph.images import MaestroImage

__all__ = ["SMALL_PICTURE", "Working", "working_copy"]

MAX_SIDE = 1200
MIN_SIDE = 480  # smaller pictures are enlarged, so that small shapes have pixels enough for their form
SMALL_PICTURE = 4


@dataclass(frozen=True, slots=True)
class Working:
    """A picture at a size to work on.

    Attributes:
        pixels: the copy (H, W, 3).
        scale: working pixels per original pixel.
        image: the original.
        left, top: where the copy begins, in original pixels.
    """

    pixels: NDArray[Any]
    scale: float
    image: MaestroImage
    left: int = 0
    top: int = 0

    def original(self, box: Box) -> list[Json]:
        """A box of the copy in pixels of the original."""
        left, top, right, bottom = (
            v / self.scale + shift for v, shift in zip(box, (self.left, self.top) * 2, strict=True)
        )
        width, height = self.image.width, self.image.height
        return [max(0, round(left)), max(0, round(top)), min(width, round(right)), min(height, round(bottom))]


def working_copy(image: MaestroImage) -> Working:
    """The picture, reduced or enlarged."""
    picture = image.rgb()
    longest = max(picture.size)
    if longest > MAX_SIDE:
        scale = MAX_SIDE / longest
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        return Working(np.asarray(picture.resize(size, 4, reducing_gap=2.0)), scale, image)
    pixels = np.asarray(picture)
    if longest < MIN_SIDE and min(picture.size) >= SMALL_PICTURE:
        factor = int(np.ceil(MIN_SIDE / longest))
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        return Working(np.asarray(pixels, dtype=np.uint8), float(factor), image)
    return Working(pixels, 1.0, image)

"""What a photo is of, by colour alone: the colour that its middle has more of than its rim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from maestro_graph.embedded.colours import COLOUR_NAMES, colour_labels

__all__ = ["MiddleColour", "middle_colour"]

SIDE = 96
RADIUS = 0.6  # of half the picture's sides: the middle
RIM = 0.8
LEAD = 0.15  # share by which the middle must lead


@dataclass(frozen=True, slots=True)
class MiddleColour:
    """A colour, and its shares of the middle and of the rim."""

    name: str
    middle: float
    rim: float


def middle_colour(picture: Image.Image) -> MiddleColour | None:
    """The colour whose share of the middle most exceeds that of the rim; `None` where no colour does clearly."""
    small = np.asarray(picture.resize((SIDE, SIDE)), np.uint8)
    labels = colour_labels(small)
    ys, xs = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    inner, outer = np.hypot(xs, ys) < RADIUS, np.maximum(np.abs(xs), np.abs(ys)) > RIM
    middle, rim = (np.bincount(labels[part], minlength=len(COLOUR_NAMES)) / part.sum() for part in (inner, outer))
    best = int(np.argmax(middle - rim))
    if middle[best] - rim[best] < LEAD:
        return None
    return MiddleColour(COLOUR_NAMES[best], float(middle[best]), float(rim[best]))

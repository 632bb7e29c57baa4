"""The colour that a text stands on."""

from __future__ import annotations

import numpy as np

from maestro_graph.embedded.colours import colour_name
from maestro_graph.embedded.ocr import TextBox
from maestro_graph.images import MaestroImage

__all__ = ["colour_behind"]


def colour_behind(image: MaestroImage, box: TextBox) -> str:
    """Name of the commonest colour within a text's box: its background, since letters cover less than half of it."""
    left, top, right, bottom = (round(v) for v in box.box)
    crop = image.rgb().crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    crop.thumbnail((200, 200))
    pixels = np.asarray(crop).reshape(-1, 3)
    bins = (pixels // 24).astype(np.int64)
    keys = bins[:, 0] * 10000 + bins[:, 1] * 100 + bins[:, 2]
    values, counts = np.unique(keys, return_counts=True)
    common = pixels[keys == values[counts.argmax()]]
    red, green, blue = np.median(common, axis=0)
    return colour_name((int(red), int(green), int(blue)))

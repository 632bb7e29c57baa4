"""Fonts that come with matplotlib, so that pictures are the same on every machine."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from PIL import ImageFont

from maestro_graph.errors import MissingExtraError

__all__ = ["Face", "font"]

Face = Literal[
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
]


@cache
def font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """A font of matplotlib's at a size in pixels.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    return ImageFont.truetype(_folder() / f"{face}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _folder() -> Path:
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise MissingExtraError("a synthetic suite", "eval", "matplotlib")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"

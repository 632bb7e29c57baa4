"""Targets of 20 to 60 pixels: a coloured star or heart, or a plate with a number."""

from __future__ import annotations

from math import atan2, cos, degrees, pi, sin
from typing import Any

from PIL import Image, ImageDraw

from maestro_evaluation.synthetic._fonts import font

__all__ = ["COLOURS", "nearest_colour", "paste_target", "side_by_angle", "side_by_distance"]

COLOURS = {
    "red": "#e6194b",
    "blue": "#1f4fe0",
    "green": "#12b53a",
    "yellow": "#ffe119",
    "orange": "#f58231",
    "purple": "#911eb4",
    "pink": "#ff8fc8",
    "white": "#ffffff",
    "black": "#000000",
}
FINER = 4
SIDES = ("to the right", "below", "to the left", "above")


def paste_target(image: Image.Image, target: Any) -> None:
    """Draw a target onto the scene, over whatever lies there, on a plain patch."""
    size = target["size"]
    patch = Image.new("RGBA", (size * FINER * 2, size * FINER * 2))
    pen = ImageDraw.Draw(patch)
    middle, half = size * FINER, size * FINER / 2
    if target["shape"] == "plate":
        box = (middle - half, middle - half * 0.72, middle + half, middle + half * 0.72)
        pen.rounded_rectangle(box, half * 0.2, fill="#fdfdf6", outline="#222222", width=FINER)
        face = font("DejaVuSans-Bold", round(half * 1.05))
        pen.text((middle, middle), "".join(target["glyphs"]), fill="#111111", font=face, anchor="mm")
    else:
        outer = _outline(target["shape"], middle, half)
        pen.polygon(outer, fill=target["ink"], outline="#202020", width=FINER * 2)
    small = patch.resize((size * 2, size * 2), Image.Resampling.LANCZOS)
    image.paste(small, (round(target["x"] - size), round(target["y"] - size)), small)


def _outline(shape: str, middle: float, half: float) -> list[tuple[float, float]]:
    if shape == "star":
        return [
            (middle + far * sin(place * pi / 5), middle - far * cos(place * pi / 5))
            for place in range(10)
            for far in (half if place % 2 == 0 else half * 0.45,)
        ]
    steps = [2 * pi * place / 60 for place in range(60)]
    return [
        (
            middle + half * sin(t) ** 3,
            middle - half / 16 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)),
        )
        for t in steps
    ]


def nearest_colour(ink: str) -> str:
    """The name whose colour is nearest to what is drawn."""
    return min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(_rgb(COLOURS[name]), _rgb(ink), strict=True)))


def side_by_distance(one: Any, other: Any) -> str:
    """Where the first lies, seen from the other, by the larger of the two distances."""
    across, down = one["x"] - other["x"], one["y"] - other["y"]
    if abs(across) > abs(down):
        return "to the right" if across > 0 else "to the left"
    return "below" if down > 0 else "above"


def side_by_angle(one: Any, other: Any) -> str:
    """The same from the direction in degrees, clockwise from the right."""
    angle = degrees(atan2(one["y"] - other["y"], one["x"] - other["x"])) % 360
    return SIDES[int((angle + 45) // 90) % 4]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

"""Things on a ground, with Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.synthetic._canvas import Canvas, Point
from maestro_evaluation.synthetic._generator import Scene
from maestro_evaluation.synthetic.tally._scene import HEIGHT, WIDTH

__all__ = ["SHAPES", "STYLES", "Style", "draw_things"]

SHAPES = ("circle", "square", "triangle", "diamond", "hexagon", "cross", "ring")


@dataclass(frozen=True, slots=True)
class Style:
    """Ground and colours of a split's scenes; `edge` outlines things, `ground` is what lies behind them."""

    name: str
    paper: str
    ground: str
    mark: str
    edge: str
    colours: dict[str, str]


BRIGHT = {"red": "#e6261f", "blue": "#2456d6", "green": "#1f9d3a", "yellow": "#f7d038", "purple": "#8a2be2"}
DEEP = {"red": "#b5121b", "blue": "#123c8c", "green": "#0d6e33", "orange": "#f28c1e", "pink": "#f48fb1"}
SOFT = {"red": "#e2564f", "blue": "#4f83d8", "green": "#4fae62", "purple": "#9763c4", "brown": "#8b5a2b"}
STYLES = (
    Style("white", "#ffffff", "none", "", "", BRIGHT),
    Style("ruled", "#fbfaf4", "ruled", "#cfd8dc", "", DEEP),
    Style("night", "#1d2330", "dots", "#39435a", "", BRIGHT),
    Style("squared", "#ffffff", "squared", "#d5e3d8", "#222222", SOFT),
    Style("sand", "#efe3c8", "speckled", "#d9c7a0", "", DEEP),
    Style("outlined", "#ffffff", "none", "", "#111111", DEEP),
    Style("sea", "#d7ecf2", "waves", "#b4d7e2", "", BRIGHT),
    Style("slate", "#4a4f57", "speckled", "#5c626c", "#f0f0f0", BRIGHT),
    Style("meadow", "#e4efd6", "speckled", "#c9deb0", "", SOFT),
)


def draw_things(scene: Scene) -> Image.Image:
    """The scene's picture."""
    data: Any = scene
    style = next(style for style in STYLES if style.name == data["style"])
    canvas = Canvas(WIDTH, HEIGHT, style.paper)
    _ground(canvas, style)
    for thing in data["things"]:
        _thing(canvas, thing, style.colours[thing["colour"]], style.edge)
    return canvas.image()


def _ground(canvas: Canvas, style: Style) -> None:
    if style.ground in {"ruled", "squared"}:
        for y in range(24, HEIGHT, 24):
            canvas.line([(0, y), (WIDTH, y)], style.mark)
    if style.ground == "squared":
        for x in range(24, WIDTH, 24):
            canvas.line([(x, 0), (x, HEIGHT)], style.mark)
    if style.ground == "waves":
        for y in range(20, HEIGHT, 30):
            canvas.line([(x, y + 5 * sin(x / 18)) for x in range(0, WIDTH + 6, 6)], style.mark, 2)
    if style.ground in {"dots", "speckled"}:
        rng = Random(style.name)  # noqa: S311 - no secret
        for _ in range(500):
            canvas.disc((rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)), rng.uniform(0.8, 1.8), style.mark)


def _thing(canvas: Canvas, thing: Any, colour: str, edge: str) -> None:
    centre: Point = (thing["x"], thing["y"])
    radius, angle = thing["radius"], thing["angle"]
    if thing["shape"] == "circle":
        canvas.disc(centre, radius, edge or colour)
        canvas.disc(centre, radius - 2 if edge else radius, colour)
    elif thing["shape"] == "ring":
        canvas.ring(centre, radius * 0.78, colour, radius * 0.4)
    else:
        points = [_turned(centre, radius * far, angle + turn) for turn, far in CORNERS[thing["shape"]]]
        canvas.polygon(points, fill=colour, colour=edge or None, width=2)


def _turned(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * cos(radians(angle)), centre[1] + radius * sin(radians(angle))


def _even(count: int) -> Sequence[tuple[float, float]]:
    return [(360 * place / count, 1.0) for place in range(count)]


def _star() -> Sequence[tuple[float, float]]:
    return [(36 * place, 1.0 if place % 2 == 0 else 0.42) for place in range(10)]


def _cross() -> Sequence[tuple[float, float]]:
    arm = [(-18.4, 1.0), (18.4, 1.0), (45.0, 0.447)]
    return [(90 * quarter + turn, far) for quarter in range(4) for turn, far in arm]


CORNERS = {
    "square": _even(4),
    "triangle": _even(3),
    "hexagon": _even(6),
    "star": _star(),
    "cross": _cross(),
    "diamond": [(0.0, 1.0), (90.0, 0.58), (180.0, 1.0), (270.0, 0.58)],
}

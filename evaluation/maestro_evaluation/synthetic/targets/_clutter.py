"""Large scenes full of things, none of which looks like a target. Drawn without smoothing: they are large."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, floor, sin, tau
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

__all__ = ["STYLES", "ClutterStyle", "draw_clutter"]

MARGIN = 4
"""Pixels around a polygon that its outline may reach."""

LARGE = 16_000_000
"""Pixels of a picture on which polygons are drawn in patches. Rounding moves single pixels, so it is not done at 4K."""


class _Canvas(NamedTuple):
    image: Image.Image
    pen: ImageDraw.ImageDraw


@dataclass(frozen=True, slots=True)
class ClutterStyle:
    """What lies in a scene: shapes with their sizes in pixels and how much of the ground they cover."""

    name: str
    ground: str
    line: str
    colours: tuple[str, ...]
    shapes: tuple[str, ...]
    sizes: tuple[int, int]
    cover: float


STYLES = (
    ClutterStyle(
        "roofs", "#8b8f94", "#5d6165", ("#a8553c", "#8c4632", "#b98b6a", "#77706a", "#5f6d7a"),
        ("block", "roof"), (90, 300), 1.0,
    ),
    ClutterStyle(
        "wood", "#5f7f43", "#4c6a34", ("#3f6b2f", "#527f38", "#6b9448", "#375c2b", "#7fa25a"),
        ("crown", "disc"), (60, 220), 1.5,
    ),
    ClutterStyle(
        "papers", "#7b5b3f", "#5d432d", ("#f1ece0", "#e3dccb", "#d8e0e6", "#efe3b4", "#f5f5f5"),
        ("sheet", "block"), (120, 380), 1.0,
    ),
    ClutterStyle(
        "pebbles", "#a59c8c", "#837a6b", ("#b9b0a0", "#8d8577", "#cfc7b8", "#746d61", "#9d9383"),
        ("blob", "disc"), (50, 190), 1.6,
    ),
    ClutterStyle(
        "boxes", "#b7b2a6", "#89857b", ("#c08a4e", "#a8743d", "#d2a36b", "#6f8796", "#8a9a6b"),
        ("roof", "sheet"), (80, 260), 1.1,
    ),
    ClutterStyle(
        "tiles", "#c9c3b6", "#a39d90", ("#9fb3b8", "#d9b99b", "#b8c0a2", "#8d9aa5", "#c7a3a0"),
        ("block", "crown"), (60, 240), 1.2,
    ),
    ClutterStyle(
        "shore", "#d9c9a0", "#b9a97f", ("#c4b48b", "#e7dbbb", "#9fb7bd", "#b08f68", "#8da2a6"),
        ("blob", "sheet"), (60, 230), 1.3,
    ),
)  # fmt: skip


def draw_clutter(style: ClutterStyle, width: int, height: int, seed: int) -> Image.Image:
    """The scene without its target."""
    rng = Random(seed)  # noqa: S311 - no secret
    image = Image.new("RGB", (width, height), style.ground)
    canvas = _Canvas(image, ImageDraw.Draw(image))
    middle = sum(style.sizes) / 2
    for _ in range(round(style.cover * width * height / middle**2)):
        size = rng.uniform(*style.sizes)
        at = (rng.uniform(0, width), rng.uniform(0, height))
        _shape(canvas, rng, rng.choice(style.shapes), at, size, rng.choice(style.colours), style.line)
    return image


def _shape(
    canvas: _Canvas, rng: Random, shape: str, at: tuple[float, float], size: float, colour: str, line: str
) -> None:
    pen = canvas.pen
    x, y = at
    half = size / 2
    if shape == "disc":
        pen.ellipse((x - half, y - half, x + half, y + half), fill=colour, outline=line, width=3)
    elif shape == "crown":
        for _ in range(7):
            a, far = rng.uniform(0, tau), rng.uniform(0, half * 0.6)
            cx, cy, r = x + far * cos(a), y + far * sin(a), half * rng.uniform(0.35, 0.6)
            pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour, outline=line, width=2)
    elif shape == "blob":
        rim = [(half * rng.uniform(0.7, 1), angle) for angle in _round(11)]
        points = [(x + far * cos(angle), y + far * sin(angle)) for far, angle in rim]
        _polygon(canvas, points, colour, line)
    else:
        _oblong(canvas, rng, shape, at, size, colour, line)


def _oblong(
    canvas: _Canvas, rng: Random, shape: str, at: tuple[float, float], size: float, colour: str, line: str
) -> None:
    turn = rng.uniform(0, tau) if shape == "sheet" else rng.choice((0.0, tau / 4))
    across, down = size / 2, size / 2 * rng.uniform(0.5, 0.9)

    def place(u: float, v: float) -> tuple[float, float]:
        return at[0] + u * cos(turn) - v * sin(turn), at[1] + u * sin(turn) + v * cos(turn)

    corners = [place(u, v) for u, v in ((-across, -down), (across, -down), (across, down), (-across, down))]
    _polygon(canvas, corners, colour, line)
    rows = {"roof": 1, "sheet": 7, "block": 4}[shape]
    for row in range(1, rows + 1):
        v = -down + 2 * down * row / (rows + 1)
        inner = across * (1.0 if shape == "roof" else 0.8)
        canvas.pen.line([place(-inner, v), place(inner, v)], fill=line, width=3)


def _polygon(canvas: _Canvas, points: list[tuple[float, float]], colour: str, line: str) -> None:
    """An outline of some width makes Pillow clear a mask as large as the picture: large ones are drawn in patches."""
    image = canvas.image
    if image.width * image.height < LARGE:
        canvas.pen.polygon(points, fill=colour, outline=line, width=3)
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = max(0, floor(min(xs)) - MARGIN), max(0, floor(min(ys)) - MARGIN)
    right, bottom = min(image.width, ceil(max(xs)) + MARGIN), min(image.height, ceil(max(ys)) + MARGIN)
    if left >= right or top >= bottom:
        return
    patch = image.crop((left, top, right, bottom))
    moved = [(x - left, y - top) for x, y in points]
    ImageDraw.Draw(patch).polygon(moved, fill=colour, outline=line, width=3)
    image.paste(patch, (left, top))


def _round(count: int) -> list[float]:
    return [tau * step / count for step in range(count)]

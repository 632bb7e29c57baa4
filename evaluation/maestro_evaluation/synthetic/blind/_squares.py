"""Nested squares: each within the one before, off its centre; how many?"""

from __future__ import annotations

from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["NestedSquares"]

DEPTHS = (2, 3, 4, 5)
HALF = 15.0
SIDE = 600
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "black-2", "line": "black", "paper": "white", "width": 2},
    {"style": "black-3", "line": "black", "paper": "white", "width": 3},
    {"style": "black-4", "line": "black", "paper": "white", "width": 4},
    {"style": "navy-3", "line": "#1f3b73", "paper": "#fbfaf5", "width": 3},
    {"style": "green-2", "line": "#1d6b3c", "paper": "white", "width": 2},
    {"style": "chalk-4", "line": "#f4f4f4", "paper": "#2b3a42", "width": 4},
)


class NestedSquares:
    name = "nested squares"
    rule_task = name
    wordings = (
        "How many squares are nested in the picture? Answer with a number.",
        "Count the total number of squares in the picture. Answer with a number.",
        "How many squares, one within another, are drawn here? Give a number.",
        "What is the number of squares that lie inside each other, the outermost included? Give a number.",
        "How many squares does this drawing contain? Reply with a number only.",
        "Squares are drawn inside squares: how many in all? Give a number.",
    )
    veiled = (
        "How many are there? Answer with a number.",
        "Count them all. Answer with a number.",
        "What is the total number here? Give a number.",
    )
    chance = 1 / len(DEPTHS)
    options = False

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        (depth,) = digits(number, len(DEPTHS))
        style = rng.choice(share(STYLES, split))
        side = rng.uniform(8, 18)
        x, y = rng.uniform(-5, 5), rng.uniform(-5, 5)
        squares: list[Json] = []
        for _ in range(DEPTHS[depth % len(DEPTHS)]):
            squares.append([x, y, side])
            smaller = side * 0.75 - 0.75
            room = (side - smaller - 0.75) / 2
            x, y, side = x + rng.uniform(-room, room), y + rng.uniform(-room, room), smaller
        return {**style, "parts": {"style": style["style"]}, "squares": squares, "words": []}

    def answer(self, scene: Scene) -> Json:
        squares: Any = scene["squares"]
        return len(squares)

    def second_answer(self, scene: Scene) -> Json:
        """How many boundaries a point within the innermost square has around it."""
        squares: Any = scene["squares"]
        x, y, _ = min(squares, key=lambda square: square[2])
        return len([side for left, top, side in squares if abs(x - left) < side / 2 and abs(y - top) < side / 2])

    def draw(self, scene: Scene) -> Image.Image:
        data: Any = scene
        canvas = Canvas(SIDE, SIDE, data["paper"])
        unit = SIDE / (2 * HALF)
        for x, y, side in data["squares"]:
            left, top = (x - side / 2 + HALF) * unit, (y - side / 2 + HALF) * unit
            canvas.box((left, top), (left + side * unit, top + side * unit), colour=data["line"], width=data["width"])
        return canvas.image()

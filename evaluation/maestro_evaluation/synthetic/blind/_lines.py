"""Two line plots of three points each: how often do they cross?"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas, Point
from maestro_evaluation.synthetic._generator import Rejected, Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["LineCrossings"]

TICKS = 12
COUNTS = (0, 1, 2)
INSET = 0.1
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "384-thin", "size": 384, "width": 2, "colours": ["blue", "red"]},
    {"style": "768-thin", "size": 768, "width": 4, "colours": ["blue", "red"]},
    {"style": "512-thick", "size": 512, "width": 5, "colours": ["blue", "red"]},
    {"style": "768-thick", "size": 768, "width": 8, "colours": ["blue", "red"]},
    {"style": "1152-thick", "size": 1152, "width": 12, "colours": ["blue", "red"]},
    {"style": "600-green", "size": 600, "width": 4, "colours": ["green", "purple"]},
)


class LineCrossings:
    name = "line plot intersections"
    rule_task = name
    wordings = (
        "How many times do the {0} and {1} lines cross each other? Answer with a number.",
        "How many times do the {0} and {1} line plots intersect? Answer with a number.",
        "In how many points does the {0} line cross the {1} one? Give a number.",
        "Count the intersection points of the {0} and {1} lines. Give a number.",
        "At how many places do the two lines, {0} and {1}, intersect? Give a number.",
        "What is the number of crossings between the {0} line and the {1} line?",
    )
    veiled = (
        "How often do the two meet? Give a number.",
        "How many times do {0} and {1} come together? Answer with a number.",
        "In how many places does {0} meet {1}? Give a number.",
    )
    chance = 1 / len(COUNTS)
    options = False

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        (place,) = digits(number, len(COUNTS))
        style = rng.choice(share(STYLES, split))
        columns = [rng.sample(range(TICKS), 2) for _ in range(3)]
        if any(abs(first - second) == 1 for first, second in columns) or _flips(columns) != COUNTS[place]:
            raise Rejected
        return {**style, "parts": {"style": style["style"]}, "columns": columns, "words": style["colours"]}

    def answer(self, scene: Scene) -> Json:
        """How often the order of the two changes from one column to the next."""
        return _flips(scene["columns"])

    def second_answer(self, scene: Scene) -> Json:
        """Pairs of segments that intersect, by exact arithmetic."""
        lines = [
            [(Fraction(x, 2), Fraction(column[which], TICKS - 1)) for x, column in enumerate(scene["columns"])]
            for which in (0, 1)
        ]
        return sum(
            _cross(*lines[0][one : one + 2], *lines[1][other : other + 2]) for one in range(2) for other in range(2)
        )

    def draw(self, scene: Scene) -> Image.Image:
        size = scene["size"]
        canvas = Canvas(size, size)
        margin, cell = size * 0.08, size * 0.84
        for which, colour in enumerate(scene["colours"]):
            points: list[Point] = []
            for column, ticks in enumerate(scene["columns"]):
                y = ticks[which] / (TICKS - 1) * (1 - 2 * INSET / TICKS) + INSET / TICKS
                points.append((margin + column / 2 * cell, size - margin - y * cell))
            canvas.line(points, colour, scene["width"])
        return canvas.image()


def _flips(columns: Any) -> int:
    orders = [first > second for first, second in columns]
    return sum(before != after for before, after in pairwise(orders))


def _cross(a: Any, b: Any, c: Any, d: Any) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Any, b: Any, c: Any) -> Fraction:
    return Fraction((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

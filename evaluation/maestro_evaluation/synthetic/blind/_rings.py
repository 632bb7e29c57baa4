"""Interlocking circles or pentagons in two rows, as in the Olympic sign: how many?"""

from __future__ import annotations

import math
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["Pentagons", "Rings"]

COUNTS = (5, 6, 7, 8, 9)
TAB10 = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "black-thin-500", "size": 500, "width": 1.5, "inks": ["black"], "paper": "white"},
    {"style": "black-thick-600", "size": 600, "width": 3.0, "inks": ["black"], "paper": "white"},
    {"style": "black-thin-800", "size": 800, "width": 2.0, "inks": ["black"], "paper": "white"},
    {"style": "tab10-600", "size": 600, "width": 3.0, "inks": TAB10, "paper": "white"},
    {"style": "tab10-800", "size": 800, "width": 4.0, "inks": TAB10[::-1], "paper": "white"},
    {"style": "cream-500", "size": 500, "width": 2.5, "inks": ["#324a5f"], "paper": "#fdf6e3"},
)


class _Row:
    """Shapes of radius `radius`, `step` apart, the lower row `drop` lower and half a step to the right."""

    chance = 1 / len(COUNTS)
    options = False
    veiled = (
        "How many are there? Answer with a number.",
        "Count them all. Give a number.",
        "What is the total number of shapes? Give a number.",
    )
    corners = 0

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        (place,) = digits(number, len(COUNTS))
        count = COUNTS[place]
        style = rng.choice(share(STYLES, split))
        sizes = [radius for radius in (0.05, 0.07, 0.1) if self.fits(count, radius)]
        radius = rng.choice(sizes)
        step, drop = self.spacing(radius)
        top = (count + 1) // 2
        width = step * (top - 1 if count % 2 else top - 0.5)
        left = 0.5 - width / 2 + rng.uniform(-1, 1) * max(0.0, 0.47 - width / 2 - radius)
        y = 0.42 + rng.uniform(-0.12, 0.12)
        centres = [
            [left + step * (column if row == 0 else column + 0.5), y + drop * row]
            for row, length in enumerate((top, count - top))
            for column in range(length)
        ]
        inks = [style["inks"][(place + count) % len(style["inks"])] for place in range(count)]
        return {
            **style,
            "inks": inks,
            "parts": {"style": style["style"]},
            "radius": radius,
            "centres": centres,
            "words": [],
        }

    def fits(self, count: int, radius: float) -> bool:
        return self.spacing(radius)[0] * ((count + 1) // 2 - 0.5) + 2 * radius <= 0.94

    def spacing(self, radius: float) -> tuple[float, float]:
        raise NotImplementedError

    def answer(self, scene: Scene) -> Json:
        return len(scene["centres"])

    def second_answer(self, scene: Scene) -> Json:
        """For each row, its length over the step, and one more."""
        step, _ = self.spacing(scene["radius"])
        rows: dict[float, list[float]] = {}
        for x, y in scene["centres"]:
            rows.setdefault(round(y, 6), []).append(x)
        return sum(round((max(row) - min(row)) / step) + 1 for row in rows.values())

    def draw(self, scene: Scene) -> Image.Image:
        size = scene["size"]
        canvas = Canvas(size, size, scene["paper"])
        radius = scene["radius"] * size
        for (x, y), ink in zip(scene["centres"], scene["inks"], strict=True):
            if self.corners:
                turns = [2 * math.pi * corner / self.corners for corner in range(self.corners)]
                points = [(x * size + radius * math.sin(turn), y * size - radius * math.cos(turn)) for turn in turns]
                canvas.polygon(points, colour=ink, width=scene["width"])
            else:
                canvas.ring((x * size, y * size), radius, ink, scene["width"])
        return canvas.image()


class Rings(_Row):
    name = "olympic counting - circles"
    rule_task = name
    wordings = (
        "How many circles are in the image? Answer with only the number.",
        "Count the circles in this image. Answer with a number.",
        "How many rings are linked in the drawing? Give a number.",
        "What is the number of circles drawn? Give a number.",
        "How many circle outlines can be counted? Reply with a number.",
        "The picture shows interlocking rings: how many? Reply with a number.",
    )

    def spacing(self, radius: float) -> tuple[float, float]:
        return 2.1 * radius, radius


class Pentagons(_Row):
    name = "olympic counting - pentagons"
    rule_task = name
    wordings = (
        "How many pentagons are in the image? Answer with only the number.",
        "Count the pentagons in this image. Answer with a number.",
        "How many five-sided shapes are there? Give a number.",
        "What is the number of pentagons drawn? Give a number.",
        "How many pentagon outlines can be counted? Reply with a number.",
        "The picture shows interlocking pentagons: how many? Reply with a number.",
    )
    corners = 5

    def spacing(self, radius: float) -> tuple[float, float]:
        side = 2 * radius * math.sin(math.radians(36))
        step = 2 * radius * math.cos(math.radians(18)) + 0.1 * side
        return step, radius * (math.cos(math.radians(36)) + math.sin(math.radians(18)))

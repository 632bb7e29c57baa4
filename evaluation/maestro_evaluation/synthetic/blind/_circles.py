"""Two equal discs: do they touch, do they overlap?"""

from __future__ import annotations

import math
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["OverlappingCircles", "TouchingCircles"]

APART = (0.05, 0.1, 0.15)
INTO = (-0.25, -0.2, -0.15, -0.1, -0.05)
"""Gaps in diameters."""
DIRECTIONS = (0, 45, 90, 135)
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "blue-magenta-400", "size": 400, "fills": ["#4d8be6", "#e64dd6"], "paper": "white"},
    {"style": "blue-magenta-600", "size": 600, "fills": ["#4d8be6", "#e64dd6"], "paper": "white"},
    {"style": "blue-magenta-800", "size": 800, "fills": ["#4d8be6", "#e64dd6"], "paper": "white"},
    {"style": "green-orange-500", "size": 500, "fills": ["#2f9e5b", "#f08a24"], "paper": "#fbfaf5"},
    {"style": "red-teal-500", "size": 500, "fills": ["#d1373f", "#159a9c"], "paper": "white"},
    {"style": "night-600", "size": 600, "fills": ["#f3c623", "#7db9e8"], "paper": "#20262e"},
)


class _Circles:
    rule_task = "touching circles"
    chance = 1 / 2
    options = True
    yes: tuple[float, ...]
    no: tuple[float, ...]

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        holds, direction = digits(number, 2, len(DIRECTIONS))
        style = rng.choice(share(STYLES, split))
        gap = rng.choice(self.no if holds else self.yes)
        radius = 0.5 / rng.randint(4, 7)
        turn = math.radians(DIRECTIONS[direction % len(DIRECTIONS)])
        reach = radius * (1 + gap)
        middle = (0.5 + rng.uniform(-0.06, 0.06), 0.5 + rng.uniform(-0.06, 0.06))
        step = (reach * math.cos(turn), reach * math.sin(turn))
        centres = [[middle[0] + sign * step[0], middle[1] + sign * step[1]] for sign in (-1, 1)]
        parts = {"style": style["style"]}
        return {**style, "parts": parts, "radius": radius, "gap": gap, "centres": centres, "words": []}

    def draw(self, scene: Scene) -> Image.Image:
        size = scene["size"]
        canvas = Canvas(size, size, scene["paper"])
        for (x, y), fill in zip(scene["centres"], scene["fills"], strict=True):
            canvas.disc((x * size, y * size), scene["radius"] * size, fill)
        return canvas.image()


class TouchingCircles(_Circles):
    name = "touching circles"
    wordings = (
        "Are the two circles touching each other? Answer with Yes or No.",
        "Do the two circles touch each other? Answer with Yes or No.",
        "Is there contact between the two circles? Answer yes or no.",
        "Do these two discs have at least one point in common? Answer yes or no.",
        "Are the circles in contact? Reply yes or no.",
        "Do the two round shapes touch? Reply yes or no.",
    )
    veiled = (
        "Do the two touch? Answer yes or no.",
        "Are they in contact with each other? Answer yes or no.",
        "Do these two meet at all? Answer yes or no.",
    )
    yes = (0.0, *INTO)
    no = APART

    def answer(self, scene: Scene) -> Json:
        return "no" if scene["gap"] > 0 else "yes"

    def second_answer(self, scene: Scene) -> Json:
        return "yes" if _distance(scene) <= 2 * scene["radius"] + 1e-9 else "no"


class OverlappingCircles(_Circles):
    name = "overlapping circles"
    wordings = (
        "Are the two circles overlapping? Answer with Yes or No.",
        "Do the two circles overlap each other? Answer with Yes or No.",
        "Does one circle cover a part of the other? Answer yes or no.",
        "Do these two discs share any area? Answer yes or no.",
        "Is there an overlap between the circles? Reply yes or no.",
        "Does either round shape lie partly on the other? Reply yes or no.",
    )
    veiled = (
        "Do the two overlap? Answer yes or no.",
        "Is any part of one on top of the other? Answer yes or no.",
        "Does one hide some of the other? Answer yes or no.",
    )
    yes = INTO
    no = (0.0, *APART)

    def answer(self, scene: Scene) -> Json:
        return "yes" if scene["gap"] < 0 else "no"

    def second_answer(self, scene: Scene) -> Json:
        return "yes" if _distance(scene) < 2 * scene["radius"] - 1e-9 else "no"


def _distance(scene: Scene) -> float:
    first, second = scene["centres"]
    return math.dist(first, second)

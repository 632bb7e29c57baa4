"""The suites: a colour, a number or a side in turn; with options four questions share a picture, as in HR-Bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, sin, tau
from random import Random
from typing import Any, ClassVar

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Encoding, Generator, Question, Rejected, Scene, digits, share
from maestro_evaluation.synthetic.targets._clutter import STYLES, draw_clutter
from maestro_evaluation.synthetic.targets._target import (
    COLOURS,
    nearest_colour,
    paste_target,
    side_by_angle,
    side_by_distance,
)
from maestro_graph.evidence import Json

__all__ = ["FreeTargets", "Targets4K", "Targets8K"]

FAMILY = "Perception_Problem_Solver"
TASKS = ("colour", "number", "side")
SIDES = ("to the left", "to the right", "above", "below")
NUMBERS = range(10, 100)
SMALLEST, LARGEST = 20, 60
LEAST_NUMBER = 44
"""A plate's width: its digits are then some 16 pixels high, as small as print that can be read."""

WORDINGS: Mapping[str, Sequence[str]] = {
    "colour": (
        "What is the colour of the small {shape}?",
        "Which colour has the small {shape}?",
        "A small {shape} is hidden in the scene; what colour is it?",
        "Find the small {shape}. What is its colour?",
        "In which colour is the small {shape} painted?",
        "The scene has one small {shape}. Which colour is it?",
    ),
    "number": (
        "What number is on the small plate?",
        "Which number does the small white plate show?",
        "A small plate with a number lies in the scene; what is the number?",
        "Find the small plate. Which number is written on it?",
        "What does the little numbered plate say?",
        "The scene has one number plate. Which number is on it?",
    ),
    "side": (
        "Where is the small {shape}, seen from the small {other}?",
        "On which side of the small {other} is the small {shape}?",
        "A small {shape} and a small {other} are near each other; where is the {shape} from the {other}?",
        "Find the small {other}. Where from it is the small {shape}?",
        "In which direction from the small {other} does the small {shape} lie?",
        "Relative to the small {other}, where is the small {shape}?",
    ),
}
VEILED: Mapping[str, Sequence[str]] = {
    "colour": ("What colour is the {shape}?", "Which colour has the {shape}?", "The {shape}: what is its colour?"),
    "number": ("What number is on it?", "What is the number?", "Which number is shown?"),
    "side": (
        "Where is the {shape}, seen from the {other}?",
        "On which side of the {other} is the {shape}?",
        "From the {other}, where is the {shape}?",
    ),
}
FREE = {"side": " Answer with: to the left, to the right, above or below.", "colour": " Answer with one word."}


class _Targets(Generator):
    follows = "HR-Bench"
    families = (FAMILY,)
    encoding: ClassVar[Encoding] = "jpeg"
    size: ClassVar[tuple[int, int]]

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        place, turn = digits(number, len(TASKS), 10**9)
        style = rng.choice(share(STYLES, split))
        scene: dict[str, Any] = {
            "task": TASKS[place],
            "style": style.name,
            "parts": {"style": style.name},
            "seed": rng.randrange(2**32),
            "size": list(self.size),
        }
        x, y = (round(rng.uniform(0.08, 0.92) * side) for side in self.size)
        if TASKS[place] == "number":
            value = rng.choice(NUMBERS)
            size = rng.randint(LEAST_NUMBER, LARGEST)
            first: dict[str, Any] = {"shape": "plate", "value": value, "glyphs": list(str(value)), "size": size}
        else:
            shape = ("star", "heart")[turn % 2]
            colour = sorted(COLOURS)[turn // 2 % len(COLOURS)] if place == 0 else rng.choice(sorted(COLOURS))
            size = rng.randint(SMALLEST + 8, LARGEST)
            first = {"shape": shape, "colour": colour, "ink": COLOURS[colour], "size": size}
        targets = [{**first, "x": x, "y": y}]
        if TASKS[place] == "side":
            targets.append(self._second(rng, targets[0], SIDES[turn // 2 % len(SIDES)]))
        scene["targets"] = targets
        scene["options"] = _options(rng, scene)
        return scene

    def _second(self, rng: Random, first: Any, side: str) -> dict[str, Any]:
        """The other shape, so that the first lies on that side of it, within a zoomed window."""
        turn = {"to the left": 0.0, "above": 0.25, "to the right": 0.5, "below": 0.75}[side]
        angle = tau * (turn + rng.uniform(-0.08, 0.08))
        far = rng.uniform(110, 260)
        shape = "heart" if first["shape"] == "star" else "star"
        colour = rng.choice([name for name in sorted(COLOURS) if name != first["colour"]])
        x, y = round(first["x"] + far * cos(angle)), round(first["y"] + far * sin(angle))
        if not (80 <= x <= self.size[0] - 80 and 80 <= y <= self.size[1] - 80):
            raise Rejected
        return {
            "shape": shape,
            "colour": colour,
            "ink": COLOURS[colour],
            "size": first["size"],
            "x": round(min(max(x, 80), self.size[0] - 80)),
            "y": round(min(max(y, 80), self.size[1] - 80)),
        }

    def answer(self, scene: Scene) -> Json:
        data: Any = scene
        target = data["targets"][0]
        if data["task"] == "side":
            return side_by_distance(*data["targets"])
        return str(target["colour"] if data["task"] == "colour" else target["value"])

    def second_answer(self, scene: Scene) -> Json:
        data: Any = scene
        target = data["targets"][0]
        if data["task"] == "side":
            return side_by_angle(*data["targets"])
        return nearest_colour(target["ink"]) if data["task"] == "colour" else "".join(target["glyphs"])

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        data: Any = scene
        style = next(style for style in STYLES if style.name == data["style"])
        image = draw_clutter(style, data["size"][0], data["size"][1], data["seed"])
        for target in data["targets"]:
            paste_target(image, target)
        return [image]

    def text(self, scene: Scene, rng: Random, split: Split, *, veiled: bool) -> tuple[str, str]:
        """The question and its wording."""
        data: Any = scene
        wording = rng.choice(share((VEILED if veiled else WORDINGS)[data["task"]], split))
        shapes = [target["shape"] for target in data["targets"]]
        return wording.format(shape=shapes[0], other=shapes[-1]), f"{data['task']}: {wording}"


class _WithOptions(_Targets):
    per_scene = 4
    about = (
        "One target of 20 to 60 pixels in a cluttered scene: its colour, the number on it, or on which side of another "
        "one it is. Four options; four rotations of them share one picture."
    )

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        data: Any = scene
        text, wording = self.text(scene, rng, split, veiled=veiled)
        return [
            self._rotated(text, wording, str(answer), [*data["options"][turn:], *data["options"][:turn]], data, turn)
            for turn in range(self.per_scene)
        ]

    def _rotated(self, text: str, wording: str, answer: str, order: list[str], data: Any, turn: int) -> Question:
        options = dict(zip("ABCD", order, strict=True))
        lines = [text, *(f"{letter}. {option}" for letter, option in options.items())]
        letter = next(letter for letter, option in options.items() if option == answer)
        return Question(
            text="\n".join([*lines, "Answer with the letter of the right option."]),
            answer=letter,
            rule="hrbench.vlmevalkit",
            meta={
                "options": dict(options),
                "cycle_category": f"cycle_{turn}",
                "category": "cross" if data["task"] == "side" else "single",
            },
            family=FAMILY,
            template=wording,
            chance=0.25,
            options=True,
        )


class Targets4K(_WithOptions):
    """Small targets in scenes of 3840 pixels' width."""

    name = "synthetic-targets-4k"
    title = "Small targets in 4K scenes"
    size = (3840, 2160)
    in_mixed = 0.25


class Targets8K(_WithOptions):
    """Small targets in scenes of 7680 pixels' width."""

    name = "synthetic-targets-8k"
    title = "Small targets in 8K scenes"
    version = 2
    size = (7680, 4320)
    in_mixed = 0.0


class FreeTargets(_Targets):
    """The same without options, in scenes of 2560 pixels' width."""

    name = "synthetic-targets"
    title = "Small targets, free answers"
    about = (
        "One target of 20 to 60 pixels in a cluttered scene of 2560 by 1440: its colour, the number on it, or on which "
        "side of another one it is. No options."
    )
    follows = "no benchmark (HR-Bench's pictures without its options)"
    size = (2560, 1440)

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        data: Any = scene
        text, wording = self.text(scene, rng, split, veiled=veiled)
        chance = {"colour": 1 / len(COLOURS), "number": 1 / len(NUMBERS), "side": 1 / len(SIDES)}[data["task"]]
        return [
            Question(
                text=text + FREE.get(data["task"], ""),
                answer=list(dict.fromkeys((str(answer), str(answer).removeprefix("to the ")))),
                reply=str(answer),
                rule="short-answer",
                family=FAMILY,
                template=wording,
                chance=chance,
            )
        ]


def _options(rng: Random, scene: dict[str, Any]) -> list[str]:
    target = scene["targets"][0]
    if scene["task"] == "side":
        found = list(SIDES)
    elif scene["task"] == "colour":
        others = [name for name in sorted(COLOURS) if name != target["colour"]]
        found = [target["colour"], *rng.sample(others, 3)]
    else:
        others = [str(value) for value in NUMBERS if value != target["value"]]
        found = [str(target["value"]), *rng.sample(others, 3)]
    rng.shuffle(found)
    return found

"""The suite: every source with every step."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Rejected, Scene, digits, share
from maestro_evaluation.synthetic.two_step._sources import SOURCES, Source
from maestro_evaluation.synthetic.two_step._steps import STEPS, Step, worked_backwards
from maestro_graph.evidence import Json

__all__ = ["TwoStepSuite"]

BY_SOURCE = {source.name: source for source in SOURCES}
BY_STEP = {step.name: step for step in STEPS}

STORIES = {
    "shapes": (
        "Each {thing} costs {v}. How much do all {things} cost together?",
        "If every {thing} is worth {v}, how much are all {things} worth?",
        "Every {thing} weighs {v} kg. How much do the {things} weigh in all?",
        "What is {v} times the number of {things}?",
        "One {thing} is sold for {v}. What do all the {things} bring?",
        "If each {thing} counts {v}, what is the sum for all {things}?",
    ),
    "receipt": (
        "What do {v} times the {row} cost?",
        "How much would {v} pieces of {row} cost?",
        "What is {v} times the price of the {row}?",
        "How much would one pay for {v} of the {row}?",
        "What would {v} of the {row} come to?",
        "If one bought {v} of the {row}, how much would that be?",
    ),
}
"""Multiplications told in one sentence."""


class TwoStepSuite(Generator):
    """Find a number in the picture, then calculate with it."""

    name = "synthetic-two-step"
    title = "Find, then calculate"
    about = "Questions that need two calls: count, read a table or receipt, or read a chart, then calculate."
    families = ("count_then_calculate", "read_then_calculate", "chart_then_calculate")
    in_mixed = 2.0

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        place, turn = digits(number, len(SOURCES), len(STEPS))
        source, step = SOURCES[place], STEPS[turn % len(STEPS)]
        scene = source.scene(rng, split)
        if scene["words"].get("row") == "total" and step.name == "times":
            raise Rejected
        v = step.draw(rng, Decimal(scene["found"]))
        scene["parts"]["style"] = f"{source.name}: {scene['parts']['style']}"
        return {"task": f"{source.name}: {step.name}", "source": source.name, "step": step.name, "v": str(v), **scene}

    def answer(self, scene: Scene) -> Json:
        found, v = Decimal(scene["found"]), Decimal(scene["v"])
        return _written(_step(scene).work(found, v))

    def second_answer(self, scene: Scene) -> Json:
        """The number is found again in what is drawn, and the result must lead back to it."""
        found, v = _source(scene).found(scene), Decimal(scene["v"])
        result = _step(scene).work(found, v)
        back = worked_backwards(scene["step"], result, v)
        return _written(result) if back == found else f"{result}, which leads back to {back}, not {found}"

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [_source(scene).draw(scene)]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        source, step = _source(scene), _step(scene)
        told = scene["step"] == "times" and source.name in STORIES and not veiled and rng.random() < 0.5
        if told:
            wording = rng.choice(share(STORIES[source.name], split))
        else:
            lookups = source.veiled if veiled and source.veiled else source.lookups
            wording = f"{rng.choice(share(lookups, split))} {rng.choice(share(step.wordings, split))}"
        return [
            Question(
                text=wording.format(v=scene["v"], **scene["words"]),
                answer=str(answer),
                rule="short-answer",
                family=source.family,
                template=wording,
                chance=0.01,
            )
        ]


def _source(scene: Scene) -> Source:
    return BY_SOURCE[str(scene["source"])]


def _step(scene: Scene) -> Step:
    return BY_STEP[str(scene["step"])]


def _written(value: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""The suite: kinds of questions in turn, for each the answers from 0 to 15 in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Scene, digits, share
from maestro_evaluation.synthetic.tally._asks import ASKS, SIDES, SIMPLE, VEILED, WORDINGS, ask, count, count_again
from maestro_evaluation.synthetic.tally._draw import SHAPES, STYLES, draw_things
from maestro_graph.evidence import Json

__all__ = ["TallySuite"]

FAMILY = "Counting_Problem_Solver"
MOST = 15


class TallySuite(Generator):
    """Counting coloured shapes among others."""

    name = "synthetic-tally"
    title = "Counting shapes"
    about = (
        "Coloured shapes that do not touch, among others that share a colour or a shape: simple questions by one "
        "attribute, complex ones by two attributes or by a side of the only star; 0 to 15."
    )
    follows = "TallyQA"
    families = (FAMILY,)

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        kind, turn = digits(number, len(ASKS), 10**9)
        # 7 and 16 have no common factor: neighbours differ, and every answer comes once in sixteen.
        wanted = (turn * 7 + kind * 3) % (MOST + 1)
        style = rng.choice(share(STYLES, split))
        shapes = rng.sample(SHAPES, 4)
        made = ask(rng, ASKS[kind], wanted, shapes, sorted(style.colours))
        return {"task": ASKS[kind], "style": style.name, "parts": {"style": style.name}, **made}

    def answer(self, scene: Scene) -> Json:
        return count(scene)

    def second_answer(self, scene: Scene) -> Json:
        return count_again(scene)

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [draw_things(scene)]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        data: Any = scene
        asked = data["ask"]
        wording = rng.choice(share((VEILED if veiled else WORDINGS)[asked["kind"]], split))
        words = {"size": "large" if asked["large"] else "small", "side": SIDES.get(asked.get("side", ""), "")}
        text = wording.format(shape=asked["shape"], colour=asked["colour"], **words).replace("crosss", "crosses")
        return [
            Question(
                text=text[0].upper() + text[1:],
                answer=str(answer),
                rule="tallyqa.vlmevalkit",
                meta={"is_simple": asked["kind"] in SIMPLE},
                family=FAMILY,
                template=f"{asked['kind']}: {wording}",
                chance=1 / (MOST + 1),
            )
        ]

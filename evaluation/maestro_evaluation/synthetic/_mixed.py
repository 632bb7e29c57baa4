"""All suites in one, for routing: which expert and skill is right must be found out from question and picture."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Scene
from maestro_graph.evidence import Json

__all__ = ["MixedSuite"]

VEILED = 1 / 3
HALVES = 2
"""`in_mixed` counts in halves."""


class MixedSuite(Generator):
    """Every other generator in turn; a third of the questions do not tell what kind of picture they are about."""

    name = "synthetic-mixed"
    title = "All suites mixed"
    about = (
        "Routing: questions of every other synthetic suite in turn, a third of them worded so that they do not tell "
        "what kind of picture they are about."
    )
    licence = (
        "Apache-2.0 (drawn by this project, charts from public tables, tables/ORIGIN.md; fonts DejaVu, free licence)"
    )
    families = ()
    in_mixed = 0.0

    def identity(self) -> dict[str, Json]:
        return {"generators": {generator.name: generator.version for generator in _others()}}

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        slots = _slots()
        turn, place = divmod(number, len(slots))
        generator = slots[place]
        before = sum(slot is generator for slot in slots[:place])
        inner = generator.scene(rng, split, turn * sum(slot is generator for slot in slots) + before)
        return {
            "generator": generator.name,
            "task": f"{generator.name}: {inner.get('task', '')}".removesuffix(": "),
            "veiled": rng.random() < VEILED,
            "parts": {key: f"{generator.name}: {value}" for key, value in inner.get("parts", {}).items()},
            "inner": inner,
        }

    def answer(self, scene: Scene) -> Json:
        return {"generator": scene["generator"], "answer": _generator(scene).answer(scene["inner"])}

    def second_answer(self, scene: Scene) -> Json:
        return {"generator": scene["generator"], "answer": _generator(scene).second_answer(scene["inner"])}

    def agree(self, first: Json, second: Json) -> bool:
        if not isinstance(first, dict) or not isinstance(second, dict):
            return False
        return _generator(first).agree(first["answer"], second["answer"])

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return _generator(scene).draw(scene["inner"])

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        """One of the scene's questions."""
        inner = answer["answer"] if isinstance(answer, dict) else None
        return [rng.choice(_generator(scene).questions(scene["inner"], inner, rng, split, veiled=veiled))]


def _others() -> list[Generator]:
    from maestro_evaluation.synthetic._catalogue import generators

    return [generator for generator in generators().values() if generator.in_mixed > 0]


def _slots() -> list[Generator]:
    """One round of the mixture: each generator as often as its share says, spread evenly."""
    counts = {generator.name: max(1, round(generator.in_mixed * HALVES)) for generator in _others()}
    spread = [
        ((turn + 0.5) / counts[generator.name], place, generator)
        for place, generator in enumerate(_others())
        for turn in range(counts[generator.name])
    ]
    return [generator for _, _, generator in sorted(spread, key=lambda entry: entry[:2])]


def _generator(scene: Scene) -> Generator:
    from maestro_evaluation.synthetic._catalogue import find_generator

    return find_generator(scene["generator"])

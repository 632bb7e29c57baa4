"""The suite: the tasks in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Scene, share
from maestro_evaluation.synthetic.blind._circles import OverlappingCircles, TouchingCircles
from maestro_evaluation.synthetic.blind._grids import BlankGrid, WordGrid
from maestro_evaluation.synthetic.blind._letter import CircledLetter
from maestro_evaluation.synthetic.blind._lines import LineCrossings
from maestro_evaluation.synthetic.blind._rings import Pentagons, Rings
from maestro_evaluation.synthetic.blind._squares import NestedSquares
from maestro_evaluation.synthetic.blind._subway import SubwayRoutes
from maestro_evaluation.synthetic.blind._task import Task
from maestro_graph.evidence import Json

__all__ = ["BlindSuite"]

TASKS: tuple[Task, ...] = (
    LineCrossings(),
    TouchingCircles(),
    OverlappingCircles(),
    CircledLetter(),
    Rings(),
    Pentagons(),
    NestedSquares(),
    BlankGrid(),
    WordGrid(),
    SubwayRoutes(),
)
BY_NAME = {task.name: task for task in TASKS}
FAMILY = "Diagram_Reasoning_Skill"


class BlindSuite(Generator):
    """Exact questions about simple drawn diagrams."""

    name = "synthetic-blind"
    title = "Simple diagrams"
    about = "Exact perception of simple drawings: crossings, contact, nested and interlocking shapes, grids, routes."
    follows = "VLMsAreBlind"
    families = (FAMILY,)

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        turn, place = divmod(number, len(TASKS))
        task = TASKS[place]
        scene = task.scene(rng, split, turn)
        parts = {kind: f"{task.name}: {part}" for kind, part in scene["parts"].items()}
        return {**scene, "task": task.name, "parts": parts}

    def answer(self, scene: Scene) -> Json:
        return _task(scene).answer(scene)

    def second_answer(self, scene: Scene) -> Json:
        return _task(scene).second_answer(scene)

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [_task(scene).draw(scene)]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        task = _task(scene)
        wordings = task.veiled if veiled and task.veiled else task.wordings
        wording = rng.choice(share(wordings, split))
        reply = str(answer)
        return [
            Question(
                text=wording.format(*scene["words"]),
                answer=reply,
                reply=f"({reply})" if "," in reply else reply,
                rule="vlmsareblind.lmms",
                meta={"task": task.rule_task},
                family=FAMILY,
                template=f"{task.name}: {wording}",
                chance=task.chance,
                options=task.options,
            )
        ]


def _task(scene: Scene) -> Task:
    return BY_NAME[str(scene["task"])]

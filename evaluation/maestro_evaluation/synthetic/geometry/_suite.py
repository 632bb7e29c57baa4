"""The suite: sixteen kinds of questions in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Scene, share
from maestro_evaluation.synthetic.geometry._angles import ANGLE_TASKS
from maestro_evaluation.synthetic.geometry._figure import draw_figure, measure
from maestro_evaluation.synthetic.geometry._lengths import LENGTH_TASKS
from maestro_evaluation.synthetic.geometry._task import GeometryTask
from maestro_graph.evidence import Json

__all__ = ["GeometrySuite"]

FAMILY = "Geometric_Problem_Solver"
TASKS: tuple[GeometryTask, ...] = tuple(task for pair in zip(ANGLE_TASKS, LENGTH_TASKS, strict=True) for task in pair)
BY_NAME = {task.name: task for task in TASKS}

WORDINGS = {
    "angle": (
        "What is the size of the angle marked x°, in degrees?",
        "Find x.",
        "How many degrees has the angle labelled x°?",
        "Work out the angle x, in degrees.",
        "Determine the measure of the angle x in the figure.",
        "The angle x° is unknown. How large is it, in degrees?",
    ),
    "unknown": (
        "For which x do the angles fit?",
        "Find the value of x in the triangle.",
        "Work out x from the angles shown.",
        "The angles are given in terms of x. What is x?",
        "Solve for x.",
        "Determine x in this figure.",
    ),
    "length": (
        "What is the length x?",
        "Find the length of the side labelled x.",
        "How long is the segment marked x? Roots are left as they are.",
        "Work out the length x. Leave roots in the answer.",
        "Determine x, exactly.",
        "One length is called x. How long is it?",
    ),
    "area": (
        "What is the area of {0}?",
        "Find the area of the {0}.",
        "How large is the area of {0}?",
        "Work out the area of {0} in square units.",
        "Calculate the area enclosed by {0}.",
        "How many square units does {0} have?",
    ),
}
VEILED = ("What is the value of x?", "What must x be?", "Give x.")
LETTERS = ("ABCDEFHMNOTP", "PQRSTUVWXYZL", "KLMNOPQRSTUV", "DEFGHIJKLMNP", "RSTUVWXYZABC", "GHJKLMNQPRST")
"""Names for A, B, C, D, E, F, H, M, N, O, T and P, in this order."""
ORDER = "ABCDEFHMNOTP"
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "plain", "size": 520, "ink": "black", "paper": "white", "width": 1.8, "text": 17, "face": "DejaVuSans"},
    {"style": "serif", "size": 560, "ink": "black", "paper": "white", "width": 1.5, "text": 18, "face": "DejaVuSerif"},
    {"style": "small", "size": 440, "ink": "black", "paper": "white", "width": 1.4, "text": 15, "face": "DejaVuSans"},
    {"style": "blue", "size": 600, "ink": "#1a3a7a", "paper": "white", "width": 2.4, "text": 19, "face": "DejaVuSans"},
    {
        "style": "paper",
        "size": 620,
        "ink": "#2c2c2c",
        "paper": "#faf6ec",
        "width": 2.0,
        "text": 20,
        "face": "DejaVuSans",
    },
    {
        "style": "board",
        "size": 640,
        "ink": "#f2f2f2",
        "paper": "#24433a",
        "width": 2.2,
        "text": 20,
        "face": "DejaVuSans",
    },
)


class GeometrySuite(Generator):
    """Angles, lengths and areas in a labelled figure."""

    name = "synthetic-geometry"
    title = "Plane geometry"
    about = "Angles, lengths and areas to be worked out from a labelled figure, drawn to scale, with one exact answer."
    follows = "Geometry3K, free answer"
    families = (FAMILY,)

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        task = TASKS[number % len(TASKS)]
        style = rng.choice(share(STYLES, split))
        letters = rng.choice(share(LETTERS, split))
        built = task.build(rng)
        names = dict(zip(ORDER, letters, strict=True))
        words = built.get("words", [])
        return {
            "task": task.name,
            "parts": {"style": style["style"], "table": letters},
            "look": {**style, "names": f"{style['face']}-Italic" if "Serif" in style["face"] else "DejaVuSans-Oblique"},
            "turn": rng.choice([0, 0, 90, 180, 270]) + rng.uniform(-18, 18),
            "names": {name: names[name] for name in built["figure"]["points"]},
            **built,
            "words": ["".join(names.get(word, word) for word in words)],
        }

    def answer(self, scene: Scene) -> Json:
        """From what is given, by solving for the unknown."""
        import sympy

        found = sympy.nsimplify(BY_NAME[scene["task"]].solve(scene["given"]))
        return {"latex": sympy.latex(found), "value": float(found)}

    def second_answer(self, scene: Scene) -> Json:
        """Measured in the drawing."""
        return measure(scene["figure"], scene["measure"])

    def agree(self, first: Json, second: Json) -> bool:
        return isinstance(first, dict) and super().agree(first["value"], second)

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [draw_figure(scene["figure"], scene["look"], scene["turn"], scene["names"])]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        asked = BY_NAME[scene["task"]].asked
        wording = rng.choice(share(VEILED if veiled and asked != "area" else WORDINGS[asked], split))
        latex = str(answer["latex"]) if isinstance(answer, dict) else ""
        return [
            Question(
                text=wording.format(*scene["words"]),
                answer=latex,
                rule="geometry3k.easyr1_r1v",
                family=FAMILY,
                template=f"{asked}: {wording}",
                chance=0.02,
            )
        ]

"""The suite: every function with every parameter in turn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Generator, Question, Rejected, Scene, share
from maestro_evaluation.synthetic.code import _references as ref
from maestro_evaluation.synthetic.code._second import SECOND
from maestro_graph.evidence import Json

__all__ = ["CodeSuite"]

FAMILY = "Code_Problem_Solver"
EXAMPLES, HIDDEN = 3, 7
NO_STRICT = "  # noqa: B905 - also a reply"


SIGNATURE = 'def solution(values: list) -> list:\n    """Return the output that belongs to the input."""\n'
"""The same for all, since lists and matrices would tell functions apart."""


@dataclass(frozen=True, slots=True)
class _Function:
    """A reference with the parameters that it is shown with and the inputs that it takes.

    Attributes:
        takes: a list; one of even length; a matrix; a square one; one with many gaps.
    """

    reference: Callable[[Any, int], Any]
    parameters: tuple[int, ...]
    takes: Literal["list", "even", "matrix", "square", "gaps"]

    @property
    def name(self) -> str:
        return self.reference.__name__


FUNCTIONS = (
    _Function(ref.rotate_left, (1, 2, 3), "list"),
    _Function(ref.reverse_blocks, (2, 3), "list"),
    _Function(ref.transpose, (1,), "matrix"),
    _Function(ref.window_maxima, (2, 3), "list"),
    _Function(ref.turn_clockwise, (1, 2, 3), "square"),
    _Function(ref.running_sums, (1,), "list"),
    _Function(ref.mirror, (1, 2), "matrix"),
    _Function(ref.neighbour_differences, (1, 2), "list"),
    _Function(ref.spiral, (1,), "matrix"),
    _Function(ref.block_sums, (2, 3), "list"),
    _Function(ref.fall_down, (1,), "gaps"),
    _Function(ref.interleave_halves, (1, 2), "even"),
    _Function(ref.line_sums, (1, 2), "matrix"),
    _Function(ref.keep_every, (2, 3), "list"),
    _Function(ref.shift_columns, (1, 2), "matrix"),
    _Function(ref.repeat_each, (2, 3), "list"),
    _Function(ref.diagonal, (1, 2), "square"),
    _Function(ref.empty_inside, (1,), "matrix"),
)
BY_NAME = {function.name: function for function in FUNCTIONS}

WORDINGS = (
    "Write the function that the diagram shows by examples. Reply with a Python code block.",
    "Complete the Python function so that it turns each input in the picture into its output.",
    "The picture shows what a function does to three inputs. Implement it in Python.",
    "Implement the transformation drawn in the figure as a Python function, in a code block.",
    "Find the rule behind the examples in the picture and write it as a Python function.",
    "Each arrow in the figure stands for one and the same function. Write it in Python.",
)
TINTS = "#ffffff #fde2e2 #fdebd2 #fdf6cf #e6f4d7 #d5f0e3 #d5e8f7 #dedcf7 #f0d9f3 #e8e0d8"
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "boxes", "paper": "white", "ink": "#222222", "cells": "white", "size": 40, "face": "DejaVuSans"},
    {"style": "grey", "paper": "white", "ink": "black", "cells": "#eeeeee", "size": 38, "face": "DejaVuSansMono"},
    {"style": "blue", "paper": "#f5f9ff", "ink": "#17335c", "cells": "#dce9fb", "size": 42, "face": "DejaVuSans"},
    {"style": "tinted", "paper": "white", "ink": "#222222", "cells": TINTS, "size": 40, "face": "DejaVuSans"},
    {"style": "night", "paper": "#1f242b", "ink": "#e8e8e8", "cells": "#2d3540", "size": 40, "face": "DejaVuSans"},
    {"style": "cream", "paper": "#fdf8ec", "ink": "#4a3520", "cells": "#fffdf6", "size": 40, "face": "DejaVuSerif"},
)


class CodeSuite(Generator):
    """Write a function from a diagram of examples."""

    name = "synthetic-code"
    title = "Code from a diagram"
    about = "A Python function to be written from a picture of three inputs and outputs; hidden tests decide."
    follows = "HumanEval-V"
    families = (FAMILY,)
    in_mixed = 0.5

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        programs = _programs(split)
        function, k = programs[number % len(programs)]
        style = rng.choice(share(STYLES, split))
        inputs = [_input(rng, function.takes) for _ in range(EXAMPLES + HIDDEN)]
        outputs = [function.reference(values, k) for values in inputs[:EXAMPLES]]
        if any(values == result for values, result in zip(inputs, outputs, strict=False)) or not _tells(
            split, function, k, inputs[:EXAMPLES]
        ):
            raise Rejected
        return {
            "task": function.name,
            "parts": {"style": style["style"], "table": function.name},
            "look": style,
            "k": k,
            "inputs": inputs,
        }

    def answer(self, scene: Scene) -> Json:
        """What the reference gives for each input."""
        function = BY_NAME[scene["task"]].reference
        return [function(values, scene["k"]) for values in scene["inputs"]]

    def second_answer(self, scene: Scene) -> Json:
        """What another implementation gives."""
        import numpy

        return [numpy.asarray(SECOND[scene["task"]](values, scene["k"])).tolist() for values in scene["inputs"]]

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        function = BY_NAME[scene["task"]].reference
        shown = scene["inputs"][:EXAMPLES]
        return [_drawn(scene["look"], [(values, function(values, scene["k"])) for values in shown])]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        function = BY_NAME[scene["task"]]
        wording = rng.choice(share(WORDINGS, split))
        outputs = answer if isinstance(answer, list) else []
        checks = "\n".join(
            f"    assert solution({values!r}) == {result!r}"
            for values, result in zip(scene["inputs"], outputs, strict=True)
        )
        return [
            Question(
                text=f"{wording}\n\n```python\n{SIGNATURE}```",
                answer=f"def test():\n{checks}\n\ntest()",
                reply=_reply(function, scene["k"]),
                rule="humanevalv.official",
                meta={"function_signature": SIGNATURE, "timeout_s": 2},
                family=FAMILY,
                template=wording,
                chance=1 / len(_programs(split)),
            )
        ]


def _programs(split: Split) -> list[tuple[_Function, int]]:
    return [(function, k) for function in share(FUNCTIONS, split) for k in function.parameters]


def _tells(split: Split, function: _Function, k: int, inputs: list[Any]) -> bool:
    """Whether no other function, of any split, does the same to all inputs that are shown."""
    shown = [function.reference(values, k) for values in inputs]
    for other in FUNCTIONS:
        for parameter in other.parameters:
            if (other.name, parameter) != (function.name, k) and _kind(other) == _kind(function):
                try:
                    found = [other.reference(values, parameter) for values in inputs]
                except IndexError:
                    continue
                if found == shown:
                    return False
    return True


def _kind(function: _Function) -> bool:
    return function.takes in ("list", "even")


def _input(rng: Random, takes: str) -> Any:
    if takes == "list":
        return [rng.randint(0, 9) for _ in range(rng.randint(5, 9))]
    if takes == "even":
        return [rng.randint(0, 9) for _ in range(2 * rng.randint(3, 4))]
    rows, columns = rng.randint(3, 4), rng.randint(3, 4)
    if takes == "square":
        columns = rows
    if takes == "gaps":
        return [[rng.choice([0, 0, rng.randint(1, 9)]) for _ in range(columns)] for _ in range(rows)]
    return [[rng.randint(1, 9) for _ in range(columns)] for _ in range(rows)]


def _reply(function: _Function, k: int) -> str:
    source = inspect.getsource(function.reference)
    for hint in (": Any", " -> Any", NO_STRICT):
        source = source.replace(hint, "")
    return f"```python\n{source}\n\ndef solution(values):\n    return {function.name}(values, {k})\n```"


def _drawn(look: dict[str, Any], pairs: list[tuple[Any, Any]]) -> Image.Image:
    cell, gap, arrow = look["size"], 34, 90
    sizes = [(_extent(values), _extent(result)) for values, result in pairs]
    left = max(taken[0] for taken, _ in sizes) * cell
    right = max(given[0] for _, given in sizes) * cell
    heights = [max(taken[1], given[1]) * cell for taken, given in sizes]
    canvas = Canvas(left + right + arrow + 2 * gap, sum(heights) + gap * (len(pairs) + 1), look["paper"])
    top = float(gap)
    for (values, result), height in zip(pairs, heights, strict=True):
        middle = top + height / 2
        _cells(canvas, look, values, (gap + left, middle), from_right=True)
        tip = (gap + left + arrow - 16, middle)
        canvas.line([(gap + left + 16, middle), tip], look["ink"], 2.5)
        canvas.polygon([(tip[0] + 6, middle), (tip[0] - 8, middle - 7), (tip[0] - 8, middle + 7)], fill=look["ink"])
        _cells(canvas, look, result, (gap + left + arrow, middle), from_right=False)
        top += height + gap
    return canvas.image()


def _extent(values: Any) -> tuple[int, int]:
    """Columns and rows."""
    return (len(values[0]), len(values)) if isinstance(values[0], list) else (len(values), 1)


def _cells(canvas: Canvas, look: dict[str, Any], values: Any, at: tuple[float, float], *, from_right: bool) -> None:
    rows = values if isinstance(values[0], list) else [values]
    columns, count = _extent(values)
    cell = look["size"]
    left = at[0] - columns * cell if from_right else at[0]
    top = at[1] - count * cell / 2
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            corner = (left + c * cell, top + r * cell)
            fills = look["cells"].split()
            fill = fills[value % len(fills)]
            canvas.box(corner, (corner[0] + cell, corner[1] + cell), fill=fill, colour=look["ink"], width=1.4)
            middle = (corner[0] + cell / 2, corner[1] + cell / 2)
            canvas.text(
                middle, str(value), look["ink"], size=cell * (0.45 if abs(value) < 100 else 0.36), face=look["face"]
            )

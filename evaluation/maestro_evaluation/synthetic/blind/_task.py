"""What one of the seven tasks consists of."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Scene
from maestro_graph.evidence import Json

__all__ = ["Task"]


class Task(Protocol):
    """A kind of picture and its question.

    Attributes:
        name: unique among the tasks.
        rule_task: as the scoring rule knows it (`meta.task`).
        wordings: with `{0}` … for a scene's `words`; shared among the splits by their order.
        veiled: wordings that do not tell what is drawn.
        chance: how likely a guess is right.
        options: whether the answer is yes or no.
    """

    @property
    def name(self) -> str: ...
    @property
    def rule_task(self) -> str: ...
    @property
    def wordings(self) -> Sequence[str]: ...
    @property
    def veiled(self) -> Sequence[str]: ...
    @property
    def chance(self) -> float: ...
    @property
    def options(self) -> bool: ...

    def scene(self, rng: Random, split: Split, number: int) -> Scene: ...
    def answer(self, scene: Scene) -> Json: ...
    def second_answer(self, scene: Scene) -> Json: ...
    def draw(self, scene: Scene) -> Image.Image: ...

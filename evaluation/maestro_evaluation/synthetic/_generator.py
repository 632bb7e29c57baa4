"""The contract of a generator: scene first, answer from the scene twice, then the picture and the question."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Literal, TypeVar

from PIL import Image

from maestro_evaluation.samples import Gold, Split
from maestro_graph.evidence import Json

__all__ = ["OWN_WORK", "Encoding", "Generator", "Question", "Rejected", "Scene", "digits", "share"]

Scene = dict[str, Any]
"""Everything the picture shows, as plain JSON. `scene["parts"]` names what the splits must not share (style, table …)
and `scene["task"]`, if it is there, what kind of picture this is: accuracy is also known by task."""

Encoding = Literal["png", "jpeg"]

OWN_WORK = "Apache-2.0 (drawn by this project; fonts DejaVu, free licence)"

FREE_CHANCE = 0.25

PATTERN: tuple[Split, ...] = ("train", "test", "validation", "train", "test", "train")

Item = TypeVar("Item")


class Rejected(Exception):
    """A scene that came out unusable (no room, answer ambiguous); another one is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about a scene.

    Attributes:
        answer: in the benchmark's own form.
        reply: a reply that the rule scores 1; by default the answer as text.
        template: name of the wording; no two splits share one.
        family: protocol name of the Level-1 skill meant for it.
        options: whether options, or yes and no, are offered.
        chance: how likely a guess is right that knows the question and how answers are spread.
    """

    text: str
    answer: Gold
    rule: str
    family: str
    template: str
    chance: float
    reply: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)
    options: bool = False

    @property
    def right_reply(self) -> str:
        return self.reply or str(self.answer)

    @property
    def free_answer(self) -> bool:
        return not self.options and self.chance <= FREE_CHANCE


class Generator(ABC):
    """A synthetic suite.

    `scene` draws everything at random that is drawn at random; the other methods depend on their arguments alone.
    `rng` is seeded by seed, suite, split and number, so a suite's bytes do not depend on processes or on order.

    Attributes:
        name: `synthetic-…`; never a benchmark's own name.
        about: what it measures, in a sentence or two.
        follows: which benchmark's form it has, or that it has none.
        version: raised whenever the output for a seed changes.
        per_scene: how many questions share one picture (option rotations).
        in_mixed: share in `synthetic-mixed`, beside 1 for an ordinary suite; 0 keeps it out.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    follows: ClassVar[str] = "no benchmark"
    version: ClassVar[int] = 1
    licence: ClassVar[str] = OWN_WORK
    families: ClassVar[tuple[str, ...]]
    encoding: ClassVar[Encoding] = "png"
    per_scene: ClassVar[int] = 1
    in_mixed: ClassVar[float] = 1.0

    @abstractmethod
    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        """A new scene.

        Args:
            number: counts the scenes of a split from 0. Tasks and answers are balanced by cycling through them with
                it (`digits`), so that the first samples of a suite are balanced too.

        Raises:
            Rejected: this one cannot be used.
        """

    @abstractmethod
    def answer(self, scene: Scene) -> Json:
        """The answer, from the scene."""

    @abstractmethod
    def second_answer(self, scene: Scene) -> Json:
        """The answer again, by a routine that shares no code and no idea with the first."""

    @abstractmethod
    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        """The picture or pictures of a scene."""

    @abstractmethod
    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        """The scene's `per_scene` questions.

        Args:
            veiled: use a wording that does not tell what kind of picture it is about ("How many are there?", "What is
                it for Oslo?"), as a third of the mixed suite has it. A family without such a wording ignores it.
        """

    def identity(self) -> dict[str, Json]:
        """What else than name, version, seed and sizes the output depends on."""
        return {}

    def agree(self, first: Json, second: Json) -> bool:
        """Whether the two derivations say the same."""
        return _same(first, second)


def share(items: Sequence[Item], split: Split) -> tuple[Item, ...]:
    """The items of one split: about a half for training, a third for testing, a sixth for validation; at least 3."""
    if len(items) < len(set(PATTERN)):
        raise ValueError(f"{len(items)} items cannot be shared among the splits; there must be at least 3")
    return tuple(item for place, item in enumerate(items) if PATTERN[place % len(PATTERN)] == split)


def digits(number: int, *sizes: int) -> tuple[int, ...]:
    """A number in mixed radix, fastest digit first: choices that together run through all combinations."""
    found = []
    for size in sizes:
        number, digit = divmod(number, size)
        found.append(digit)
    return tuple(found)


def _same(first: Json, second: Json) -> bool:
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, float) or isinstance(second, float):
        numbers = isinstance(first, (int, float)) and isinstance(second, (int, float))
        return numbers and math.isclose(float(first), float(second), rel_tol=1e-9, abs_tol=1e-9)  # type: ignore[arg-type]
    return first == second

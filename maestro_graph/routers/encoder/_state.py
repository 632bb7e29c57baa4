"""What the trained policy looks at, and what it may do: plain, JSON-safe, the same in use, traces and training."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from maestro_graph.decisions import Call, CallExpert, CallSkill
from maestro_graph.evidence import Evidence, Json
from maestro_graph.images import MaestroImage
from maestro_graph.registry import Action, Registry

__all__ = [
    "PARTS",
    "ActionCards",
    "CardText",
    "PolicyState",
    "SeenEvidence",
    "call_of",
    "cards_of",
    "parts_of",
    "picture_tasks",
    "seen",
]

NO_PICTURE = "none"

PARTS = 3
"""How many sentences of a question are read by themselves too."""

_SENTENCE = re.compile(r"(?<=[.?!;])\s+|,\s+(?=then\b)", re.I)

EVIDENCE_CHARS = 400
"""How much of a reply the policy reads: about what its encoder takes in."""


@dataclass(frozen=True, slots=True)
class CardText:
    """What a card says. `name` ties evidence to its expert and is never read; `price` is per million tokens."""

    name: str
    description: str
    examples: tuple[str, ...] = ()
    price: float = 0.0

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.description, *self.examples)


@dataclass(frozen=True)
class ActionCards:
    """The action set: cards of experts and of skills, and which skill runs on which expert.

    Attributes:
        pairs: indices into `experts` and `skills` (`None`: the direct call), one for each action.
    """

    experts: tuple[CardText, ...]
    skills: tuple[CardText, ...]
    pairs: tuple[tuple[int, int | None], ...]

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The pairs by name."""
        return tuple((self.experts[e].name, None if s is None else self.skills[s].name) for e, s in self.pairs)

    @cached_property
    def index(self) -> Mapping[Action, int]:
        """Number of each action."""
        return {action: number for number, action in enumerate(self.actions)}

    @cached_property
    def digest(self) -> str:
        """Names this action set."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Json]:
        return {
            "experts": [_card_json(card) for card in self.experts],
            "skills": [_card_json(card) for card in self.skills],
            "pairs": [[expert, skill] for expert, skill in self.pairs],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ActionCards:
        """Raises `KeyError`, `TypeError` or `ValueError` on something else."""
        experts, skills = (tuple(_card(item) for item in data[key]) for key in ("experts", "skills"))
        return cls(experts, skills, tuple((int(e), None if s is None else int(s)) for e, s in data["pairs"]))


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """One piece of evidence as the policy reads it. `text` is cut to `EVIDENCE_CHARS`."""

    expert: str
    skill: str | None
    status: str
    text: str
    answer: str | None
    confidence: float | None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def action(self) -> Action:
        return self.expert, self.skill

    @property
    def said(self) -> str | None:
        """What would be answered with it: the marked answer, else the last line of the reply."""
        if not self.ok:
            return None
        if self.answer:
            return self.answer
        lines = self.text.strip().splitlines()
        return lines[-1].strip() if lines else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """A state of a run.

    Attributes:
        picture: what one does with such a picture, by likelihood (`preview.TASKS`), or with none.
        evidence: of this run, in order.
        turns_left, calls_left: as in `RouterView`.
    """

    question: str
    picture: Mapping[str, float]
    evidence: tuple[SeenEvidence, ...] = ()
    turns_left: int
    calls_left: int

    def to_json(self) -> dict[str, Json]:
        return {
            "question": self.question,
            "picture": dict(self.picture),
            "evidence": [
                [item.expert, item.skill, item.status, item.text, item.answer, item.confidence]
                for item in self.evidence
            ],
            "turns_left": self.turns_left,
            "calls_left": self.calls_left,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PolicyState:
        """Raises `KeyError`, `TypeError` or `ValueError` on something else."""
        return cls(
            question=str(data["question"]),
            picture={str(kind): float(share) for kind, share in data["picture"].items()},
            evidence=tuple(SeenEvidence(*item) for item in data["evidence"]),
            turns_left=int(data["turns_left"]),
            calls_left=int(data["calls_left"]),
        )


def parts_of(question: str) -> tuple[str, ...]:
    """The last sentences of a question, the last one first: a step of it that is another expert's is one of these."""
    found = [part for part in _SENTENCE.split(question.strip()) if part]
    return tuple(reversed(found[-PARTS:])) or (question,)


def seen(evidence: Sequence[Evidence]) -> tuple[SeenEvidence, ...]:
    """Evidence as the policy reads it."""
    return tuple(
        SeenEvidence(item.expert, item.skill, item.status, item.text[:EVIDENCE_CHARS], item.answer, item.confidence)
        for item in evidence
    )


def cards_of(registry: Registry) -> ActionCards:
    """The action set of a registry as it is now."""
    experts = {name: (number, expert.card) for number, (name, expert) in enumerate(registry.experts.items())}
    skills = {name: (number, skill.card) for number, (name, skill) in enumerate(registry.skills.items())}
    return ActionCards(
        tuple(
            CardText(name, card.description, card.examples, card.price.input + card.price.output)
            for name, (_, card) in experts.items()
        ),
        tuple(CardText(name, card.description, card.examples) for name, (_, card) in skills.items()),
        tuple(
            (experts[name][0], None if skill is None else skills[skill][0])
            for name, skill in registry.actions()
            if name in experts and (skill is None or skill in skills)  # the registry may change meanwhile
        ),
    )


def picture_tasks(images: Sequence[MaestroImage]) -> dict[str, float]:
    """What one does with a picture such as the first one, by likelihood: a glance, without reading it."""
    from maestro_graph.embedded.preview import TASKS, preview

    kinds = preview(images[0]).kind if images else {NO_PICTURE: 1.0}
    return {task: kinds.get(kind, 0.0) for kind, task in TASKS.items()}


def call_of(action: Action, query: str) -> Call:
    """The call of an action."""
    expert, skill = action
    return CallExpert(expert, query) if skill is None else CallSkill(expert, skill, query)


def _card_json(card: CardText) -> dict[str, Json]:
    return {
        "name": card.name,
        "description": card.description,
        "examples": list(card.examples),
        "price": card.price,
    }


def _card(data: Mapping[str, Any]) -> CardText:
    return CardText(str(data["name"]), str(data["description"]), tuple(data["examples"]), float(data["price"]))

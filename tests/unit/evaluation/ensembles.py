"""A small ensemble of known strengths for tests of runs and baselines, and suites for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from maestro_evaluation.samples import Sample
from maestro_graph import CallFailure, Evidence, ExpertCard, ExpertReply, ExpertRequest, Registry, SkillCard
from maestro_graph.skills import SkillCall

Reply = str | CallFailure


class Known:
    """An expert that replies by a function of the request, deterministic and shared; it counts what it is asked."""

    def __init__(
        self, name: str, reply: Callable[[ExpertRequest], Reply], *, reads: bool = False, delay_s: float = 0.0
    ) -> None:
        self.card = ExpertCard(name=name, description=f"Knows {name}.", abilities=frozenset({name}))
        self.reply, self.reads, self.delay_s = reply, reads, delay_s
        self.requests: list[ExpertRequest] = []

    def cache_identity(self, request: ExpertRequest) -> str:
        return f"known {self.card.name}"

    def evidence_read(self, request: ExpertRequest) -> Sequence[Evidence]:
        return request.evidence if self.reads else ()

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        self.requests.append(request)
        await asyncio.sleep(self.delay_s)
        said = self.reply(request)
        if isinstance(said, CallFailure):
            raise said
        return ExpertReply(text=f"it is {said}", answer=said, confidence=0.9)


class Twice:
    """A skill of one expert's ability that asks it twice; `triggers` speak for it."""

    passes_evidence = True

    def __init__(self, name: str, ability: str, *triggers: str) -> None:
        self.card = SkillCard(name=name, protocol_name=name.title(), description=f"How to {name}.")
        self.ability, self.triggers = ability, triggers

    def refusal(self, expert: ExpertCard) -> str | None:
        return None if self.ability in expert.abilities else f"{expert.name} cannot"

    async def run(self, call: SkillCall) -> ExpertReply:
        first = await call.ask(call.request)
        second = await call.ask(ExpertRequest(question=f"again: {call.request.question}", images=call.request.images))
        return ExpertReply(text=f"{first.text}, {second.text}", answer=first.answer, confidence=0.95)


def plus_one(request: ExpertRequest) -> Reply:
    """Adds one to what was found."""
    found = [item.answer for item in request.evidence if item.answer and item.answer.isdigit()]
    return str(int(found[-1]) + 1) if found else CallFailure("refused", "nothing was found to add to")


def says(words: dict[str, str]) -> Callable[[ExpertRequest], Reply]:
    """Answers the questions that hold one of the words, refuses others."""

    def reply(request: ExpertRequest) -> Reply:
        known = next((answer for word, answer in words.items() if word in request.question), None)
        return CallFailure("refused", "not my field") if known is None else known

    return reply


def small_ensemble(**options: Any) -> Registry:
    """`apples` and `pears` know their fruit; `adder` works with what was found; a skill on apples."""
    return Registry(
        "small",
        experts=[
            Known("apples", says({"apple": "3", "fruit": "3"}), **options),
            Known("pears", says({"pear": "5"}), **options),
            Known("adder", plus_one, reads=True, **options),
        ],
        skills=[Twice("apple-counting", "apples", r"\bapples?\b")],
    )


def sample(
    number: int, question: str, answer: str, *, family: str = "f", split: Any = "train", **fields: Any
) -> Sample:
    """A question of the suite `small`."""
    return Sample(
        id=f"{split}-{number}",
        suite="small",
        question=f"{question} ({split} {number})",
        images=(),
        answer=answer,
        family=family,
        split=split,
        **fields,
    )

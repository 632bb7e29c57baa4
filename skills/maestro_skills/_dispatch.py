"""Dispatch from Level 1 to Level 2: by certain words, by meaning, or by the expert's choice; and why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Literal

from maestro_graph.errors import CallFailure, MissingExtraError
from maestro_graph.protocol import neutralise
from maestro_graph.skills import SkillCall
from maestro_skills._meaning import meaning_scores
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import CHAT

if TYPE_CHECKING:
    from maestro_graph.embedded.encoder import SentenceEncoder

__all__ = ["Choice", "by_meaning", "by_triggers", "choose_child"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The Level-2 skill that was chosen.

    Attributes:
        child: its file.
        by: the way that decided.
        why: the words that matched, the lead in meaning, or the expert's reply.
        sure: whether the way was sure of it.
    """

    child: SkillFile
    by: Literal["triggers", "meaning", "expert", "only"]
    why: str
    sure: bool = True


async def choose_child(file: SkillFile, call: SkillCall) -> Choice:
    """Choose a child for the question; the chosen one and why go into the trace.

    Triggers are certain, so a child that they name and that the expert cannot run is a refusal. The other ways choose
    among the children that the expert can run.

    Raises:
        CallFailure: `refused`, if the expert cannot run the child, or none of them.
    """
    choice = await _decide(file, call)
    name = choice.child.card.name
    if not choice.child.abilities & call.expert.abilities:
        wanted = " or ".join(sorted(choice.child.abilities))
        raise CallFailure(
            "refused",
            f"the question is one for {name} ({choice.why}), which needs the ability {wanted}; "
            f"{call.expert.name!r} has {sorted(call.expert.abilities)}",
        )
    call.note("dispatch", {"skill": file.card.name, "child": name, "by": choice.by, "why": choice.why})
    return choice


async def _decide(file: SkillFile, call: SkillCall) -> Choice:
    everything = list(file.children.values())
    children = [child for child in everything if child.abilities & call.expert.abilities]
    if not children:
        raise CallFailure("refused", f"{call.expert.name!r} can run none of {sorted(file.children)}")
    unsure: Choice | None = None
    for way in file.dispatch.order:
        found: Choice | None = None
        if way == "triggers":
            found = by_triggers(everything, call.request.question)
        elif len(children) == 1:
            return Choice(children[0], "only", f"the only one that {call.expert.name} can run")
        elif way == "meaning":
            found = await _by_meaning_if_possible(children, call.request.question, file.dispatch.margin)
        elif CHAT in call.expert.abilities:
            found = await _by_expert(file, children, call)
        if found is not None and found.sure:
            return found
        unsure = found or unsure
    return unsure or Choice(children[0], "only", "no way of choosing was at hand", sure=False)


def by_triggers(children: Sequence[SkillFile], question: str) -> Choice | None:
    """The one child whose triggers occur in the question; `None` if there is none or more than one."""
    hits = [
        (child, match[0])
        for child in children
        if (match := next((m for t in child.triggers if (m := re.search(t, question, re.IGNORECASE))), None))
    ]
    return Choice(hits[0][0], "triggers", f"the words {hits[0][1]!r}") if len(hits) == 1 else None


def by_meaning(
    children: Sequence[SkillFile], question: str, margin: float, encoder: SentenceEncoder | None = None
) -> Choice:
    """The child whose description and examples the question is nearest to, among several.

    Raises:
        MissingExtraError: the sentence encoder is not installed.
    """
    scores = meaning_scores([child.card for child in children], question, encoder)
    ranked = sorted(children, key=lambda child: scores[child.card.name], reverse=True)
    lead = scores[ranked[0].card.name] - scores[ranked[1].card.name] if len(ranked) > 1 else 1.0
    return Choice(ranked[0], "meaning", f"nearest in meaning, leading by {lead:.2f}", sure=lead >= margin)


async def _by_meaning_if_possible(children: Sequence[SkillFile], question: str, margin: float) -> Choice | None:
    try:  # in a thread: the first question loads the encoder and fits the children
        return await asyncio.to_thread(by_meaning, children, question, margin)
    except MissingExtraError:
        return None


async def _by_expert(file: SkillFile, children: Sequence[SkillFile], call: SkillCall) -> Choice | None:
    """Ask the expert for one of the names; a reply that names none or several is no choice."""
    listed = "\n".join(f"- {child.card.name}: {child.card.description}" for child in children)
    template = Template((files("maestro_skills") / "templates" / "choose.md").read_text(encoding="utf-8"))
    prompt = template.substitute(question=neutralise(call.request.question), children=listed)
    images = call.request.images if file.dispatch.look else ()
    call.note("step", {"skill": file.card.name, "step": "dispatch"})
    reply = await call.ask(replace(call.request, instructions=prompt.strip(), images=images))
    named = [child for child in children if _names(child, reply.text)]
    return Choice(named[0], "expert", f"it replied {reply.text[:80]!r}") if len(named) == 1 else None


def _names(child: SkillFile, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(child.card.name)}(?![\w-])", text, re.IGNORECASE) is not None

"""The system prompt: skill guidelines, model cards, format rules and one example, from the registry as it is now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template

from maestro_graph.decisions import Answer, CallExpert, CallSkill
from maestro_graph.experts import ExpertCard
from maestro_graph.protocol._neutral import neutralise
from maestro_graph.protocol._text import render_turn
from maestro_graph.skills import SkillCard

__all__ = ["render_prompt", "render_template"]

_SENTENCE_END = re.compile(r"(?<=[.:;!?]) ")


def render_template(name: str, slots: dict[str, str]) -> str:
    """Fill a packaged template. A slot missing on either side is a `KeyError` naming it."""
    template = _template(name)
    wanted = set(template.get_identifiers())
    if wanted != set(slots):
        raise KeyError(f"template {name!r} has the slots {sorted(wanted)}, was given {sorted(slots)}")
    return template.substitute(slots)


@cache
def _template(name: str) -> Template:
    return Template((files("maestro_graph.protocol") / "templates" / name).read_text(encoding="utf-8"))


def render_prompt(
    experts: Sequence[ExpertCard],
    skills: Sequence[SkillCard],
    actions: Sequence[tuple[str, str | None]],
    *,
    max_turns: int,
    max_calls: int = 1,
    brief: bool = False,
) -> str:
    """The router's system prompt.

    Args:
        experts, skills: the cards that exist now.
        actions: the pairs that may be written.
        max_turns: decisions in a run.
        max_calls: searches a turn may hold.
        brief: the first sentence of each card and no example, for a small model that is trained on the prompt.
    """
    if brief:
        return _brief(experts, skills, actions, max_turns, max_calls)
    several = "" if max_calls == 1 else f" (or up to {max_calls} of them, one below the other, to ask at once)"
    return render_template(
        "router_system.md",
        {
            "experts": "\n".join(f"- {card.name}: {_line(card.description)}" for card in experts) or "- none",
            "skills": "\n".join(_skill_line(card, actions) for card in skills) or "- none",
            "max_turns": str(max_turns),
            "several": several,
            "example": _example(actions),
        },
    ).strip()


def _brief(
    experts: Sequence[ExpertCard],
    skills: Sequence[SkillCard],
    actions: Sequence[tuple[str, str | None]],
    max_turns: int,
    max_calls: int,
) -> str:
    return render_template(
        "router_brief.md",
        {
            "experts": "\n".join(f"- {card.name}: {_first_sentence(card.description)}" for card in experts) or "- none",
            "skills": "\n".join(
                f"- {expert}@@{card.protocol_name}: {_first_sentence(card.description)}"
                for card in skills
                for expert, skill in actions
                if skill == card.protocol_name
            ),
            "max_turns": str(max_turns),
            "several": "" if max_calls == 1 else f" (at most {max_calls}, one below the other)",
        },
    ).strip()


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(_line(text), maxsplit=1)[0].rstrip(":;")


def _line(text: str) -> str:
    return neutralise(" ".join(text.split()))


def _skill_line(card: SkillCard, actions: Sequence[tuple[str, str | None]]) -> str:
    owners = ", ".join(expert for expert, skill in actions if skill == card.protocol_name)
    return f"- {card.protocol_name}: {_line(card.description)} Runs on: {owners or 'no expert that is here now'}."


def _example(actions: Sequence[tuple[str, str | None]]) -> str:
    """Two turns with names that exist."""
    if not actions:
        return render_turn(Answer("There is nobody to ask."))
    skilled = next((pair for pair in actions if pair[1] is not None), None)
    expert, skill = skilled or actions[0]
    query = "What does the picture show that answers the question?"
    call = CallSkill(expert, skill, query) if skill else CallExpert(expert, query)
    return (
        f"<think>I should have somebody look at the picture first.</think>\n{render_turn([call])}\n"
        f"<information> The evidence comes back here. </information>\n"
        f"<think>That settles it.</think>\n{render_turn(Answer('the short final answer'))}"
    )

"""The text of a turn: render decisions and observations, parse what a router wrote.

Grammar (design: the protocol between router and world):

    turn        = [ "<think>" text "</think>" ] ( answer | search { search } )
    search      = "<search>" expert [ "@@" skill ] ":" query "</search>"
    answer      = "<answer>" text "</answer>"
    observation = "<information>" text "</information>"

Parsing is strict and exact on names. It never raises and never guesses: what is no turn is `Malformed`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import assert_never

from maestro_graph.decisions import Answer, Call, CallExpert, CallSkill, Malformed
from maestro_graph.evidence import Evidence
from maestro_graph.protocol._neutral import neutralise, restore

__all__ = ["parse_turn", "render_observation", "render_problem", "render_turn"]

_SPACE = " \t\r\n"
_TAG = re.compile(r"</?(?:think|search|information|answer)>")
_BLOCK = re.compile(r"[ \t\r\n]*<(search|answer)>(.*?)</\1>", re.DOTALL)

Actions = Collection[tuple[str, str | None]]
"""The pairs (expert, protocol name of a skill or None) that exist now."""


def render_turn(decision: Sequence[Call] | Answer) -> str:
    """The assistant text of a decision, without a think part."""
    if isinstance(decision, Answer):
        return f"<answer> {neutralise(decision.text)} </answer>"
    return "\n".join(_render_call(call) for call in decision)


def _render_call(call: Call) -> str:
    match call:
        case CallExpert(expert, query):
            head = expert
        case CallSkill(expert, skill, query):
            head = f"{expert}@@{skill}"
        case _:
            assert_never(call)
    return f"<search> {head}: {neutralise(query)} </search>"


def render_observation(evidence: Sequence[Evidence], *, max_chars: int) -> str:
    """The user message that brings evidence back: at most `max_chars` characters of text for each call."""
    parts = []
    for item in evidence:
        source = item.expert if item.skill is None else f"{item.expert}@@{item.skill}"
        state = "" if item.ok else f" ({item.status})"
        head = f"{neutralise(source)}{state}: " if len(evidence) > 1 or not item.ok else ""
        parts.append(head + neutralise(item.cut(max_chars).text))
    return "<information> " + "\n".join(parts) + " </information>"


def render_problem(problem: str) -> str:
    """The user message that tells a router, once, what was wrong with its turn."""
    return f"<information> Your last turn could not be read: {neutralise(problem)} </information>"


def parse_turn(text: str, actions: Actions, *, max_calls: int = 8) -> tuple[Call, ...] | Answer | Malformed:
    """Read a router's turn.

    Args:
        text: the assistant text. A template that opens `<think>` itself leaves a turn that starts inside it:
            everything up to the first `</think>` is taken as thought then too.
        actions: the pairs that exist now.
        max_calls: how many searches one turn may hold.
    """
    body, problem = _without_thought(text)
    if problem:
        return Malformed(text, problem)
    blocks: list[tuple[str, str]] = []
    at = 0
    while match := _BLOCK.match(body, at):
        blocks.append((match[1], match[2].strip(_SPACE)))
        at = match.end()
    rest = body[at:].strip(_SPACE)
    if not blocks:
        return Malformed(text, "it holds neither <search> … </search> nor <answer> … </answer> where one must stand")
    if rest:
        return Malformed(text, f"there is text after the closing tag: {rest[:80]!r}")
    for _, inner in blocks:
        if tag := _TAG.search(inner):
            return Malformed(text, f"the tag {tag[0]} stands inside another one")
    kinds = {kind for kind, _ in blocks}
    if kinds == {"answer"} and len(blocks) == 1:
        answer = restore(blocks[0][1])
        return Answer(answer) if answer else Malformed(text, "the answer is empty")
    if "answer" in kinds:
        return Malformed(text, "a turn is either searches or exactly one answer")
    if len(blocks) > max_calls:
        return Malformed(text, f"{len(blocks)} searches in one turn; at most {max_calls} are allowed")
    calls: list[Call] = []
    for _, inner in blocks:
        call = _parse_call(inner, actions)
        if isinstance(call, str):
            return Malformed(text, call)
        calls.append(call)
    return tuple(calls)


def _without_thought(text: str) -> tuple[str, str | None]:
    """The part behind the thought, or what is wrong with it."""
    stripped = text.lstrip(_SPACE)
    thought, closed, body = stripped.partition("</think>")
    if closed:
        return body, None
    if stripped.startswith("<think>"):
        return "", "<think> is not closed by </think>"
    return thought, None


def _parse_call(inner: str, actions: Actions) -> Call | str:
    """A call, or what is wrong with it."""
    head, colon, query = inner.partition(":")
    if not colon:
        return f"{inner[:80]!r} has no colon; write 'Expert: query' or 'Expert@@Skill: query'"
    query = restore(query.strip(_SPACE))
    if not query:
        return f"the query for {head.strip(_SPACE)!r} is empty"
    expert, at, skill = (part.strip(_SPACE) for part in head.partition("@@"))
    chosen = (expert, skill if at else None)
    if chosen in actions:
        return CallSkill(expert, skill, query) if at else CallExpert(expert, query)
    experts = sorted({name for name, _ in actions})
    if expert not in experts:
        return f"there is no expert named {expert!r}; there are: {', '.join(experts) or 'none'}"
    skills = sorted(name for owner, name in actions if owner == expert and name is not None)
    if at:
        return f"{expert!r} has no skill named {skill!r}; it has: {', '.join(skills) or 'none'}"
    return f"{expert!r} can only be asked through a skill: {', '.join(skills)}"

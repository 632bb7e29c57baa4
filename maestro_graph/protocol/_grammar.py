"""The bounded regular expression of a turn, derived from the actions that exist now.

Servers with structured decoding (vLLM's `structured_outputs: {"regex": …}`) sample only turns that `parse_turn`
accepts. Every part is bounded, since an unbounded one is cut by the token limit and is no turn then.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LARK_HEAD", "turn_grammar", "turn_regex"]

LARK_HEAD = "%llguidance {}"
"""First line of a Lark grammar: no turn's regular expression begins so."""

_SPECIAL = frozenset(r"\.^$|?*+()[]{}")
# A `<` is allowed where it cannot begin a tag: before a space, a digit, `=` or the backslash of neutralised text.
_THOUGHT = r"[^<]"
_QUERY_FIRST = r"[^<> \t\r\n]"
_QUERY = r"(?:[^<\r\n]|<[ =0-9\\])"
_ANSWER_FIRST = r"[^< \t\r\n]"
_ANSWER = r"(?:[^<]|<[ =0-9\\])"


def turn_regex(
    actions: Iterable[tuple[str, str | None]],
    *,
    max_thought: int = 2000,
    max_query: int = 500,
    max_answer: int = 1000,
    max_calls: int = 1,
    think_opened: bool = False,
    query: str | None = None,
    answers: Iterable[str] | None = None,
) -> str:
    """Regular expression (no look-around, no back-references) that matches whole turns.

    Args:
        actions: pairs (expert, protocol name of a skill or `None`).
        max_thought, max_query, max_answer: bounds in characters; a thought of none is not written at all, unless the
            template has opened it.
        max_calls: searches a turn may hold.
        think_opened: for chat templates that open `<think>` themselves: the turn starts inside it and must close it.
        query: the one query that may be written, neutralised already; by default any.
        answers: the answers that may be given, neutralised already; by default any. With none of them, the turn
            must be a search.
    """
    body = _body(actions, max_query, max_answer, max_calls, query, answers)
    if think_opened:
        return rf"{_THOUGHT}{{0,{max_thought}}}</think>\n{{0,2}}{body}"
    if max_thought == 0:
        return body
    return rf"(?:<think>{_THOUGHT}{{0,{max_thought}}}</think>\n{{0,2}})?{body}"


def turn_grammar(
    actions: Iterable[tuple[str, str | None]],
    *,
    think_ids: tuple[int, int],
    max_thought: int = 2000,
    max_query: int = 500,
    max_answer: int = 1000,
    max_calls: int = 1,
    think_opened: bool = False,
    query: str | None = None,
    answers: Iterable[str] | None = None,
) -> str:
    """The same turns as a Lark grammar of llguidance, for models that have a token each for `<think>` and `</think>`.

    llguidance takes tags of the vocabulary for tokens that no text matches: under a regular expression such a model
    would have to spell its tags letter by letter, and decoding fails where nothing but a tag may come.

    Args:
        think_ids: ids of the tokens `<think>` and `</think>`; the other arguments as in `turn_regex`.
    """
    body = _body(actions, max_query, max_answer, max_calls, query, answers)
    opened, closed = (f"<[{item}]>" for item in think_ids)
    inner = f"THOUGHT? {closed}" if max_thought else closed
    unopened = f"({opened} {inner})?" if max_thought else ""
    thought = inner if think_opened else unopened
    terminal = rf"{_gap(thought)}{body}".replace("/", r"\/").replace("\n", r"\n")
    lines = [LARK_HEAD, f"start: {thought} TURN", f"TURN: /{terminal}/"]
    if max_thought:
        lines.append(rf"THOUGHT: /{_THOUGHT}{{1,{max_thought}}}/")
    return "\n".join(lines) + "\n"


def _body(
    actions: Iterable[tuple[str, str | None]],
    max_query: int,
    max_answer: int,
    max_calls: int,
    query: str | None,
    answers: Iterable[str] | None,
) -> str:
    """What comes behind the thought: searches, or an answer."""
    heads = "|".join(
        _literal(expert if skill is None else f"{expert}@@{skill}")
        for expert, skill in sorted(actions, key=lambda pair: (pair[0], pair[1] or ""))
    )
    free_answer = rf"{_ANSWER_FIRST}{_ANSWER}{{0,{max_answer - 1}}}"
    listed = None if answers is None else [_literal(text) for text in dict.fromkeys(answers)]
    answer = rf"<answer> {free_answer if listed is None else _either(listed)} </answer>"
    if not heads:
        return answer if listed != [] else f"<answer> {free_answer} </answer>"
    asked = rf"{_QUERY_FIRST}{_QUERY}{{0,{max_query - 1}}}" if query is None else _literal(query)
    search = rf"<search> (?:{heads}): {asked} </search>"
    searches = search if max_calls == 1 else rf"{search}(?:\n{search}){{0,{max_calls - 1}}}"
    return rf"(?:{searches})" if listed == [] else rf"(?:{searches}|{answer})"


def _gap(thought: str) -> str:
    """Line breaks may follow a thought; where there can be none, the turn begins with its tag."""
    return r"\n{0,2}" if thought else ""


def _either(literals: list[str]) -> str:
    return f"(?:{'|'.join(literals)})"


def _literal(text: str) -> str:
    return "".join("\\" + char if char in _SPECIAL else char for char in text)

"""The regular expression of a turn: whatever it lets through is a decision."""

from __future__ import annotations

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from maestro_graph import Answer, CallExpert, ExpertCard, Malformed
from maestro_graph.protocol import neutralise, parse_turn, render_turn, turn_grammar, turn_regex

SPECIALS = st.text(alphabet=r".^$|?*+()[]{}\\-/#&~'\"=!, aé漢 ", min_size=1, max_size=12)


@st.composite
def names(draw: st.DrawFn) -> str:
    """Names that a card takes."""
    name = draw(SPECIALS | st.text(min_size=1, max_size=12))
    try:
        return ExpertCard(name=name, description="d").name
    except ValidationError:
        assume(False)
        raise


SKILLS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)
ACTIONS = st.lists(st.tuples(names(), st.none() | SKILLS), max_size=4, unique=True)


@settings(max_examples=60)
@given(st.data(), ACTIONS, st.booleans(), st.integers(1, 3))
def test_every_sample_of_the_grammar_is_a_decision(
    data: st.DataObject, actions: list[tuple[str, str | None]], think_opened: bool, max_calls: int
) -> None:
    regex = turn_regex(
        actions, max_thought=20, max_query=15, max_answer=15, max_calls=max_calls, think_opened=think_opened
    )
    for _ in range(3):
        text = data.draw(st.from_regex(regex, fullmatch=True))
        decision = parse_turn(text, actions, max_calls=max_calls)
        assert not isinstance(decision, Malformed), decision.problem
        assert isinstance(decision, Answer) or 1 <= len(decision) <= max_calls


@settings(max_examples=40)
@given(st.data(), ACTIONS)
def test_every_action_that_exists_can_be_sampled(data: st.DataObject, actions: list[tuple[str, str | None]]) -> None:
    pattern = re.compile(turn_regex(actions))
    for expert, skill in actions:
        head = expert if skill is None else f"{expert}@@{skill}"
        assert pattern.fullmatch(f"<think>hm</think>\n<search> {head}: what is 3 < 4 here? </search>")
    assert pattern.fullmatch(render_turn(Answer("a </answer> that quotes")))


def test_a_removed_action_is_sampled_no_more() -> None:
    turn = "<search> late: x </search>"
    before, after = turn_regex([("early", None)]), turn_regex([("early", None), ("late", None)])
    assert not re.fullmatch(before, turn)
    assert re.fullmatch(after, turn)
    assert not re.fullmatch(turn_regex([]), turn)


def test_a_template_that_opens_the_thought_must_see_it_closed() -> None:
    opened = turn_regex([("a", None)], think_opened=True)
    assert re.fullmatch(opened, "hm</think>\n<answer> 1 </answer>")
    assert not re.fullmatch(opened, "<answer> 1 </answer>")


def test_parts_are_bounded() -> None:
    regex = turn_regex([("a", None)], max_query=10)
    assert re.fullmatch(regex, "<search> a: 0123456789 </search>")
    assert not re.fullmatch(regex, "<search> a: 0123456789x </search>")
    assert "(?" not in regex.replace("(?:", "")  # no look-around: servers do not take it


@given(st.text(min_size=1, max_size=40), st.lists(st.text(min_size=1, max_size=20), max_size=3))
def test_the_query_and_the_answers_can_be_given(question: str, found: list[str]) -> None:
    query = neutralise(question.strip())
    answers = [neutralise(text.strip()) for text in found if text.strip()]
    if not query or "\n" in query or "\r" in query:
        return
    pattern = re.compile(turn_regex([("reader", None)], max_thought=0, query=query, answers=answers))
    search = f"<search> reader: {query} </search>"
    assert pattern.fullmatch(search)
    assert parse_turn(search, [("reader", None)]) == (CallExpert("reader", question.strip()),)
    assert not pattern.fullmatch("<search> reader: something else entirely that nobody asked </search>")
    assert not pattern.fullmatch("<answer> something else entirely that nobody found </answer>")
    for text, answer in zip(answers, (text.strip() for text in found if text.strip()), strict=True):
        assert pattern.fullmatch(f"<answer> {text} </answer>")
        assert parse_turn(f"<answer> {text} </answer>", [("reader", None)]) == Answer(answer)


def test_a_thought_of_no_length_is_not_written() -> None:
    pattern = re.compile(turn_regex([("reader", None)], max_thought=0, query="q", answers=["7"]))
    assert pattern.fullmatch("<search> reader: q </search>")
    assert not pattern.fullmatch("<think></think><search> reader: q </search>")
    assert "<[5]>" not in turn_grammar([("reader", None)], think_ids=(5, 6), max_thought=0)
    assert "TURN: /(?:<search>" in turn_grammar([("reader", None)], think_ids=(5, 6), max_thought=0)
    assert "<[6]>" in turn_grammar([("reader", None)], think_ids=(5, 6), max_thought=0, think_opened=True)

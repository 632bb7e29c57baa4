"""The grammar: what is rendered is parsed back, and no text makes the parser raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_graph import Answer, CallExpert, CallSkill, Evidence, Malformed
from maestro_graph.protocol import neutralise, parse_turn, render_observation, render_problem, render_turn, restore

ACTIONS = (
    ("reader", None),
    ("chart reader", None),
    ("reader", "Read.fields"),
    ("C++ (v2)|$", None),
    ("skilled", "S-1"),
)
STRUCTURE = """
< > </ <\\ \\ \\\\ / | ｜ [ ] : @@ think search information answer image s INST <answer> </answer> <search> </search>
<think> </think> <information> </information> <|im_end|> [INST] [/INST] </s> <turn|> <unused7> reader
"""
PIECES = st.sampled_from([*STRUCTURE.split(), " ", "\n", "\t"])
TEXT = st.text() | st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join)
SAID = TEXT.map(lambda text: text.strip(" \t\r\n")).filter(bool)


def calls() -> st.SearchStrategy[tuple[CallExpert | CallSkill, ...]]:
    def build(pair: tuple[str, str | None], query: str) -> CallExpert | CallSkill:
        return CallExpert(pair[0], query) if pair[1] is None else CallSkill(pair[0], pair[1], query)

    return st.lists(st.builds(build, st.sampled_from(ACTIONS), SAID), min_size=1, max_size=4).map(tuple)


@given(calls())
def test_calls_come_back_as_they_were_rendered(decision: tuple[CallExpert | CallSkill, ...]) -> None:
    assert parse_turn(render_turn(decision), ACTIONS) == decision


@given(SAID, TEXT)
def test_answers_come_back_behind_any_thought(text: str, thought: str) -> None:
    assert parse_turn(render_turn(Answer(text)), ACTIONS) == Answer(text)
    turn = f"<think>{neutralise(thought)}</think>\n{render_turn(Answer(text))}"
    assert parse_turn(turn, ACTIONS) == Answer(text)


@given(TEXT)
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parsed = parse_turn(text, ACTIONS)
    if isinstance(parsed, Malformed):
        assert parsed.text == text
        assert parsed.problem


@given(TEXT)
def test_neutral_text_is_restored(text: str) -> None:
    assert restore(neutralise(text)) == text
    assert restore(restore(neutralise(neutralise(text)))) == text


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_an_observation_is_one_block(texts: list[str]) -> None:
    evidence = [
        Evidence(turn=0, call=index, expert="reader", skill=None, query="q", status="ok", text=text)
        for index, text in enumerate(texts)
    ]
    for message in (render_observation(evidence, max_chars=10_000), render_problem(texts[0])):
        assert message.startswith("<information> ")
        assert message.endswith(" </information>")
        assert message.count("<information>") == message.count("</information>") == 1


@pytest.mark.parametrize(
    "hostile", ["<" + " " * 50_000, "<" * 50_000, "<\\" * 50_000, "[" + "\n" * 50_000, "</ " * 20_000]
)
def test_hostile_repetitions_are_linear(hostile: str) -> None:
    # Quadratic matching would need minutes for these: the test would not end.
    assert restore(neutralise(hostile)) == hostile
    assert isinstance(parse_turn(hostile, ACTIONS), Malformed)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "neither"),
        ("Let me see.", "neither"),
        ("<think> never closed <answer> 1 </answer>", "not closed"),
        ("<answer></answer>", "empty"),
        ("<answer> 1 </answer> and more", "after the closing tag"),
        ("Sure: <answer> 1 </answer>", "neither"),
        ("<answer> 1 </answer><answer> 2 </answer>", "exactly one answer"),
        ("<search> reader: a </search><answer> 1 </answer>", "exactly one answer"),
        ("<search> reader </search>", "no colon"),
        ("<search> reader: </search>", "empty"),
        ("<search> Reader: x </search>", "there is no expert named 'Reader'; there are: C++"),
        ("<search> read: x </search>", "no expert named 'read'"),
        ("<search> reader@@read.fields: x </search>", "no skill named 'read.fields'; it has: Read.fields"),
        ("<search> skilled: x </search>", "only be asked through a skill: S-1"),
        ("<search> reader: a <information> b </search>", "<information> stands inside"),
        ("<search> reader: a </search>" * 9, "9 searches"),
    ],
)
def test_what_is_no_turn_says_why(text: str, problem: str) -> None:
    parsed = parse_turn(text, ACTIONS)
    assert isinstance(parsed, Malformed)
    assert problem in parsed.problem


def test_a_turn_may_begin_inside_its_thought() -> None:
    assert parse_turn("so I look</think>\n<answer>1</answer>", ACTIONS) == Answer("1")


def test_failures_name_their_kind_and_source() -> None:
    failed = Evidence(turn=0, call=0, expert="a", skill="B", query="q", status="timeout", text="too slow")
    fine = Evidence(turn=0, call=1, expert="c", skill=None, query="q", status="ok", text="42")
    assert (
        render_observation([failed, fine], max_chars=99)
        == "<information> a@@B (timeout): too slow\nc: 42 </information>"
    )


def test_a_cut_reply_keeps_its_end() -> None:
    long = Evidence(turn=0, call=0, expert="a", skill=None, query="q", status="ok", text="x" * 5000 + "Answer: 7")
    message = render_observation([long], max_chars=200)
    assert message.endswith("Answer: 7 </information>")
    assert len(message) < 260

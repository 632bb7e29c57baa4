"""What the reader understands of a question."""

from __future__ import annotations

import pytest

from maestro_graph.embedded.reader._questions import (
    Count,
    Extreme,
    Field,
    Mention,
    Neighbour,
    Ordinal,
    Region,
    Reverse,
    Title,
    Transcribe,
    plan,
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is written on the sign?", Transcribe()),
        ("Read the text.", Transcribe()),
        ("What does the red sign say?", Transcribe(Region(colour="red"))),
        ("What does the first line say?", Ordinal("line", 0)),
        ("What is the last word of the second line?", Ordinal("word", -1, Ordinal("line", 1))),
        ("What does line 3 say?", Ordinal("line", 2)),
        ("What is the title?", Title()),
        ("What is the name of the store?", Title()),
        ("How many lines of text are there?", Count("line")),
        ("How many times does the word 'the' appear?", Count("times", "the")),
        ("Does the page mention whales?", Mention("whales")),
        ("Which item is the most expensive?", Extreme(largest=True, value=False)),
        ("Which item costs $4.50?", Reverse("$4.50")),
        ("What comes after 'grey'?", Neighbour("after", "grey")),
        ("What is step 2?", Ordinal("numbered", 1)),
    ],
)
def test_plans(question: str, expected: object) -> None:
    assert plan(question) == expected


@pytest.mark.parametrize(
    ("question", "label", "item", "kind"),
    [
        ("What is the total on the receipt?", ("total",), (), "money"),
        ("What is the price of the latte?", ("price",), ("latte",), "money"),
        ("How much does the latte cost?", ("price",), ("latte",), "money"),
        ("What is the invoice number?", ("invoice", "number"), (), "code"),
        ("When is the payment due?", ("due", "date"), (), "date"),
        ("Who is the sender?", ("sender",), (), "name"),
        ("What is the phone number?", ("phone", "number"), (), "phone"),
        ("Which destination is delayed?", ("destination",), ("delayed",), None),
        ("What are the opening hours on Saturday?", ("saturday",), (), None),
        ("When does the shop open on Sundays?", ("sunday",), (), "time"),
        ("What are the opening hours?", ("opening", "hour"), (), "time"),
        ("How tall is the tower?", ("tall", "tower"), (), "measure"),
    ],
)
def test_fields(question: str, label: tuple[str, ...], item: tuple[str, ...], kind: str | None) -> None:
    found = plan(question)
    assert isinstance(found, Field)
    assert (found.label, found.item, found.kind) == (label, item, kind)


@pytest.mark.parametrize("question", ["", "?", "???", "how", "what is the", "'", "after", "how many"])
def test_no_question_breaks_the_planner(question: str) -> None:
    plan(question)

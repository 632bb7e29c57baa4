"""The calculator on numbers and tables that another expert brought."""

from __future__ import annotations

import pytest

from maestro_graph.embedded.calculator import Calculator
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import ExpertCard, ExpertRequest

CALCULATOR = Calculator(ExpertCard(name="calculator", description="Calculates."))
TABLE: dict[str, Json] = {
    "kind": "bars",
    "title": "",
    "series": [""],
    "categories": ["Mon", "Tue", "Wed"],
    "values": [[3, 5.5, 8]],
}


def found(answer: str, table: dict[str, Json] | None = None) -> Evidence:
    details: dict[str, Json] = {} if table is None else {"table": table}
    return Evidence(
        turn=0, call=0, expert="reader", skill=None, query="", status="ok", text=answer, answer=answer, details=details
    )


def ask(question: str, *evidence: Evidence) -> str | None:
    return CALCULATOR.answer(ExpertRequest(question=question, evidence=evidence)).answer


@pytest.mark.parametrize(
    ("question", "answers", "expected"),
    [
        ("Add 10 to that", ["24"], "34"),
        ("What is 20% of the total?", ["$45.50"], "$9.10"),
        ("What is the sum of these numbers?", ["3, 5 and 9"], "17"),
        ("What is the difference between the two amounts?", ["$12.50 and $7.25"], "$5.25"),
        ("What is the difference between the two amounts?", ["12", "7"], "5"),
        ("Multiply the result by 3", ["12 coins"], "36"),
        ("Convert that to miles", ["5 km"], "3.107 miles"),
        ("What is half of that?", ["9"], "4.5"),
    ],
)
def test_numbers(question: str, answers: list[str], expected: str) -> None:
    assert ask(question, *(found(item) for item in answers)) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the sum of all values?", "16.5"),
        ("What is the average of the values in the chart?", "5.5"),
        ("What is the difference between Mon and Wed?", "5"),
        ("What is the ratio of Wed to Mon?", "2.667"),
    ],
)
def test_tables(question: str, expected: str) -> None:
    assert ask(question, found("bars", TABLE)) == expected


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many coins are there?", "24"),
        ("What is the total?", "24"),
        ("What is the difference between the two amounts?", "1, 2 and 3"),
        ("Add 10 to that", "no number here"),
    ],
)
def test_what_the_evidence_does_not_determine_is_refused(question: str, answer: str) -> None:
    with pytest.raises(CallFailure):
        ask(question, found(answer))


def test_a_table_with_a_gap_or_a_wrong_shape_is_not_summed() -> None:
    for values in ([[3, None, 8]], [[3, 5]], "x", [[3, 5, 8], [1, 2, 3]]):
        with pytest.raises(CallFailure):
            ask("What is the sum of all values?", found("bars", {**TABLE, "values": values}))


def test_failed_evidence_is_not_used() -> None:
    failed = Evidence(turn=0, call=0, expert="reader", skill=None, query="", status="failed", text="error 500")
    with pytest.raises(CallFailure):
        ask("Add 10 to that", failed)

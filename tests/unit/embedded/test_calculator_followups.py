"""The calculator on the second part of a question whose first part another expert answered."""

from __future__ import annotations

import pytest

from maestro_graph.embedded.calculator import Calculator
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertCard, ExpertRequest

CALCULATOR = Calculator(ExpertCard(name="calculator", description="Calculates."))


def ask(question: str, *answers: str) -> str | None:
    evidence = tuple(
        Evidence(turn=0, call=0, expert="e", skill=None, query="", status="ok", text=answer, answer=answer)
        for answer in answers
    )
    return CALCULATOR.answer(ExpertRequest(question=question, evidence=evidence)).answer


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("How many stamps are there? Multiply that number by 7.", "6", "42"),
        ("Count the stamps and multiply the result by 7.", "6", "42"),
        ("How much is the tea? What is 20% of it?", "2.50", "0.5"),
        ("How high is the bar of Mon? Then take 4 away from the result.", "31", "27"),
        ("What is the value for 'Plan 9'? Add 5 to it.", "20", "25"),
        ("How many pears are listed? Split that number into 4 equal parts; how large is each?", "52", "13"),
        ("Which number belongs to Rome? Increase that number by 30.", "12", "42"),
        ("Which number belongs to Rome? Give 3 times that number.", "12", "36"),
        ("If every stamp is worth 5, how much are all stamps worth together?", "8", "40"),
        ("Each jar weighs 3 kg. How much do all the jars weigh?", "8", "24"),
        ("What is 6 times the number of blue rings?", "4", "24"),
        ("What is the price of the soap times 3?", "1.20", "3.6"),
        ("How much would one pay for 3 of the soap?", "1.20", "3.6"),
        ("What would 3 pieces of soap cost?", "1.20", "3.6"),
    ],
)
def test_second_part(question: str, answer: str, expected: str) -> None:
    assert ask(question, answer) == expected


@pytest.mark.parametrize(
    "question",
    [
        "If every child gets 2 of the sweets, how many are left?",
        "How many stamps are there? Multiply that number by 7 and then guess the colour of it.",
        "Each jar weighs 3 kg. What is the difference between the jars?",
        "What is written at 5 of the doors?",
    ],
)
def test_what_is_not_understood_is_refused(question: str) -> None:
    with pytest.raises(CallFailure) as caught:
        ask(question, "6")
    assert caught.value.kind == "refused"


def test_without_evidence_nothing_is_made_up() -> None:
    with pytest.raises(CallFailure):
        ask("How many stamps are there? Multiply that number by 7.")

"""Our own rule for own data."""

from __future__ import annotations

from typing import Any

import pytest

from maestro_evaluation import score

RIGHT: list[tuple[Any, Any, float]] = [
    ("12", 12, 0.0),
    ("12.0", "12", 0.0),
    ("1,234.5", 1234.5, 0.0),
    ("$1,200", "1200", 0.0),
    ("25 %", "25%", 0.0),
    ("three", 3, 0.0),
    ("1/2", 0.5, 0.0),
    ("−4", -4, 0.0),
    ("10.4", 10, 0.05),
    ("-10.4", -10, 0.05),
    ("The answer is 10.", 10, 0.0),
    ("Answer: Paris", "paris", 0.0),
    ("  the  Red\ncar.", "red car", 0.0),
    ("“STOP”", "stop", 0.0),
    ("café", "café", 0.0),
    ("grey", ["gray", "grey"], 0.0),
    ("7", ["six", 7], 0.0),
    ("A", "a", 0.0),
    ("1e3", 1000, 0.0),
]
WRONG: list[tuple[Any, Any, float]] = [
    ("10.6", 10, 0.05),
    ("-10", 10, 0.5),
    ("12 or 13", 12, 0.0),
    ("25", 0.25, 0.0),
    ("red", "dark red", 0.0),
    ("0.001", 0, 0.05),
    ("", "x", 0.0),
    ("12,34", 1234, 0.0),
    ("5 apples", 5, 0.0),
    ("1/0", 1, 0.0),
    ("", [], 0.0),
]


@pytest.mark.parametrize(("prediction", "answer", "rel_tol"), RIGHT)
def test_right(prediction: Any, answer: Any, rel_tol: float) -> None:
    assert score("short-answer", prediction, answer, {"rel_tol": rel_tol}) == 1.0


@pytest.mark.parametrize(("prediction", "answer", "rel_tol"), WRONG)
def test_wrong(prediction: Any, answer: Any, rel_tol: float) -> None:
    assert score("short-answer", prediction, answer, {"rel_tol": rel_tol}) == 0.0


def test_without_tolerance_numbers_are_exact() -> None:
    assert score("short-answer", "10.001", 10) == 0.0
    assert score("short-answer", "0.30000000000000004", 0.3) == 1.0

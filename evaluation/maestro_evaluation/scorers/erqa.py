"""ERQA: the reply must be the letter, but for periods, case and space around it; "(B)" is wrong."""

from __future__ import annotations

from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_text, hit

__all__ = ["RULES"]


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    given = as_text(prediction).replace(".", "").strip().lower()
    return hit(given == as_text(answer).strip().lower())


RULES = (
    Rule(
        name="erqa.official_expr",
        benchmark="ERQA",
        source="embodiedreasoning/ERQA eval_harness.py, exact-match expression (as read in a public fork)",
        scorer=_official,
    ),
)

"""MathVista: normalise what was extracted from the reply by the type of the answer, then exact equality.

Choices: the letter in parentheses, a bare upper-case letter, else the option with the smallest edit distance. Integers
are cut, floats rounded to the question's precision. Extraction by a model comes before; here the reply is taken as is.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import LETTERS, as_int, as_text, hit, to_float
from maestro_graph.errors import MissingExtraError

__all__ = ["RULES"]

IN_PARENTHESES = re.compile(r"\(([a-zA-Z])\)")


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    if meta.get("question_type") == "multi_choice":
        choices = meta.get("choices")
        given = _choice(as_text(prediction), choices) if isinstance(choices, (list, tuple)) and choices else None
    elif meta.get("answer_type") == "integer":
        given = _cut(prediction)
    elif meta.get("answer_type") == "float":
        given = _rounded(prediction, meta.get("precision"))
    else:
        given = as_text(prediction)
    return hit(given is not None and given == answer)


def _choice(reply: str, choices: list[Any] | tuple[Any, ...]) -> str:
    text = reply.strip()
    if letter := IN_PARENTHESES.search(text):
        text = letter[1].upper()
    options = [as_text(choice) for choice in choices]
    if len(text) == 1 and text in LETTERS[: len(options)]:
        return options[LETTERS.index(text)]
    return min(options, key=lambda option: _distance(text, option))


def _distance(left: str, right: str) -> int:
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise MissingExtraError("the rule mathvista.official", "eval", "rapidfuzz") from error
    return int(Levenshtein.distance(left, right))


def _cut(value: Any) -> str | None:
    number = to_float(value)
    whole = None if number is None else as_int(number)
    return None if whole is None else str(whole)


def _rounded(value: Any, precision: Any) -> str | None:
    number = to_float(value)
    if number is None:
        return None
    digits = as_int(precision)
    if digits is not None:
        return str(round(number, max(-400, min(digits, 400))))
    whole = as_int(round(number, 0))
    return None if whole is None else str(whole)


RULES = (
    Rule(
        name="mathvista.official",
        benchmark="MathVista",
        source="lupantech/MathVista@53d525874b evaluation/calculate_score.py::normalize_extracted_answer, safe_equal",
        scorer=_official,
    ),
)

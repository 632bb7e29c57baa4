"""Our own rule for own data: numbers within `meta.rel_tol`, text normalised, one answer or several accepted ones.

Not the rule of any benchmark. A number may carry thousands commas, a currency sign before it or a percent sign after it
(25% is 25), and may be a word from zero to twenty. Text is compared without case, articles, outer punctuation and
repeated space. The whole reply must be the answer; "Answer:" or "The answer is" before it is allowed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_alternatives, hit, to_float
from maestro_evaluation.scorers.tallyqa import VALUES

__all__ = ["RULES"]

ROUNDING = 1e-9
"""The tolerance where the sample names none: that of the arithmetic."""

ANNOUNCED = re.compile(r"(?:the )?(?:final )?answer(?: is ?:?|:) ?")
NUMBER = re.compile(r"([+-]?) ?[$€£¥]? ?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(e[+-]?\d{1,3})? ?%?")
FRACTION = re.compile(r"([+-]?\d{1,15}) ?/ ?(\d{1,15})")
MINUS = str.maketrans({"−": "-", "–": "-"})
OUTER = " \t\n.,;:!?\"'`*()[]{}“”‘’«»"
ARTICLES = {"a", "an", "the"}
LONGEST_NUMBER = 400


def _short_answer(prediction: Any, answer: Any, meta: Meta) -> float:
    given = _announced_part(_folded(as_alternatives(prediction)[0] if not isinstance(prediction, list) else ""))
    tolerance = to_float(meta.get("rel_tol"))
    tolerance = ROUNDING if tolerance is None or not tolerance >= 0 else max(tolerance, ROUNDING)
    return hit(any(_same(given, _folded(wanted), tolerance) for wanted in as_alternatives(answer)))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(MINUS).split())


def _announced_part(text: str) -> str:
    found = ANNOUNCED.match(text)
    return text[found.end() :] if found and found.end() < len(text) else text


def _same(given: str, wanted: str, tolerance: float) -> bool:
    left, right = _number(given), _number(wanted)
    if left is not None and right is not None:
        return left == right or math.isclose(left, right, rel_tol=0.0, abs_tol=tolerance * abs(right))
    return bool(_words(wanted) or not wanted) and _words(given) == _words(wanted)


def _number(text: str) -> float | None:
    text = text.strip().rstrip(".!;").strip("\"'`*")
    if text in VALUES:
        return float(VALUES[text])
    if len(text) > LONGEST_NUMBER:
        return None
    if found := FRACTION.fullmatch(text):
        return int(found[1]) / int(found[2]) if int(found[2]) else None
    if found := NUMBER.fullmatch(text):
        return to_float(found[1] + found[2].replace(",", "") + (found[3] or ""))
    return None


def _words(text: str) -> list[str]:
    return [word for word in text.strip(OUTER).split() if word not in ARTICLES] or text.strip(OUTER).split()


RULES = (
    Rule(
        name="short-answer",
        benchmark="own data",
        source="maestro_evaluation/scorers/short_answer.py (this project)",
        scorer=_short_answer,
    ),
)

"""TallyQA: the first whole number from 0 to 20 in the reply, in digits or in words, must be the answer.

"-3" and "3.5" read as 3, "25" and "none" as nothing. The benchmark's own figures are accuracy and RMSE.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_int, as_text, hit, to_float

__all__ = ["AGGREGATES", "RULES", "accuracy_and_rmse", "first_count"]

WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
VALUES = {word: value for value, word in enumerate(WORDS)}
COUNT = re.compile(rf"\b(?:[0-9]|1[0-9]|20|{'|'.join(WORDS)})\b")
LARGEST = 20


def _vlmevalkit(prediction: Any, answer: Any, meta: Meta) -> float:
    count = first_count(prediction)
    return hit(count is not None and count == as_int(answer))


def first_count(prediction: Any) -> int | None:
    """The first whole number from 0 to 20 in a reply, in digits or in words; `None` where there is none."""
    if isinstance(prediction, (int, float)):
        return int(prediction) if 0 <= prediction <= LARGEST else None
    found = COUNT.search(as_text(prediction).lower())
    if found is None:
        return None
    return VALUES[found[0]] if found[0] in VALUES else int(found[0])


def _moondream(prediction: Any, answer: Any, meta: Meta) -> float:
    return hit(as_text(prediction).strip().lower() == as_text(answer).strip().lower())


def accuracy_and_rmse(counts: Sequence[float], answers: Sequence[float]) -> dict[str, float]:
    """Share of equal counts in percent, and the root of the mean squared difference."""
    pairs = list(zip(counts, answers, strict=True))
    if not pairs:
        return {"accuracy": 0.0, "rmse": 0.0}
    return {
        "accuracy": 100.0 * sum(count == answer for count, answer in pairs) / len(pairs),
        "rmse": math.sqrt(sum((count - answer) ** 2 for count, answer in pairs) / len(pairs)),
    }


def _aggregate(prediction: Any, answer: Any, meta: Meta) -> dict[str, float]:
    return accuracy_and_rmse([to_float(n) or 0.0 for n in prediction], [to_float(n) or 0.0 for n in answer])


RULES = (
    Rule(
        name="tallyqa.vlmevalkit",
        benchmark="TallyQA",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/tallyqa.py::extract_count_from_prediction",
        scorer=_vlmevalkit,
    ),
    Rule(
        name="tallyqa.moondream",
        benchmark="TallyQA",
        source="vikhyat/moondream@44146f1392 moondream/eval/tallyqa.py::eval_tallyqa",
        scorer=_moondream,
    ),
)
AGGREGATES = {"tallyqa.official_agg": _aggregate}

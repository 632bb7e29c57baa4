"""MicroVQA: options are numbered from 1 and the reply says "answer is (2)"; the answer is the index from 0.

The search is case-sensitive, takes the first match and one digit: "(12)" reads as 1. A reply without a match is -1.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_int, as_text, hit
from maestro_evaluation.scorers._options import score_option

__all__ = ["RULES"]

STATED = re.compile(r"answer is \*{0,2}\(?([0-9])")
NOT_READ = -1


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    found = STATED.search(as_text(prediction))
    return hit((int(found[1]) - 1 if found else NOT_READ) == as_int(answer))


RULES = (
    Rule(
        name="microvqa.official",
        benchmark="MicroVQA",
        source="jmhb0/microvqa@c5727fb1d5 eval/eval.py::eval_qa",
        scorer=_official,
    ),
    Rule(
        name="microvqa.vlmevalkit",
        benchmark="MicroVQA",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/multiple_choice.py::eval_vanilla",
        scorer=score_option,
    ),
)

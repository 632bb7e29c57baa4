"""ChartQA: relaxed accuracy (Masry et al. 2022, section 5.1).

A number may be off by 5 % of the answer, bounds included; any other answer must be equal but for case. Nothing is
taken out of the text: "1,234", "$5" and "5 million" are no numbers, "25%" is 0.25, years get 5 % too, and an answer of
zero is compared as text.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_text, hit, to_float

__all__ = ["RULES", "relaxed_correct"]

TOLERANCE = 0.05
LONGEST_LIST = 10_000
ITEM = re.compile(
    r"""\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|([+-]?[0-9]+)|([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))\s*(,|\])"""
)


def relaxed_correct(prediction: str, answer: str) -> bool:
    """Whether the prediction is the answer, within 5 % where both are numbers and the answer is not zero."""
    given, target = _number(prediction), _number(answer)
    if given is not None and target:
        return abs(given - target) / abs(target) <= TOLERANCE
    return prediction.lower() == answer.lower()


def _number(text: str) -> float | None:
    if not text.endswith("%"):
        return to_float(text)
    share = to_float(text.rstrip("%"))
    return None if share is None else share / 100.0


def _vlmevalkit(prediction: Any, answer: Any, meta: Meta) -> float:
    given = as_text(prediction).strip()
    return hit(any(relaxed_correct(given, target) for target in _alternatives(answer)))


def _lmms(prediction: Any, answer: Any, meta: Meta) -> float:
    return hit(relaxed_correct(as_text(prediction), as_text(answer)))


def _alternatives(answer: Any) -> list[str]:
    """The answers of a list, which may be written as Python writes lists; any other answer is the only one."""
    if isinstance(answer, (list, tuple)):
        return [as_text(item) for item in answer]
    text = as_text(answer)
    listed = _listed(text.strip()) if len(text) <= LONGEST_LIST else None
    return [text] if listed is None else listed


def _listed(text: str) -> list[str] | None:
    """The items of a written list of quoted texts and numbers, `None` for anything else. Nothing is evaluated."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    items: list[str] = []
    place = 1
    while text[place:].strip() != "]":
        found = ITEM.match(text, place)
        if found is None:
            return None
        single, double, whole, decimal, end = found.groups()
        if whole is not None and len(whole) > 1 and whole.lstrip("+-").startswith("0") and whole.strip("+-0"):
            return None  # 007 is no Python number
        quoted = single if single is not None else double
        items.append(quoted if quoted is not None else _as_python_writes(whole, decimal))
        place = found.end()
        if end == "]":
            return items if place == len(text) else None
    return items


def _as_python_writes(whole: str | None, decimal: str | None) -> str:
    if decimal is not None:
        return str(float(decimal))
    digits = whole or "0"
    return str(int(digits)) if len(digits) < 1000 else digits


RULES = (
    Rule(
        name="chartqa.vlmevalkit",
        benchmark="ChartQA",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/vqa_eval.py::process_line, hit_calculate",
        scorer=_vlmevalkit,
    ),
    Rule(
        name="chartqa.lmms",
        benchmark="ChartQA",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/chartqa/utils.py::chartqa_process_results",
        scorer=_lmms,
    ),
)

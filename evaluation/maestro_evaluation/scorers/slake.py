"""SLAKE (English): exact match of normalised answers, and LLaVA-Med's token recall. Two protocols: name the one used.

`slake.lmms`: lower case, parenthesised text dropped, punctuation to spaces, spellings of x-ray, yes and no unified.
`slake.llavamed`: a CLOSED reply must hold "yes" or "no" and the answer ("normal" passes for No, and an answer such as
CT can never pass); an OPEN one scores the share of the answer's words that it holds.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_text, hit
from maestro_evaluation.scorers.tallyqa import VALUES

__all__ = ["RULES"]

FULL_WIDTH = {chr(ord(mark) + 0xFEE0) for mark in string.punctuation if mark != "."}
PUNCTUATION = str.maketrans(dict.fromkeys({*string.punctuation, *FULL_WIDTH, *"｡。、《》【】"}, " "))
YES = {"yes", "yeah", "yep", "true", "是", "是的", "有", "包含", "可以", "能", "会", "正常"}
NO = {"no", "nope", "false", "否", "不是", "没有", "无", "不包含", "不能", "不会", "不可以", "不正常", "异常"}
X_RAY = {"x ray", "xray"}

NUMBER_WORDS = {"none": "0"} | {word: str(value) for word, value in VALUES.items() if value <= 10}
ARTICLES = {"a", "an", "the"}
MARKS = ';/[]"{}()=+\\_-><@`,?!'
DIGIT_COMMA = re.compile(r"\d,\d")
PERIOD = re.compile(r"\.(?!\d)")
MOST_PERIODS = 32  # the published code passes a flag where a count is expected


def _lmms(prediction: Any, answer: Any, meta: Meta) -> float:
    return hit(_normal(as_text(prediction)) == _normal(as_text(answer)))


def _normal(answer: str) -> str:
    text = answer.strip().lower()
    for opening, closing in ("()", "（）"):
        text = _without_parentheses(text, opening, closing)
    text = " ".join(text.translate(PUNCTUATION).split())
    if text in X_RAY:
        return "xray"
    return "yes" if text in YES else "no" if text in NO else text


def _without_parentheses(text: str, opening: str, closing: str) -> str:
    """A space for each span from an opening mark to the next closing one."""
    kept: list[str] = []
    place = 0
    while (start := text.find(opening, place)) >= 0 and (end := text.find(closing, start)) >= 0:
        kept += [text[place:start], " "]
        place = end + 1
    return "".join([*kept, text[place:]])


def _llavamed(prediction: Any, answer: Any, meta: Meta) -> float:
    given, wanted = _words(as_text(prediction)), _words(as_text(answer))
    if as_text(meta.get("answer_type")).upper() == "CLOSED":
        return hit(("yes" in given or "no" in given) and wanted in given)
    return _recall(Counter(given.split()), Counter(wanted.split()))


def _recall(given: Counter[str], wanted: Counter[str]) -> float:
    found = sum(count for word, count in given.items() if word in wanted)
    missed = sum(count for word, count in wanted.items() if word not in given)
    return found / (found + missed) if found else 0.0


def _words(text: str) -> str:
    text = text.lower()
    joined = DIGIT_COMMA.search(text) is not None
    clean = text
    for mark in MARKS:
        touches_space = f"{mark} " in text or f" {mark}" in text
        clean = clean.replace(mark, "" if joined or touches_space else " ")
    clean = PERIOD.sub("", clean, count=MOST_PERIODS)
    words = (NUMBER_WORDS.get(word, word) for word in clean.split())
    return " ".join(word for word in words if word not in ARTICLES)


RULES = (
    Rule(
        name="slake.lmms",
        benchmark="SLAKE",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/slake/utils.py::slake_process_results",
        scorer=_lmms,
    ),
    Rule(
        name="slake.llavamed",
        benchmark="SLAKE",
        source="microsoft/LLaVA-Med@b9a98a736d llava/eval/run_eval.py::evaluate",
        scorer=_llavamed,
    ),
)

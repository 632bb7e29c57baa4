"""MSEarth-MCQ: the `answer` of a JSON reply, or the reply; a leading option letter, else the whole text.

Backslashes are deleted first. Letters are compared with their case; a reply that starts with no option letter is
compared as text with what follows the answer's letter.
"""

from __future__ import annotations

import json
import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_text, hit
from maestro_evaluation.scorers._options import score_option

__all__ = ["RULES"]

FENCE, FENCE_END = "```json\n", "\n```"
TRAILING_COMMA = re.compile(r",\s*([}\]])")
LETTERS = "abcdABCD"
SEPARATORS = "):.,"


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    given = _given_answer(as_text(prediction).replace("\\", ""))
    if not isinstance(given, str):
        return 0.0
    option, content = _option_and_content(given)
    real_option, real_content = _option_and_content(as_text(answer))
    if option:
        return hit(option == real_option)
    return hit(bool(content) and content == real_content)


def _given_answer(text: str) -> Any:
    """The `answer` of the JSON object in the text; the text itself where there is none that can be read."""
    written = _json_part(text)
    if written is None:
        return text
    try:
        record = json.loads(TRAILING_COMMA.sub(r"\1", written), strict=False)
    except (ValueError, RecursionError):
        return text
    return record.get("answer") if isinstance(record, dict) else None


def _json_part(text: str) -> str | None:
    start = text.find(FENCE)
    if start >= 0:
        start += len(FENCE)
        end = text.find(FENCE_END, start)
        if end >= 0:
            return text[start:end]
    start = text.find("{")
    end = text.find("}", start)
    return text[start : end + 1] if 0 <= start < end else None


def _option_and_content(text: str) -> tuple[str | None, str | None]:
    """The leading letter if no word goes on after it, and the rest of its line; else no letter and the whole text."""
    rest = text.lstrip()
    if not rest or rest[0] not in LETTERS or _is_word(rest[1:2]):
        return None, text.strip()
    option, rest = rest[0], rest[1:].lstrip()
    if rest and rest[0] in SEPARATORS:
        rest = rest[1:].lstrip()
    if "\n" in rest.removesuffix("\n"):
        return None, text.strip()
    return option, rest.strip() or None


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


RULES = (
    Rule(
        name="msearth_mcq.official",
        benchmark="MSEarth-MCQ",
        source="xiangyu-mm/MSEarth@4af8757d3c auto_evaluator/evaluation/evaluation_mcq.py::is_correct_answer",
        scorer=_official,
    ),
    Rule(
        name="msearth_mcq.vlmevalkit",
        benchmark="MSEarth-MCQ",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/multiple_choice.py::eval_vanilla",
        scorer=score_option,
    ),
)

"""Geometry3K: free answers and four choices are two benchmarks; never mix their results.

`geometry3k.verl`: the last `\\boxed{}` must equal the answer as text or symbolically (mathruler), with no numeric
tolerance. `geometry3k.easyr1_r1v`: the same with the first one-line `<answer>`, or the whole reply. `geometry3k.lmms`:
a letter A to D, found by four patterns in turn, the last match of the first that matches; else an option's text.
`geometry3k.intergps`: a number is right if the answer's choice is nearest to it.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._symbolic_calls import same_by_mathruler
from maestro_evaluation._text import as_text, hit, to_float

__all__ = ["RULES", "last_boxed"]

BOX = "\\boxed{"
NO_BOX = "None"
PATTERNS = (
    re.compile(r"[Aa]nswer\s*[:=]\s*\(?([A-Da-d])"),
    re.compile(r"\b([A-Da-d])\s*[.)\]]"),
    re.compile(r"^\(?([A-Da-d])\)?$"),
    re.compile(r"\b([A-Da-d])\b"),
)
LETTERS = "ABCD"


def _verl(prediction: Any, answer: Any, meta: Meta) -> float:
    return hit(bool(same_by_mathruler(last_boxed(as_text(prediction)), as_text(answer))))


def last_boxed(text: str) -> str:
    """What the last `\\boxed{}` holds, braces balanced, or the word "None"."""
    start = text.rfind(BOX)
    if start < 0:
        return NO_BOX
    start += len(BOX)
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth < 0:
            return text[start:place].strip()
    return NO_BOX


def _easyr1(prediction: Any, answer: Any, meta: Meta) -> float:
    return hit(bool(same_by_mathruler(_tagged(as_text(prediction)).strip(), as_text(answer).strip())))


def _tagged(text: str) -> str:
    for line in text.split("\n"):
        start = line.find("<answer>")
        end = line.find("</answer>", start)
        if 0 <= start < end:
            return line[start + len("<answer>") : end]
    return text


def _lmms(prediction: Any, answer: Any, meta: Meta) -> float:
    given = _letter(as_text(prediction).strip(), meta.get("choices"))
    return hit(given is not None and given == as_text(answer).strip().upper())


def _letter(reply: str, choices: Any) -> str | None:
    for pattern in PATTERNS:
        if found := pattern.findall(reply):
            return str(found[-1]).upper()
    lowered = reply.lower()
    texts = choices if isinstance(choices, (list, tuple)) else ()
    for letter, choice in zip(LETTERS, texts, strict=False):
        if as_text(choice).lower() in lowered:
            return letter
    return None


def _intergps(prediction: Any, answer: Any, meta: Meta) -> float:
    guess, letter, listed = to_float(prediction), as_text(answer), meta.get("precise_value")
    values = [to_float(value) for value in listed] if isinstance(listed, (list, tuple)) else []
    if guess is None or len(letter) != 1 or letter not in LETTERS[: len(values)]:
        return 0.0
    distances = [abs(value - guess) for value in values if value is not None]
    if len(distances) < len(values):
        return 0.0
    return hit(distances[LETTERS.index(letter)] == min(distances))


RULES = (
    Rule(
        name="geometry3k.verl",
        benchmark="Geometry3K, free answer",
        source="volcengine/verl@b178a3cd56 verl/utils/reward_score/geo3k.py::acc_reward",
        scorer=_verl,
    ),
    Rule(
        name="geometry3k.lmms",
        benchmark="Geometry3K, four choices",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/geometry3k/utils.py::geometry3k_process_results",
        scorer=_lmms,
    ),
    Rule(
        name="geometry3k.easyr1_r1v",
        benchmark="Geometry3K, free answer",
        source="hiyouga/EasyR1@b44b311b66 examples/reward_function/r1v.py::accuracy_reward",
        scorer=_easyr1,
    ),
    Rule(
        name="geometry3k.intergps",
        benchmark="Geometry3K, number to nearest choice",
        source="lupantech/InterGPS@99e6b5293c symbolic_solver/test.py, answer validation",
        scorer=_intergps,
    ),
)

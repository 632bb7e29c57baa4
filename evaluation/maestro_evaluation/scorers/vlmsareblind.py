"""VLMsAreBlind: a form for each task, after lmms-eval (the authors publish generators and no scorer).

Touching circles: the whole reply is "yes" or "no". Counts: the first digits. Circled letter: the first letter a to z
of the reply, wherever it is. Grids: `{4}{5}`, `(4,5)` or `rows={4} columns={5}`.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_text, hit

__all__ = ["RULES"]

COUNTING = {
    "line plot intersections",
    "subway connections",
    "olympic counting - circles",
    "olympic counting - pentagons",
    "nested squares",
}
DIGITS = re.compile(r"\d+")
LETTER = re.compile(r"[a-z]")
GRIDS = (
    re.compile(r"\{(\d+)\}\s*\{(\d+)\}"),
    re.compile(r"\((\d+)\s*,\s*(\d+)\)"),
    re.compile(r"rows=\{(\d+)\}\scolumns=\{(\d+)\}"),
)


def _lmms(prediction: Any, answer: Any, meta: Meta) -> float:
    given = _read(as_text(prediction).strip().lower(), as_text(meta.get("task")).lower())
    return hit(given is not None and given == as_text(answer).strip().lower())


def _read(reply: str, task: str) -> str | None:
    if task == "touching circles":
        return reply if reply in {"yes", "no"} else None
    if task in COUNTING:
        found = DIGITS.search(reply)
        return found[0] if found else None
    if task == "circled letter":
        found = LETTER.search(reply)
        return found[0] if found else None
    if task.startswith("counting grid"):
        return next((f"{found[1]},{found[2]}" for form in GRIDS if (found := form.search(reply))), None)
    return None


RULES = (
    Rule(
        name="vlmsareblind.lmms",
        benchmark="VLMsAreBlind",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/vlmsareblind/utils.py::parse_response",
        scorer=_lmms,
    ),
)

"""ZoomBench: the extracted answer equals the gold one by mathruler; everything else goes to a judge (`None`).

The answer is what `<answer>` holds, else all from "Answer:", else the last three lines. For other sets of the same
harness that are multiple choice (`meta.bench`), the first option letter decides before the judge.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._symbolic_calls import same_by_mathruler
from maestro_evaluation._text import as_text

__all__ = ["RULES"]

OPENING, CLOSING, PREFIX = "<answer>", "</answer>", "Answer:"
CHOICE_BENCHES = {
    *("mmstar", "hrbench-4k", "hrbench-8k", "vstar", "cvbench-2d", "cvbench-3d", "colorbench"),
    *("mme-realworld", "mme-realworld-cn"),
}
GOLD_LETTER = re.compile(r"[ (\[]*([A-F])(?:$|[.)\]]|[:-]\s)")
GIVEN_LETTER = (re.compile(r"\(([A-Z])\)"), re.compile(r"([A-Z])[.)\s]"), re.compile(r"([A-Z])"))


def _official(prediction: Any, answer: Any, meta: Meta) -> float | None:
    given, gold = _extracted(as_text(prediction)), as_text(answer)
    if same_by_mathruler(gold, given):
        return 1.0
    if meta.get("bench") in CHOICE_BENCHES and _same_letter(given, gold):
        return 1.0
    return None


def _extracted(reply: str) -> str:
    if OPENING in reply:
        return reply[reply.find(OPENING) : reply.find(CLOSING)].replace(OPENING, "").replace(CLOSING, "")
    if PREFIX in reply:
        return reply[reply.find(PREFIX) :]
    return "\n".join(reply.split("\n")[-3:])


def _same_letter(given: str, gold: str) -> bool:
    wanted = GOLD_LETTER.match(gold.strip())
    letter = next((found[1] for pattern in GIVEN_LETTER if (found := pattern.search(given))), None)
    return wanted is not None and wanted[1] == letter


RULES = (
    Rule(
        name="zoombench.official_rule",
        benchmark="ZoomBench",
        source="inclusionAI/Zooming-without-Zooming@fdc0ba1a3d mm-eval/judge_qwenlm.py, rule stage",
        scorer=_official,
        needs_judge=True,
    ),
)

"""OCRBench v1: an accepted answer must be part of the reply.

Case and line breaks do not count, other space does; for formulas (HME100k) no space counts and case does.
"""

from __future__ import annotations

from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_alternatives, as_text, hit

__all__ = ["RULES"]

FORMULA_DATASET = "HME100k"
FORMULA_TYPE = "Handwritten Mathematical Expression Recognition"
HALF_WIDTH = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "})


def _score(prediction: Any, answer: Any, *, formula: bool) -> float:
    clean = _without_space if formula else _plain
    given = clean(as_text(prediction))
    return hit(any(clean(wanted) in given for wanted in as_alternatives(answer)))


def _plain(text: str) -> str:
    return text.lower().strip().replace("\n", " ")


def _without_space(text: str) -> str:
    return text.strip().replace("\n", " ").replace(" ", "")


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    return _score(prediction, answer, formula=meta.get("dataset") == FORMULA_DATASET)


def _vlmevalkit(prediction: Any, answer: Any, meta: Meta) -> float:
    return _score(prediction, answer, formula=meta.get("question_type") == FORMULA_TYPE)


def _lmms(prediction: Any, answer: Any, meta: Meta) -> float:
    folded = [wanted.translate(HALF_WIDTH) for wanted in as_alternatives(answer)]
    return _official(as_text(prediction).translate(HALF_WIDTH), folded, meta)


RULES = (
    Rule(
        name="ocrbench.official",
        benchmark="OCRBench",
        source="Yuliang-Liu/MultimodalOCR@794c36d642 OCRBench/example.py, scoring loop",
        scorer=_official,
    ),
    Rule(
        name="ocrbench.vlmevalkit",
        benchmark="OCRBench",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/ocrbench.py::OCRBench_eval",
        scorer=_vlmevalkit,
    ),
    Rule(
        name="ocrbench.lmms",
        benchmark="OCRBench",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/ocrbench/utils.py::ocrbench_process_results",
        scorer=_lmms,
    ),
)

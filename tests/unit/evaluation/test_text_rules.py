"""The rules that only read text: published values, and the corners that the published code has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from maestro_evaluation import aggregate, rules, score

VECTORS = Path(__file__).parents[2] / "data/conformance/scoring_vectors.jsonl"
IN_PROCESSES = {
    *("geometry3k.verl", "geometry3k.easyr1_r1v", "mathvision.official"),
    *("zoombench.official_rule", "humanevalv.official"),
}
COLOURS = {"options": {"A": "red", "B": "blue", "C": "green", "D": "black"}}
LETTERS = {"choices": ["12", "16", "20", "3"]}


def text_vectors() -> list[dict[str, Any]]:
    vectors = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
    return [v for v in vectors if v["meta"]["rule"] in rules.keys() - IN_PROCESSES]


def test_published_values() -> None:
    vectors = text_vectors()
    assert len(vectors) > 190
    wrong = [
        vector
        for vector in vectors
        if score(vector["meta"]["rule"], vector["prediction"], vector["answer"], vector["meta"]) != vector["expected"]
    ]
    assert wrong == []


CORNERS: list[tuple[str, Any, Any, Mapping[str, Any], float | None]] = [
    # A year gets its five percent; both bounds count.
    ("chartqa.vlmevalkit", "1900", "1990", {}, 1.0),
    ("chartqa.vlmevalkit", "1890.4", "1990", {}, 0.0),
    ("chartqa.vlmevalkit", "0.0", "0", {}, 0.0),
    ("chartqa.vlmevalkit", "0", "0", {}, 1.0),
    ("chartqa.vlmevalkit", "24%", "25%", {}, 1.0),
    ("chartqa.vlmevalkit", "inf", "inf", {}, 0.0),
    ("chartqa.vlmevalkit", "1_0", "10", {}, 1.0),
    ("chartqa.vlmevalkit", "1,300", "1,234", {}, 0.0),
    ("chartqa.vlmevalkit", "2008", "[2007, 2008]", {}, 1.0),
    ("chartqa.vlmevalkit", "dark RED", "['Dark red', 'blue']", {}, 1.0),
    ("chartqa.vlmevalkit", "[x]", "[x]", {}, 1.0),
    ("chartqa.vlmevalkit", "", "[]", {}, 0.0),
    ("chartqa.vlmevalkit", "blue", ["red", "blue"], {}, 1.0),
    ("chartqa.vlmevalkit", "Yes.", "Yes", {}, 0.0),
    # The article is a letter, and the last match of the first pattern wins.
    ("geometry3k.lmms", "It is a square", "A", LETTERS, 1.0),
    ("geometry3k.lmms", "answer = c", "C", LETTERS, 1.0),
    ("geometry3k.lmms", "Answer: because", "B", LETTERS, 1.0),
    ("geometry3k.lmms", "B. or C)", "C", LETTERS, 1.0),
    ("geometry3k.lmms", "The length is 16", "B", LETTERS, 1.0),
    ("geometry3k.lmms", "none", "B", LETTERS, 0.0),
    ("geometry3k.lmms", "b", " b ", LETTERS, 1.0),
    ("geometry3k.intergps", "8.5", "A", {"precise_value": [5.0, 12.0]}, 1.0),
    ("geometry3k.intergps", "8.5", "B", {"precise_value": [5.0, 12.0]}, 1.0),
    ("geometry3k.intergps", 5, "A", {"precise_value": [5.0, None]}, 0.0),
    ("tallyqa.vlmevalkit", "5, no, 3", "5", {}, 1.0),
    ("tallyqa.vlmevalkit", "Seven or 3", "7", {}, 1.0),
    ("tallyqa.vlmevalkit", "100", "1", {}, 0.0),
    ("tallyqa.vlmevalkit", "None", "0", {}, 0.0),
    ("tallyqa.vlmevalkit", "3dogs", "3", {}, 0.0),
    ("tallyqa.vlmevalkit", 4.0, 4, {}, 1.0),
    ("tallyqa.vlmevalkit", float("nan"), 4, {}, 0.0),
    ("tallyqa.moondream", " Three ", "three", {}, 1.0),
    ("msearth_mcq.official", "(B)", "B", {}, 0.0),
    ("msearth_mcq.official", "The answer is B", "B", {}, 0.0),
    ("msearth_mcq.official", "  B", "B", {}, 1.0),
    ("msearth_mcq.official", "B_1", "B", {}, 0.0),
    ("msearth_mcq.official", "B\nC\nD", "B", {}, 0.0),
    ("msearth_mcq.official", 'Sure: {"answer": "B"} ok', "B", {}, 1.0),
    ("msearth_mcq.official", '{"answer": 2}', "2", {}, 0.0),
    ("msearth_mcq.official", '{"other": "B"}', "B", {}, 0.0),
    ("msearth_mcq.official", "\\B", "B", {}, 1.0),
    ("msearth_mcq.official", "E", "E", {}, 1.0),
    ("microvqa.official", "The answer is: (2)", 1, {}, 0.0),
    ("microvqa.official", "Answer is (2)", 1, {}, 0.0),
    ("microvqa.official", "the answer is **(3)**", 2, {}, 1.0),
    ("microvqa.official", "answer is 1. No, the answer is 2", 0, {}, 1.0),
    ("slake.lmms", "Yeah!", "yes", {}, 1.0),
    ("slake.lmms", "X-ray.", "xray", {}, 1.0),
    ("slake.lmms", "(a guess) lung", "Lung", {}, 1.0),
    ("slake.lmms", "lung (left", "lung left", {}, 1.0),
    ("slake.llavamed", "It is normal", "No", {"answer_type": "CLOSED"}, 1.0),
    ("slake.llavamed", "", "lung", {"answer_type": "OPEN"}, 0.0),
    ("vstar.vlmevalkit", "Cannot determine the answer, B", "B", COLOURS, 0.0),
    ("vstar.vlmevalkit", "B it may be, or so one thinks", "B", COLOURS, 0.0),
    (
        "vstar.vlmevalkit",
        "The correct answer is **C** as the long sign on the wall of the left house shows",
        "C",
        COLOURS,
        1.0,
    ),
    ("hrbench.vlmevalkit", "B and C", "B", COLOURS, 0.0),
    ("hrbench.vlmevalkit", "B B B", "B", COLOURS, 1.0),
    ("hrbench.vlmevalkit", "It is BLUE", "B", COLOURS, 1.0),
    ("hrbench.vlmevalkit", "the blue one in the very far corner", "B", COLOURS, 0.0),
    ("hrbench.lmms_rule", "the blue one in the very far corner", "B", COLOURS, 1.0),
    ("hrbench.lmms_rule", "red or blue", "B", COLOURS, None),
    ("ocrbench.official", "recentred", "CENTRE", {"dataset": "IIIT5K"}, 1.0),
    ("ocrbench.official", "a  b", "a b", {"dataset": "docVQA"}, 0.0),
    ("ocrbench.official", "a\nb", "a b", {"dataset": "docVQA"}, 1.0),
    ("ocrbench.official", "X ^ 2", ["x^2"], {"dataset": "HME100k"}, 0.0),
    ("ocrbench.official", "12", ["no", "12"], {"dataset": "docVQA"}, 1.0),
    ("vlmsareblind.lmms", "Yes.", "Yes", {"task": "Touching circles"}, 0.0),
    ("vlmsareblind.lmms", "{6}, {5}", "6,5", {"task": "Counting Grid - Blank Grids"}, 0.0),
    ("vlmsareblind.lmms", "{6} {5}", "6,5", {"task": "Counting Grid - Word Grids"}, 1.0),
    ("vlmsareblind.lmms", "16", "6", {"task": "Olympic Counting - Pentagons"}, 0.0),
    ("vlmsareblind.lmms", "6", "6", {"task": "no such task"}, 0.0),
    ("erqa.official_expr", "(B)", "B", {}, 0.0),
    ("erqa.official_expr", "b", "B", {}, 1.0),
    (
        "mathvista.official",
        "(b) or so",
        "smaller",
        {"question_type": "multi_choice", "choices": ["larger", "smaller"]},
        1.0,
    ),
    ("mathvista.official", "b", "smaller", {"question_type": "multi_choice", "choices": ["larger", "smaller"]}, 0.0),
    ("mathvista.official", "3.9", "3", {"answer_type": "integer"}, 1.0),
    ("mathvista.official", "inf", "3", {"answer_type": "integer"}, 0.0),
    ("mathvista.official", "2.675", "2.67", {"answer_type": "float", "precision": 2.0}, 1.0),
    ("mathvista.official", "[1, 2]", "[1, 2]", {"answer_type": "list"}, 1.0),
]


@pytest.mark.parametrize(("rule", "prediction", "answer", "meta", "expected"), CORNERS)
def test_corners(rule: str, prediction: Any, answer: Any, meta: Mapping[str, Any], expected: float | None) -> None:
    assert score(rule, prediction, answer, meta) == expected


def test_rotations_count_alike_and_not_all_or_nothing() -> None:
    rows = [{"cycle_category": str(n), "category": "single", "hit": n != 3} for n in range(4)]
    assert aggregate("hrbench.aggregate", None, None, {"rows": rows}) == {"all": 0.75, "single": 0.75}


def test_pass_at_k() -> None:
    passed = {"a": [1, 0, 0, 0, 0, 0], "b": [0] * 6}
    assert aggregate("humanevalv.passk", None, None, {"passed_by_qid": passed, "k": [3]}) == {"pass@3": 25.0}
    assert aggregate("humanevalv.passk", None, None, {"passed_by_qid": passed, "k": [7]}) == {}

"""All conformance vectors, and corners of the rules that need processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_evaluation import score
from maestro_evaluation._conformance import check_vectors, read_vectors

pytestmark = pytest.mark.real

VECTORS = Path(__file__).parents[2] / "data/conformance/scoring_vectors.jsonl"
SECOND_PROTOCOLS_LEFT_OUT = {"erqa.lmms", "erqa.vlmevalkit", "vlmsareblind.vlmevalkit", "vstar.lmms"}
OPTIONS = ["10", "\\frac{1}{2}", "3\\sqrt{2}", "(1,2)", "red"]


def test_all_vectors() -> None:
    result = check_vectors(read_vectors(VECTORS))
    assert result.disagreements == []
    assert result.agreed == {True: 173, False: 81}
    assert result.unknown == SECOND_PROTOCOLS_LEFT_OUT


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("\\boxed{5.004}", "5", 0.0),
        ("First \\boxed{4}, no: \\boxed{5}", "5", 1.0),
        ("\\boxed{\\frac{\\sqrt{2}}{2}}", "\\frac{1}{\\sqrt{2}}", 1.0),
        ("\\boxed{60^\\circ}", "60", 1.0),
        ("\\boxed{1,234,567}", "1234567", 1.0),
        ("\\boxed{2\\alpha}", "\\alpha*2", 1.0),
        ("\\boxed{4", "4", 0.0),
        ("4", "None", 1.0),  # a reply without a box reads as this word
    ],
)
def test_geometry3k_free_answers(prediction: str, answer: str, expected: float) -> None:
    assert score("geometry3k.verl", prediction, answer) == expected


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [("<answer>a\n5</answer>", 0.0), ("<answer>4</answer><answer>5</answer>", 0.0), ("\n<answer> 5 </answer>", 1.0)],
)
def test_one_line_answer_tags(prediction: str, expected: float) -> None:
    assert score("geometry3k.easyr1_r1v", prediction, "5") == expected


@pytest.mark.parametrize(
    ("prediction", "letter", "expected"),
    [
        ("So it must be (B).", "B", 1.0),
        ("B\nBecause of symmetry", "B", 1.0),
        ("0.5", "B", 1.0),
        ("\\boxed{4.24}", "C", 1.0),
        ("The answer is (1.0, 2.0)", "D", 1.0),
        ("The correct answer is red. It shines.", "E", 1.0),
        ("50%", "B", 0.0),
        ("50\\%", "B", 0.0),
        ("The answer is B", "Z", 0.0),
    ],
)
def test_mathvision_letters_and_options(prediction: str, letter: str, expected: float) -> None:
    assert score("mathvision.official", prediction, letter, {"options": OPTIONS}) == expected


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("1,000", "1000", 1.0),
        ("a = 3", "a = 3", 0.0),
        ("7.004", "7", 1.0),
        ("7.01", "7", 0.0),
        ("1\\frac12", "1.5", 0.0),
    ],
)
def test_mathvision_free_answers(prediction: str, answer: str, expected: float) -> None:
    assert score("mathvision.official", prediction, answer, {"options": []}) == expected


@pytest.mark.parametrize(
    ("prediction", "answer", "bench", "expected"),
    [
        ("Answer: B", "B", "zoom-bench", None),
        ("thinking\n\nB", "B", "zoom-bench", None),
        ("B", "b", "zoom-bench", 1.0),
        ("The option is (B)", "B. blue", "vstar", 1.0),
        ("The option is (C)", "B. blue", "vstar", None),
        ("<answer>12", "12", "zoom-bench", None),
    ],
)
def test_zoombench(prediction: str, answer: str, bench: str, expected: float | None) -> None:
    assert score("zoombench.official_rule", prediction, answer, {"bench": bench}) == expected

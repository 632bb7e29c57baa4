"""Whatever a model writes and whatever the gold answer is: a number or `None`, and no exception."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_evaluation import rules, score
from maestro_graph.errors import UnknownNameError

IN_PROCESSES = {
    *("geometry3k.verl", "geometry3k.easyr1_r1v", "mathvision.official"),
    *("zoombench.official_rule", "humanevalv.official"),
}
TEXT_RULES = sorted(rules.keys() - IN_PROCESSES)
PIECES = (
    *("answer is", "<answer>", "</answer>", "\\boxed{", "}", "{", "(", ")", "[", "A", "B", "Z", "12", "1,234", "%"),
    *(
        "```json\n",
        "\n```",
        '{"answer": ',
        '"B"',
        "yes",
        "no",
        "\n",
        " ",
        "\\",
        "nan",
        "1e999",
        "'",
        "rows={4}",
        "\ud800",
    ),
)
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))
plain = st.one_of(texts, st.none(), st.integers(), st.floats(), st.booleans())
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
metas = st.fixed_dictionaries(
    {},
    optional={
        "options": st.one_of(anything, st.dictionaries(st.sampled_from("ABCDZ"), plain)),
        "choices": st.one_of(anything, st.lists(plain, max_size=4)),
        "question_type": st.sampled_from(["multi_choice", "free_form"]),
        "answer_type": st.sampled_from(["integer", "float", "list", "text", "OPEN", "CLOSED", None]),
        "precision": anything,
        "task": st.sampled_from(["Touching circles", "Circled Letter", "Counting Grid - x", "Nested Squares"])
        | anything,
        "dataset": st.sampled_from(["HME100k", "x"]),
        "rel_tol": anything,
        "precise_value": anything,
        "options_per_rotation": anything,
    },
)


@pytest.mark.parametrize("rule", TEXT_RULES)
@given(prediction=st.one_of(texts, anything), answer=anything, meta=metas)
def test_total(rule: str, prediction: Any, answer: Any, meta: dict[str, Any]) -> None:
    value = score(rule, prediction, answer, meta)
    assert value is None or (isinstance(value, float) and 0.0 <= value <= 1.0 and not math.isnan(value))
    assert value is not None or rules[rule].needs_judge


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_long_replies(rule: str) -> None:
    """Long enough that a quadratic search would run into the time limit of the test run."""
    meta = {
        "options": dict(zip("ABCD", "wxyz", strict=True)),
        "choices": ["w", "x"],
        "question_type": "multi_choice",
        "task": "Counting Grid",
    }
    for piece in (*PIECES, "a" * 50, "1" * 50):
        assert score(rule, piece * 20_000, "qqq", meta) in {0.0, None}


def test_huge_numbers() -> None:
    for rule in TEXT_RULES:
        assert score(rule, 10**5000, 10**5000, {}) in {0.0, 1.0, None}


def test_an_unknown_rule_names_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match=r"there is no scoring rule named 'chartqa'.*'chartqa\.lmms'"):
        score("chartqa", "1", "1")

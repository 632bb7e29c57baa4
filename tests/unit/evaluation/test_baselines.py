"""Baselines on a made table with known answers; none of them may learn from what it is judged by."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ensembles import Twice, sample, small_ensemble

from maestro_evaluation._current import set_current_sample
from maestro_evaluation.baselines import Given, TrainingData, baselines, find_baseline, freeze_oracle, oracle_of
from maestro_evaluation.baselines import _supervised as supervised
from maestro_evaluation.baselines._keywords import KeywordRouter
from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Table
from maestro_evaluation.samples import Sample
from maestro_graph import CallExpert, CallSkill, Registry, RouterView
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.evidence import Usage

APPLES, PEARS, ADDED = Plan.parse("apples"), Plan.parse("pears"), Plan.parse("pears > adder")
SKILL = Plan.parse("apples@@Apple-Counting")
PLANS = (APPLES, SKILL, PEARS, ADDED)
TRAIN = tuple(
    sample(number, f"How many {fruit}?", "1", family=fruit)
    for number, fruit in enumerate(["apples"] * 6 + ["pears"] * 5 + ["sums"] * 4)
)
TEST = tuple(
    sample(number, f"How many {fruit}?", "1", family=fruit, split="test")
    for number, fruit in enumerate(["apples", "pears", "sums"])
)
RIGHT = {"apples": {APPLES, SKILL}, "pears": {PEARS}, "sums": {ADDED}}


def made_table(samples: Sequence[Sample], right: Callable[[Sample, Plan], float]) -> Table:
    return {
        (one.key, str(plan)): {
            "suite": one.suite,
            "sample": one.id,
            "fingerprint": one.fingerprint,
            "plan": str(plan),
            "identity": "me",
            "status": "ok",
            "answer": "1",
            "confidence": 0.5,
            "score": right(one, plan),
            "seconds": 0.1,
            "usage": Usage(calls=len(plan.actions)).as_record(),
            "evidence": [],
        }
        for one in samples
        for plan in PLANS
    }


def by_family(one: Sample, plan: Plan) -> float:
    return float(plan in RIGHT[one.family])


TABLE = made_table((*TRAIN, *TEST), by_family)


def training(table: Table = TABLE, train: Sequence[Sample] = TRAIN, test: Sequence[Sample] = TEST) -> TrainingData:
    return TrainingData.of(train, table, PLANS, held_out=test)


def given(**fields: Any) -> Given:
    return Given(registry=small_ensemble(), training=training(), **fields)


def view(question: str = "How many apples?", registry: Registry | None = None, **fields: Any) -> RouterView:
    return RouterView(question=question, images=(), registry=registry or small_ensemble(), **fields)


def bag_of_words(asked: Any) -> Any:
    words = ("apples", "pears", "sums")
    return np.array([[float(word in question) for word in words] for question, _ in asked])


@pytest.fixture
def worded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions as three numbers, so that no encoder is loaded."""
    monkeypatch.setattr(supervised, "features", bag_of_words)


async def first_call(name: str, one: Sample, data: Given) -> Any:
    set_current_sample(one)
    turn = await find_baseline(name).fit(data).router.decide(view(one.question))
    assert isinstance(turn.decision, tuple)
    return turn.decision[0]


async def test_the_best_pair_is_that_of_the_training_split() -> None:
    fitted = find_baseline("single").fit(given())
    assert fitted.about == {"plan": "apples"}  # of the pair and its equal skill the earlier one
    assert await first_call("single", TEST[1], given()) == CallExpert("apples", TEST[1].question)
    assert find_baseline("plans").fit(given()).about == {"plan": "pears > adder"}


async def test_the_best_pair_of_a_family_is_told_the_family() -> None:
    assert find_baseline("per-family").informed
    assert await first_call("per-family", TEST[1], given()) == CallExpert("pears", TEST[1].question)
    assert await first_call("per-family", replace(TEST[1], family="new"), given()) == CallExpert(
        "apples", TEST[1].question
    )


async def test_keywords_are_the_triggers_of_skills() -> None:
    rules = find_baseline("keywords").fit(given())
    registry = small_ensemble()
    turn = await rules.router.decide(view("Count every APPLE here", registry))
    assert turn.decision == (CallSkill("apples", "Apple-Counting", "Count every APPLE here"),)
    turn = await rules.router.decide(view("Count every pineapple here", registry))
    assert turn.decision == (CallExpert("apples", "Count every pineapple here"),)  # no trigger: the best pair


def test_the_skill_with_most_triggers_wins_then_the_first_words() -> None:
    registry = small_ensemble()
    registry.add_skill(Twice("pear-counting", "pears", r"\bpears?\b", r"\bhow many\b"))
    rules = KeywordRouter(APPLES)
    assert rules.plan("How many apples and pears?", registry) == Plan.parse("pears@@Pear-Counting")
    assert rules.plan("Are apples or pears more?", registry) == SKILL


@pytest.mark.parametrize("name", ["knn", "logistic"])
async def test_supervised_routers_learn_which_plan_goes_with_which_words(name: str, worded: None) -> None:
    data = given()
    assert (await first_call(name, TEST[1], data)) == CallExpert("pears", TEST[1].question)
    assert (await first_call(name, TEST[0], data)) == CallExpert("apples", TEST[0].question)
    fitted = find_baseline(name).fit(data)
    assert fitted.about["score in folds"] == 1.0
    turn = await fitted.router.decide(view(TEST[2].question))
    assert turn.info == {"plan": "pears > adder"}


async def test_random_pairs_depend_on_the_seed_and_reach_every_pair() -> None:
    router = find_baseline("random").fit(given()).router
    registry = small_ensemble()
    drawn = [(await router.decide(view(registry=registry, sampling={"seed": seed}))).decision for seed in range(60)]
    again = [(await router.decide(view(registry=registry, sampling={"seed": seed}))).decision for seed in range(60)]
    assert drawn == again
    assert len({str(one) for one in drawn}) == len(registry.actions())


def test_the_oracle_is_the_best_plan_with_fewest_calls_of_free_answers_alone() -> None:
    options = replace(TEST[0], id="options", free_answer=False)
    table = made_table((*TEST, options), lambda one, plan: 1.0 if plan == ADDED or by_family(one, plan) else 0.0)
    found = oracle_of((*TEST, options), table, PLANS)
    assert {key: str(plan) for key, (plan, _) in found.items()} == {
        "small/test-0": "apples",
        "small/test-1": "pears",
        "small/test-2": "pears > adder",
    }
    del table[TEST[0].key, "pears"]
    with pytest.raises(MaestroError, match="no row of the plan 'pears'"):
        oracle_of(TEST, table, PLANS)


def test_a_frozen_oracle_does_not_change(tmp_path: Path) -> None:
    file = tmp_path / "oracle.json"
    frozen = freeze_oracle(TEST, TABLE, PLANS, file, identity="me")
    assert frozen[TEST[2].key] == ADDED
    said = json.loads(file.read_text(encoding="utf-8"))
    assert "temperature 0" in said["definition"]
    mine = said["ensembles"]["me"]
    assert mine["samples"][TEST[1].key] == ["pears", 1.0]
    assert mine["tables"]["small:test"]["samples"] == 3
    assert freeze_oracle(TEST, TABLE, PLANS, file, identity="me") == frozen
    more = (*TEST, replace(TEST[0], id="later"))
    freeze_oracle(more[3:], made_table(more, by_family), PLANS, file, identity="me")
    assert len(json.loads(file.read_text(encoding="utf-8"))["ensembles"]["me"]["samples"]) == 4
    with pytest.raises(MaestroError, match="frozen with other outcomes of 3 questions"):
        freeze_oracle(TEST, made_table(TEST, lambda one, plan: 0.5), PLANS, file, identity="me")
    with pytest.raises(MaestroError, match="over other plans"):
        freeze_oracle(TEST, TABLE, PLANS[1:], file, identity="me")
    freeze_oracle(TEST, made_table(TEST, lambda one, plan: 0.5), PLANS, file, identity="somebody else")


def test_what_a_bad_day_broke_is_not_frozen(tmp_path: Path) -> None:
    file = tmp_path / "oracle.json"
    table = made_table(TEST, by_family)
    table[TEST[0].key, "pears"]["status"] = "timeout"
    assert len(freeze_oracle(TEST, table, PLANS, file, identity="me")) == 3
    assert list(json.loads(file.read_text(encoding="utf-8"))["ensembles"]["me"]["samples"]) == [
        TEST[1].key,
        TEST[2].key,
    ]


def test_nothing_is_learnt_from_what_is_held_out() -> None:
    """Outcomes of the test split can say anything at all: no choice changes with them."""
    turned = {**TABLE, **made_table(TEST, lambda one, plan: 1.0 - by_family(one, plan))}
    for name in ("single", "per-family", "keywords", "plans"):
        honest = find_baseline(name).fit(given())
        other = find_baseline(name).fit(Given(registry=small_ensemble(), training=training(turned)))
        assert honest.about == other.about, name
    assert training(turned).scores == training().scores
    assert set(training().scores) == {one.key for one in TRAIN}


@pytest.mark.parametrize("name", ["knn", "logistic"])
def test_supervised_routers_learn_from_the_training_split_alone(name: str, worded: None) -> None:
    turned = {**TABLE, **made_table(TEST, lambda one, plan: 1.0 - by_family(one, plan))}
    other = Given(registry=small_ensemble(), training=training(turned))
    assert find_baseline(name).fit(given()).about == find_baseline(name).fit(other).about


def test_a_sample_in_both_splits_is_refused() -> None:
    with pytest.raises(MaestroError, match="says nothing"):
        training(test=(*TEST, TRAIN[3]))
    same_under_another_id = replace(TRAIN[3], id="disguised", split="test")
    with pytest.raises(MaestroError, match="'small/disguised'"):
        training(test=(*TEST, same_under_another_id))


def test_without_anything_to_learn_from_the_error_says_what_to_do() -> None:
    with pytest.raises(MaestroError, match="--train-suite"):
        training(train=())
    with pytest.raises(MaestroError, match="no row of the plan"):
        training(table={})
    with pytest.raises(UnknownNameError, match="logistic"):
        find_baseline("clever")
    assert list(baselines) == [
        "random",
        "single",
        "per-family",
        "plans",
        "keywords",
        "knn",
        "logistic",
        "oracle",
    ]

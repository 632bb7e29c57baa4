"""Settings of a policy's training, and what a table of outcomes says was possible. No torch."""

from __future__ import annotations

from typing import Any

import pytest

from maestro_evaluation.samples import Sample
from maestro_graph import MaestroError
from maestro_training.policy._config import policy_configs, read_policy_training
from maestro_training.policy._held_out import possible, solvable


@pytest.mark.parametrize("name", sorted(policy_configs()))
def test_what_ships_is_read(name: str) -> None:
    assert read_policy_training(name).steps >= 1


def test_fields_are_changed_by_name() -> None:
    changes = ["steps=7", "held_out.every=3", "lora={rank: 4}", "options.max_answer=9"]
    found = read_policy_training("smollm2-gpu", changes)
    assert (found.steps, found.options.max_answer) == (7, 9)
    assert found.held_out is not None and found.held_out.every == 3
    assert found.lora is not None and found.lora.rank == 4


@pytest.mark.parametrize("change", ["steps", "steps.of=1", "=1=2", "nothing=1", "steps=many"])
def test_a_change_that_cannot_be_made_is_named(change: str) -> None:
    with pytest.raises(MaestroError, match=change.split("=")[0].split(".")[0] or "change"):
        read_policy_training("smollm2-gpu", [change])


def sample(name: str) -> Sample:
    return Sample(id=name, suite="s", question=name, images=(), answer="1", family="any")


def table(scores: dict[str, dict[str, float]]) -> Any:
    return {(f"s/{name}", plan): {"score": value} for name, plans in scores.items() for plan, value in plans.items()}


def test_what_was_possible() -> None:
    """`a` is best in training, `b` on the held-out questions; only `a > b` solves the last one."""
    made = table(
        {
            "t1": {"a": 1.0, "b": 0.0, "a > b": 1.0},
            "h1": {"a": 0.0, "b": 1.0, "a > b": 0.0},
            "h2": {"a": 0.0, "b": 1.0, "a > b": 0.0},
            "h3": {"a": 1.0, "b": 0.0, "a > b": 1.0},
            "h4": {"a": 0.0, "b": 0.0, "a > b": 1.0},
        }
    )
    found = possible(made, [sample("t1")], [sample(name) for name in ("h1", "h2", "h3", "h4", "not in the table")])
    assert {name: row["score"] for name, row in found.items()} == {
        "best pair": 0.25,
        "best pair in hindsight": 0.5,
        "best plan": 0.25,
        "oracle of one call": 0.75,
        "oracle": 1.0,
    }
    assert found["oracle"]["calls"] == 1.25
    assert possible({}, [], [sample("h1")]) == {}


def test_questions_that_nobody_solves_are_left_out() -> None:
    made = table({"one": {"a": 0.0, "b": 0.5}, "two": {"a": 0.0, "b": 0.0}})
    assert [item.id for item in solvable(made, [sample("one"), sample("two")])] == ["one"]
    with pytest.raises(MaestroError, match="none of the 1"):
        solvable(made, [sample("two")])

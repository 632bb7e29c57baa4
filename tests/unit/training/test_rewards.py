"""Rewards by component, and advantages within a group."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_evaluation.samples import Sample
from maestro_graph.evidence import Usage
from maestro_training.rewards import (
    Calls,
    Cost,
    Format,
    Latency,
    Outcome,
    RewardError,
    group_advantages,
    paper_rewards,
    rewarded,
    with_rewards,
)
from maestro_training.trajectory import MadeCall, Trajectory, TrajectoryGroup

SAMPLE = Sample(id="1", suite="s", question="How many?", images=(), answer=4, family="count")


def ran(answer: str | None, calls: int = 1, **fields: object) -> Trajectory:
    made = tuple(MadeCall("counter", None, "ok") for _ in range(calls))
    stopped = {"stop_reason": "answered" if answer is not None else "max_turns", **fields}
    return Trajectory(sample="s/1", run="r", question="How many?", answer=answer, calls=made, **stopped)  # type: ignore[arg-type]


def test_the_papers_reward_is_the_outcome_and_minus_one_for_what_is_unfinished_or_invalid() -> None:
    def reward(item: Trajectory) -> float | None:
        return rewarded(item, SAMPLE, paper_rewards()).reward

    assert reward(ran("4")) == 1
    assert reward(ran("5")) == 0
    assert reward(ran(None)) == -1
    assert reward(ran("5", invalid_turns=1)) == -1
    assert reward(ran(None, problem="gone")) == -1
    assert reward(ran("4", stop_reason="max_turns")) == 0  # right, but it did not end by itself


def test_components_are_logged_beside_their_sum() -> None:
    item = ran("4", calls=3, seconds=2.0, usage=Usage(cost=0.5))
    found = rewarded(item, SAMPLE, [Outcome(), Calls(0.1), Cost(0.2), Latency(0.01)])
    assert found.rewards == {"outcome": 1.0, "calls": -2.0, "cost": -0.5, "latency": -2.0}
    assert found.reward == pytest.approx(1 - 0.2 - 0.1 - 0.02)


def test_a_reward_that_fails_stops_the_run_and_names_the_sample() -> None:
    def broken(rule: str, answer: str, sample: Sample) -> float:
        raise KeyError("meta")

    with pytest.raises(RewardError, match=r"'outcome' of sample 's/1', run 'r' failed: KeyError"):
        rewarded(ran("4"), SAMPLE, [Outcome(scorer=broken)])
    with pytest.raises(RewardError, match="finite"):
        rewarded(ran("4"), SAMPLE, [Outcome(scorer=lambda *_: math.nan)])
    with pytest.raises(RewardError, match="judge"):
        rewarded(ran("4"), SAMPLE, [Outcome(scorer=lambda *_: None)])
    with pytest.raises(RewardError, match="one name"):
        rewarded(ran("4"), SAMPLE, [Format(), Format()])


@given(st.lists(st.floats(-5, 5), max_size=16), st.booleans())
def test_the_advantages_of_a_group_sum_to_zero(rewards: list[float], scale: bool) -> None:
    found = group_advantages(rewards, scale=scale)
    assert len(found) == len(rewards)
    assert abs(sum(found)) < 1e-6
    assert all(math.isfinite(value) for value in found)


def test_groups_that_say_nothing_have_no_advantage() -> None:
    assert group_advantages([1.0]) == [0.0]
    assert group_advantages([0.3] * 8) == [0.0] * 8
    assert group_advantages([]) == []


def test_a_better_run_gets_more() -> None:
    group = TrajectoryGroup("s/1", (ran("4"), ran("5"), ran(None)))
    found = [item.advantage or 0 for item in with_rewards(group, SAMPLE, paper_rewards())]
    assert found[0] > found[1] > found[2]


def test_normalised_components_keep_a_small_one_from_drowning() -> None:
    """All are right, so that only the calls differ; and where outcomes differ the calls still count."""
    group = TrajectoryGroup("s/1", (ran("4", 1), ran("4", 3), ran("5", 1), ran("5", 3)))
    rewards = [Outcome(), Calls(0.001)]
    summed = [item.advantage or 0 for item in with_rewards(group, SAMPLE, rewards)]
    apart = [item.advantage or 0 for item in with_rewards(group, SAMPLE, [Outcome(), Calls(0.5)], combination="gdpo")]
    assert summed[0] - summed[1] < 0.01
    assert apart[0] - apart[1] == pytest.approx(1.0)
    assert abs(sum(apart)) < 1e-9


def test_a_group_holds_one_sample() -> None:
    with pytest.raises(Exception, match="group by sample"):
        TrajectoryGroup("s/2", (ran("4"),))

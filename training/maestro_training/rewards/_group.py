"""From components to rewards, and from a group's rewards to advantages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from maestro_evaluation.samples import Sample
from maestro_training.rewards._components import Format, Outcome, Reward, RewardError
from maestro_training.trajectory import Trajectory, TrajectoryGroup

__all__ = ["Combination", "group_advantages", "paper_rewards", "rewarded", "with_rewards"]

Combination = Literal["sum", "gdpo"]
"""`sum`: components are added, the sum is compared within the group (the paper). `gdpo`: each component is normalised
within the group first, so that a small one is not drowned by the spread of a large one."""

TINY = 1e-6


def paper_rewards() -> tuple[Reward, ...]:
    """The outcome by the benchmark's rule, and -1 for what is invalid or unfinished."""
    return Outcome(), Format()


def rewarded(trajectory: Trajectory, sample: Sample, rewards: Sequence[Reward]) -> Trajectory:
    """The trajectory with its components and their weighted sum.

    Raises:
        RewardError: a component failed or is no finite number; names component, sample and run.
    """
    found: dict[str, float] = {}
    for reward in rewards:
        where = f"reward {reward.name!r} of sample {sample.key!r}, run {trajectory.run!r}"
        try:
            value = reward(trajectory, sample)
        except Exception as error:
            raise RewardError(f"{where} failed: {type(error).__name__}: {error}") from error
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise RewardError(f"{where} is {value!r}; a reward is a finite number")
        found[reward.name] = float(value)
    if len(found) != len(rewards):
        raise RewardError(f"two rewards have one name among {[reward.name for reward in rewards]}; rename one")
    total = sum(reward.weight * found[reward.name] for reward in rewards)
    return replace(trajectory, rewards=found, reward=total)


def with_rewards(
    group: TrajectoryGroup,
    sample: Sample,
    rewards: Sequence[Reward],
    *,
    combination: Combination = "sum",
    scale: bool = True,
) -> TrajectoryGroup:
    """The group with rewards and advantages.

    Args:
        scale: divide a group's differences by their standard deviation.

    Raises:
        RewardError: as for `rewarded`.
    """
    members = [rewarded(item, sample, rewards) for item in group]
    if combination == "sum":
        advantages = group_advantages([item.reward or 0.0 for item in members], scale=scale)
    else:
        parts = [
            (reward.weight, group_advantages([item.rewards[reward.name] for item in members], scale=True))
            for reward in rewards
        ]
        advantages = [sum(weight * values[at] for weight, values in parts) for at in range(len(members))]
    return replace(group, trajectories=tuple(members)).with_advantages(advantages)


def group_advantages(rewards_G: Sequence[float], *, scale: bool = True) -> list[float]:
    """Each reward less the group's mean, over the standard deviation: they sum to zero.

    A group of one, or one whose rewards are all equal, says nothing: its advantages are 0.
    """
    if not rewards_G:
        return []
    mean = math.fsum(rewards_G) / len(rewards_G)
    differences = [reward - mean for reward in rewards_G]
    spread = math.sqrt(math.fsum(value * value for value in differences) / len(rewards_G))
    if spread < TINY:
        return [0.0] * len(rewards_G)
    return [value / spread for value in differences] if scale else differences

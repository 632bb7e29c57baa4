"""Rewards: what a whole trajectory is worth, by components, and how it compares with its group."""

from maestro_training.rewards._components import Calls, Cost, Format, Latency, Outcome, Reward, RewardError
from maestro_training.rewards._group import Combination, group_advantages, paper_rewards, rewarded, with_rewards

__all__ = [
    "Calls",
    "Combination",
    "Cost",
    "Format",
    "Latency",
    "Outcome",
    "Reward",
    "RewardError",
    "group_advantages",
    "paper_rewards",
    "rewarded",
    "with_rewards",
]

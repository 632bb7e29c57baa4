"""Trajectories in the formats of TRL, as plain data: nothing here imports it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from maestro_graph.errors import TraceError
from maestro_training.trajectory._model import Trajectory, TrajectoryGroup

__all__ = ["TrlRollout", "TrlSample", "to_trl_rollout", "to_trl_samples"]


class TrlRollout(TypedDict):
    """What a `rollout_func` of TRL's GRPOTrainer returns: one row a trajectory; `env_mask` is 1 on policy tokens."""

    prompt_ids: list[list[int]]
    completion_ids: list[list[int]]
    logprobs: list[list[float]]
    env_mask: list[list[int]]


class TrlSample(TypedDict):
    """What a `rollout_worker` of TRL's AsyncGRPOTrainer hands over (`RolloutSample`)."""

    input_ids: list[int]
    completion_mask: list[int]
    old_log_probs: list[float]
    advantage: float
    group_id: str


def to_trl_rollout(trajectories: Iterable[Trajectory]) -> TrlRollout:
    """Rows in the order given. Observations within a completion have `env_mask` 0 and log-probability 0.

    Raises:
        TraceError: a trajectory holds no exact tokens.
    """
    rows: TrlRollout = {"prompt_ids": [], "completion_ids": [], "logprobs": [], "env_mask": []}
    for item in trajectories:
        ids, mask, logprobs = _row(item)
        first = mask.index(1)
        rows["prompt_ids"].append(ids[:first])
        rows["completion_ids"].append(ids[first:])
        rows["logprobs"].append(logprobs[first:])
        rows["env_mask"].append(mask[first:])
    return rows


def to_trl_samples(groups: Iterable[TrajectoryGroup]) -> list[TrlSample]:
    """One sample a trajectory, with the advantage that its group gave it; those without tokens (failed) are left out.

    Raises:
        TraceError: a trajectory has no advantage yet, or holds no exact tokens.
    """
    samples: list[TrlSample] = []
    for group in groups:
        for item in group:
            if item.failed and item.tokens is None:
                continue
            ids, mask, logprobs = _row(item)
            if item.advantage is None:
                raise TraceError(f"run {item.run!r} of {item.sample!r} has no advantage; call with_rewards first")
            samples.append(
                {
                    "input_ids": ids,
                    "completion_mask": mask,
                    "old_log_probs": logprobs,
                    "advantage": item.advantage,
                    "group_id": group.sample,
                }
            )
    return samples


def _row(item: Trajectory) -> tuple[list[int], list[int], list[float]]:
    tokens = item.tokens
    if tokens is None or not tokens.exact or not tokens.spans:
        raise TraceError(
            f"run {item.run!r} of {item.sample!r} holds no exact tokens; TRL's formats are for token policies"
        )
    given = iter(tokens.logprobs)
    mask = list(tokens.policy_mask)
    return list(tokens.ids), mask, [next(given) if own else 0.0 for own in mask]

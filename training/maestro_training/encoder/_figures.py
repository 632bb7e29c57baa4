"""Figures of a round of rollouts, and the warning when routing collapses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean

from maestro_graph.evidence import Json
from maestro_graph.registry import Action
from maestro_training.trajectory import Trajectory, TrajectoryGroup

__all__ = ["COLLAPSED", "StepFigures", "collapse_warning", "round_figures", "shares"]

COLLAPSED = 0.9
"""Share of all first calls from which one expert has swallowed the others, if it was not so at the start."""


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """One round: what the rollouts came to, and what the update did.

    Attributes:
        components: mean of each reward component.
        valid: share of trajectories that were finished and valid.
        flat: share of groups whose rewards were all equal: they teach nothing.
        calls: per question.
        experts, skills: share of all calls, by name in the unvaried registry.
        watched: greedy figures on the validation split, where they were taken.
    """

    step: int
    reward: float
    components: Mapping[str, float]
    valid: float
    flat: float
    calls: float
    experts: Mapping[str, float]
    skills: Mapping[str, float]
    entropy: float = 0.0
    loss: float = 0.0
    kl: float = 0.0
    clipped: float = 0.0
    first_ratio: float = 0.0
    grad_norm: float = 0.0
    seconds: float = 0.0
    watched: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return asdict(self)

    def scalars(self) -> dict[str, float]:
        """Everything that is a number, by a path-like name, for loggers."""
        found: dict[str, float] = {}
        for name, value in asdict(self).items():
            if isinstance(value, dict):
                found |= {f"{name}/{key}": float(part) for key, part in value.items()}
            elif name != "step":
                found[name] = float(value)
        return found


def shares(names: Iterable[str]) -> dict[str, float]:
    """How often each name is there, as a share."""
    counted = Counter(names)
    total = sum(counted.values()) or 1
    return {name: count / total for name, count in sorted(counted.items())}


def round_figures(step: int, groups: Sequence[TrajectoryGroup]) -> StepFigures:
    """The figures of rewarded groups."""
    every: list[Trajectory] = [item for group in groups for item in group]
    names = sorted({name for item in every for name in item.rewards})
    calls = [call for item in every for call in item.calls]
    return StepFigures(
        step=step,
        reward=fmean(item.reward or 0.0 for item in every),
        components={name: fmean(item.rewards.get(name, 0.0) for item in every) for name in names},
        valid=fmean(item.finished and not item.invalid_turns for item in every),
        flat=fmean(len({item.reward for item in group}) == 1 for group in groups),
        calls=fmean(len(item.calls) for item in every),
        experts=shares(call.expert for call in calls),
        skills=shares(call.skill or "(direct)" for call in calls),
    )


def collapse_warning(figures: StepFigures, actions: Sequence[Action], entropy_floor: float = 0.02) -> str | None:
    """What to say if one expert gets nearly all calls, or the policy has become certain of everything."""
    if len({expert for expert, _ in actions}) > 1:
        name, share = max(figures.experts.items(), key=lambda item: item[1], default=("", 0.0))
        if share >= COLLAPSED:
            return (
                f"step {figures.step}: {name} gets {share:.0%} of all calls: routing has collapsed; raise the entropy "
                f"weight, lower the learning rate, or look at the rewards"
            )
    if figures.entropy < entropy_floor and figures.step > 0:
        return (
            f"step {figures.step}: the entropy is {figures.entropy:.3f}: the policy tries nothing new any more; stop "
            f"here or raise the entropy weight"
        )
    return None

"""Components of the reward. Each is a pure function of a trajectory and its sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from maestro_evaluation import score
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_training.trajectory import Trajectory

__all__ = ["Calls", "Cost", "Format", "Latency", "Outcome", "Reward", "RewardError"]


class RewardError(MaestroError):
    """A reward that could not be computed: the run stops, since a silent 0 would be learnt from."""


class Reward(Protocol):
    """A component: its name in logs, its weight in the sum, and its value for a trajectory."""

    @property
    def name(self) -> str: ...

    @property
    def weight(self) -> float: ...

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The score of the answer by the sample's own rule, 0 to 1; 0 for a run without an answer.

    Args:
        scorer: (rule, answer, sample) -> score, by default `maestro_evaluation.score`; give one with a judge where
            rules leave cases open.
    """

    weight: float = 1.0
    scorer: Callable[[str, str, Sample], float | None] | None = None
    name: str = "outcome"

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float:
        if trajectory.answer is None or trajectory.failed:
            return 0.0
        if self.scorer is not None:
            found = self.scorer(sample.rule, trajectory.answer, sample)
        else:
            found = score(sample.rule, trajectory.answer, sample.answer, sample.meta)
        if found is None:
            raise RewardError(
                f"the rule {sample.rule!r} leaves the answer {trajectory.answer!r} to a judge; give Outcome a scorer "
                f"with one, or leave such samples out"
            )
        return found


@dataclass(frozen=True, slots=True)
class Format:
    """-1 for a trajectory that is invalid (a turn that could not be read, a failed run) or unfinished (it did not
    answer within its budget), else 0: the paper's penalty (section on training)."""

    weight: float = 1.0
    name: str = "format"

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float:
        return 0.0 if trajectory.finished and not trajectory.invalid_turns and not trajectory.failed else -1.0


@dataclass(frozen=True, slots=True)
class Calls:
    """Minus the number of calls beyond the first."""

    weight: float
    name: str = "calls"

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float:
        return -float(max(0, len(trajectory.calls) - 1))


@dataclass(frozen=True, slots=True)
class Cost:
    """Minus what the run cost, in the registry's currency."""

    weight: float
    name: str = "cost"

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float:
        return -trajectory.usage.cost


@dataclass(frozen=True, slots=True)
class Latency:
    """Minus the run's seconds; of use where nothing is shared by a cache."""

    weight: float
    name: str = "latency"

    def __call__(self, trajectory: Trajectory, sample: Sample) -> float:
        return -trajectory.seconds

"""What all baselines are: routers with a name, made from the ensemble and the training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from maestro_evaluation.baselines._training import TrainingData
from maestro_evaluation.plans import Plan
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json
from maestro_graph.registry import Registry
from maestro_graph.routers import Router

__all__ = ["Baseline", "Fitted", "Given"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a baseline is made from.

    Attributes:
        registry: the ensemble.
        seed: of what is random.
        training: the training split; `None` where no baseline of the run learns.
        oracle: the frozen oracle's plans by sample key.
    """

    registry: Registry
    seed: int = 0
    training: TrainingData | None = None
    oracle: Mapping[str, Plan] = field(default_factory=dict)

    @property
    def learnt(self) -> TrainingData:
        """The training data of a baseline that needs them."""
        if self.training is None:
            raise MaestroError("this baseline learns from the training split, which was not opened")
        return self.training


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A baseline that is ready to run.

    Attributes:
        about: what it learnt or chose, for `run.json`; records of another choice are not this one's.
    """

    router: Router
    about: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A way to choose that needs no training by reinforcement.

    Attributes:
        name: as it is asked for and reported.
        summary: one sentence for reports.
        learns: it needs the training split.
        informed: it is told what no router may know (the family, or the outcomes themselves): a bound, not a rival.
        random: its runs differ by seed.
        free_answer_only: it counts for free-answer questions alone.
    """

    name: str
    summary: str
    fit: Callable[[Given], Fitted]
    learns: bool = False
    informed: bool = False
    random: bool = False
    free_answer_only: bool = False

"""The sample that a run is about, for baselines that are told what no router may see. They say so (`informed`)."""

from __future__ import annotations

from contextvars import ContextVar

from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError

__all__ = ["current_sample", "set_current_sample"]

_sample: ContextVar[Sample | None] = ContextVar("maestro_evaluation_sample", default=None)


def set_current_sample(sample: Sample) -> None:
    """Say what the run that this context makes is about."""
    _sample.set(sample)


def current_sample() -> Sample:
    """The sample of the run in progress.

    Raises:
        MaestroError: no run of the evaluation is in progress here.
    """
    sample = _sample.get()
    if sample is None:
        raise MaestroError("this router is told which sample it is asked; run it with `maestro eval run`")
    return sample

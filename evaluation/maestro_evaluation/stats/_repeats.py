"""How much a figure moves from one run to the next of the same thing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from maestro_graph.errors import MaestroError

__all__ = ["Variation", "variation"]


@dataclass(frozen=True, slots=True)
class Variation:
    """Figures of repeated runs.

    Attributes:
        sd: sample standard deviation; `None` of a single run.
    """

    n: int
    mean: float
    sd: float | None
    low: float
    high: float


def variation(values: Sequence[float]) -> Variation:
    """Mean, standard deviation and range of the same figure over repeated runs.

    Raises:
        MaestroError: there are no values.
    """
    if not values:
        raise MaestroError("there are no runs to take the variation of")
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Variation(len(values), statistics.fmean(values), spread, min(values), max(values))

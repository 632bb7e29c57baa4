"""Bootstrap intervals of means, where samples come in clusters and a benchmark may average over parts.

The rotations of one question and repeated runs of it are no independent evidence: whole clusters are drawn, never
single scores. A figure that is the mean of several means (HR-Bench over cycles, a macro mean over suites) is resampled
as such: clusters that cover the same parts form a stratum, and each stratum keeps its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from maestro_graph.errors import MaestroError, MissingExtraError

__all__ = ["LEVEL", "RESAMPLES", "Interval", "Score", "cell_weights", "mean_interval"]

LEVEL = 0.95
RESAMPLES = 4000
CHUNK = 4_000_000  # numbers held at once


@dataclass(frozen=True, slots=True)
class Score:
    """One value that goes into a mean.

    Attributes:
        cluster: what is drawn as a whole: the question, with its rotations and repeats.
        cell: the part whose mean is taken first; the parts' means are then averaged.
    """

    value: float
    cluster: str
    cell: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and how far it may be off.

    Attributes:
        low, high: percentile bounds at `level`; by Clopper and Pearson (`method="exact"`, over clusters) where all
            scores are 0 or all are 1, since there a bootstrap says nothing.
        n: scores; `clusters` are the independent ones among them.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    level: float = LEVEL
    method: Literal["bootstrap", "exact"] = "bootstrap"


def mean_interval(
    scores: Sequence[Score],
    *,
    weights: Mapping[str, float] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The mean of the cells' means with a percentile interval of a stratified cluster bootstrap.

    Args:
        scores: 0 to 1, or differences of such.
        weights: of the cells; by default they weigh the same. They are scaled to sum to 1.
        level: share of repetitions that the interval is to hold.
        resamples: bootstrap samples.
        seed: the same seed gives the same interval.

    Raises:
        MaestroError: there are no scores, or a cell has no weight.
        MissingExtraError: numpy is not installed.
    """
    if not scores:
        raise MaestroError("there are no scores to take a mean of")
    shares = cell_weights(scores, weights)
    value = sum(shares[cell] * mean for cell, mean in _cell_means(scores).items())
    clusters = len({score.cluster for score in scores})
    only = {score.value for score in scores}
    if only in ({0.0}, {1.0}):
        reach = 1.0 - ((1.0 - level) / 2) ** (1 / clusters)
        low, high = (0.0, reach) if only == {0.0} else (1.0 - reach, 1.0)
        return Interval(value=value, low=low, high=high, n=len(scores), clusters=clusters, level=level, method="exact")
    low, high = _bounds(scores, shares, level, resamples, seed)
    return Interval(value=value, low=low, high=high, n=len(scores), clusters=clusters, level=level)


def cell_weights(scores: Sequence[Score], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """The weights of the cells that occur, summing to 1.

    Raises:
        MaestroError: a cell is not in `weights`.
    """
    cells = list(dict.fromkeys(score.cell for score in scores))
    if weights is None:
        return dict.fromkeys(cells, 1.0 / len(cells))
    if missing := [cell for cell in cells if cell not in weights]:
        raise MaestroError(f"no weight is given for {missing[0]!r}; weights: {sorted(weights)}")
    total = sum(weights[cell] for cell in cells)
    return {cell: weights[cell] / total for cell in cells}


def _cell_means(scores: Sequence[Score]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        values[score.cell].append(score.value)
    return {cell: sum(given) / len(given) for cell, given in values.items()}


def _bounds(
    scores: Sequence[Score], shares: Mapping[str, float], level: float, resamples: int, seed: int
) -> tuple[float, float]:
    np = _numpy()
    cells = {cell: at for at, cell in enumerate(shares)}
    clusters = {cluster: at for at, cluster in enumerate(dict.fromkeys(score.cluster for score in scores))}
    sums = np.zeros((len(clusters), len(cells)))
    counts = np.zeros((len(clusters), len(cells)))
    for score in scores:
        at = clusters[score.cluster], cells[score.cell]
        sums[at] += score.value
        counts[at] += 1
    rng = np.random.default_rng(seed)
    drawn_sums = np.zeros((resamples, len(cells)))
    drawn_counts = np.zeros((resamples, len(cells)))
    for rows, columns in _strata(counts):
        own = np.ix_(rows, columns)
        drawn = np.concatenate((sums[own], counts[own]), axis=1)
        totals = _resampled(np, rng, drawn, resamples)
        drawn_sums[:, columns] += totals[:, : len(columns)]
        drawn_counts[:, columns] += totals[:, len(columns) :]
    values = (drawn_sums / drawn_counts) @ np.array([shares[cell] for cell in cells])
    tail = (1.0 - level) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def _strata(counts: Any) -> list[tuple[list[int], list[int]]]:
    """Rows (clusters) that cover the same columns (cells), with those columns."""
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, covered in enumerate(counts > 0):
        found[tuple(int(column) for column in covered.nonzero()[0])].append(row)
    return [(rows, list(columns)) for columns, rows in found.items()]


def _resampled(np: ModuleType, rng: Any, rows: Any, resamples: int) -> Any:
    """Column sums of `resamples` draws of as many rows as there are, with replacement."""
    many, width = rows.shape
    step = max(1, CHUNK // (many * width))
    parts = []
    for begin in range(0, resamples, step):
        chosen = rng.integers(0, many, size=(min(step, resamples - begin), many))
        parts.append(rows[chosen].sum(axis=1))
    return np.concatenate(parts)


def _numpy() -> ModuleType:
    try:
        import numpy as np
    except ModuleNotFoundError as error:
        raise MissingExtraError("confidence intervals", "eval", "numpy") from error
    return np

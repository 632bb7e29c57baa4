"""Two runs of the same questions: difference, its interval, and how likely chance alone does as much.

McNemar's test in its exact form (1947; two-sided binomial over the questions that exactly one of the two solved) where
every score is 0 or 1 and questions are independent. Where scores lie between, or questions come in rotations, the signs
of whole clusters' differences are flipped instead (paired permutation test).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Literal

from maestro_evaluation.stats._intervals import LEVEL, RESAMPLES, Interval, Score, cell_weights, mean_interval
from maestro_graph.errors import MissingExtraError

__all__ = ["Pair", "PairedTest", "adjusted", "paired_test"]

FLIPS = 9999  # up to 13 clusters that differ, all 2**13 flips are counted


@dataclass(frozen=True, slots=True)
class Pair:
    """The scores that two runs got for the same sample; `cluster` and `cell` as in `Score`."""

    first: float
    second: float
    cluster: str
    cell: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """What comparing two runs says.

    Attributes:
        first, second: the two means.
        difference: second minus first.
        p_value: two-sided, of no difference.
        test: which test gave it.
        better, worse: samples on which the second scored higher, and lower, than the first.
    """

    first: float
    second: float
    difference: Interval
    p_value: float
    test: Literal["mcnemar", "permutation"]
    better: int
    worse: int


def paired_test(
    pairs: Sequence[Pair],
    *,
    weights: Mapping[str, float] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedTest:
    """Compare two runs sample by sample. Arguments as in `mean_interval`.

    With several cells the figure compared is the mean of the cells' means, and so is the permutation test's.

    Raises:
        MaestroError: there are no pairs, or a cell has no weight.
        MissingExtraError: numpy or scipy is not installed.
    """
    changes = [Score(pair.second - pair.first, pair.cluster, pair.cell) for pair in pairs]
    difference = mean_interval(changes, weights=weights, level=level, resamples=resamples, seed=seed)
    if len({change.value for change in changes}) == 1:
        difference = _of_equal_changes(difference)
    shares = cell_weights(changes, weights)
    first, second = (_mean(pairs, shares, which) for which in ("first", "second"))
    better = sum(pair.second > pair.first for pair in pairs)
    worse = sum(pair.second < pair.first for pair in pairs)
    independent = len({pair.cluster for pair in pairs}) == len(pairs) and len(shares) == 1
    exact = independent and all({pair.first, pair.second} <= {0.0, 1.0} for pair in pairs)
    return PairedTest(
        first=first,
        second=second,
        difference=difference,
        p_value=_mcnemar(better, worse) if exact else _permutation(changes, shares, seed),
        test="mcnemar" if exact else "permutation",
        better=better,
        worse=worse,
    )


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) step-down adjustment: with several comparisons, some come out small by chance."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    result = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        result[at] = highest
    return result


def _of_equal_changes(difference: Interval) -> Interval:
    """Where all changes are the same a bootstrap says nothing; so many clusters may have missed one that is not."""
    reach = 1.0 - ((1.0 - difference.level) / 2) ** (1 / difference.clusters)
    low, high = max(-1.0, difference.value - reach), min(1.0, difference.value + reach)
    return replace(difference, low=low, high=high, method="exact")


def _mean(pairs: Sequence[Pair], shares: Mapping[str, float], which: str) -> float:
    by_cell: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        by_cell[pair.cell].append(getattr(pair, which))
    return sum(shares[cell] * sum(values) / len(values) for cell, values in by_cell.items())


def _mcnemar(better: int, worse: int) -> float:
    if better + worse == 0:
        return 1.0
    return float(_scipy_stats().binomtest(better, better + worse, 0.5).pvalue)


def _permutation(changes: Sequence[Score], shares: Mapping[str, float], seed: int) -> float:
    sizes: dict[str, int] = defaultdict(int)
    for change in changes:
        sizes[change.cell] += 1
    parts: dict[str, float] = defaultdict(float)
    for change in changes:
        parts[change.cluster] += shares[change.cell] * change.value / sizes[change.cell]
    moved = [part for part in parts.values() if abs(part) > 1e-12]  # a zero stays zero, whatever its sign
    if len(moved) < 2:
        return 1.0
    stats = _scipy_stats()

    def total(first: Any, second: Any, axis: int) -> Any:
        return second.sum(axis=axis) - first.sum(axis=axis)

    found = stats.permutation_test(
        ([0.0] * len(moved), moved),
        total,
        permutation_type="samples",
        vectorized=True,
        n_resamples=FLIPS,
        batch=1000,
        alternative="two-sided",
        rng=seed,
    )
    return float(found.pvalue)


def _scipy_stats() -> ModuleType:
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        raise MissingExtraError("comparing two runs", "eval", "scipy") from error
    return stats  # type: ignore[no-any-return]

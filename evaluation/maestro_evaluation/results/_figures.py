"""Accuracy, cost and variation of records: the numbers that tables are made of."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maestro_evaluation.records import SampleRecord
from maestro_evaluation.results._benchmarks import reckoning_of
from maestro_evaluation.results._read import cluster_of, key_of
from maestro_evaluation.stats import Calibration, Interval, Score, Variation, calibration, mean_interval, variation

__all__ = [
    "Cost",
    "Figure",
    "by",
    "calibration_of",
    "cost_of",
    "macro_cells",
    "macro_figure",
    "plain_figure",
    "repeats_of",
    "suite_figure",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """An accuracy, and what stands behind it.

    Attributes:
        interval: `None` where nothing was scored.
        samples: that were scored, repeats counted once.
        n: records; of them `unscored` had no score (no judge, no known answer) and do not count, and `failed` ended
            without an answer and count as wrong.
    """

    interval: Interval | None
    samples: int
    n: int
    unscored: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What answering took, a question: means, and of the seconds also the median and the 95th percentile.

    Attributes:
        total: price of all questions together, in the currency of the registry's prices.
    """

    n: int
    turns: float
    calls: float
    seconds: float
    seconds_median: float
    seconds_p95: float
    input_tokens: float
    output_tokens: float
    price: float
    total: float


def by(records: Iterable[SampleRecord], field: str) -> dict[str, list[SampleRecord]]:
    """Records by a field, in the order of first appearance."""
    found: dict[str, list[SampleRecord]] = defaultdict(list)
    for record in records:
        found[str(record[field])].append(record)  # type: ignore[literal-required]  # callers name fields of records
    return dict(found)


def suite_figure(records: Sequence[SampleRecord]) -> Figure:
    """Of one router on one suite, by its benchmark's own reckoning."""
    cell = reckoning_of(records).cell
    return _figure(records, [_score(record, cell(record)) for record in _scored(records)])


def plain_figure(records: Sequence[SampleRecord]) -> Figure:
    """The mean over all items, wherever they are from."""
    return _figure(records, [_score(record, "") for record in _scored(records)])


def macro_figure(records: Sequence[SampleRecord]) -> Figure:
    """The mean over suites of each suite's own figure."""
    cells, weights = macro_cells(_scored(records))
    scores = [_score(record, cell) for record, cell in zip(_scored(records), cells, strict=True)]
    return _figure(records, scores, weights)


def macro_cells(records: Sequence[SampleRecord]) -> tuple[list[str], dict[str, float]]:
    """The cell of each record, and what each cell weighs in the mean over suites."""
    cell_of = {suite: reckoning_of(own).cell for suite, own in by(records, "suite").items()}
    cells = [f"{record['suite']}\n{cell_of[record['suite']](record)}" for record in records]
    of_suite: dict[str, set[str]] = defaultdict(set)
    for record, cell in zip(records, cells, strict=True):
        of_suite[record["suite"]].add(cell)
    return cells, {cell: 1.0 / (len(of_suite) * len(own)) for own in of_suite.values() for cell in own}


def cost_of(records: Sequence[SampleRecord]) -> Cost:
    """What the records' questions took."""
    n = len(records)
    seconds = sorted(record["seconds"] for record in records)
    prices = [record["usage"]["cost"] for record in records]
    return Cost(
        n=n,
        turns=sum(record["turns"] for record in records) / n,
        calls=sum(len(record["calls"]) for record in records) / n,
        seconds=sum(seconds) / n,
        seconds_median=statistics.median(seconds),
        seconds_p95=seconds[min(n - 1, round(0.95 * (n - 1)))],
        input_tokens=sum(record["usage"]["input_tokens"] for record in records) / n,
        output_tokens=sum(record["usage"]["output_tokens"] for record in records) / n,
        price=sum(prices) / n,
        total=sum(prices),
    )


def calibration_of(records: Iterable[SampleRecord]) -> Calibration | None:
    """Of the answers that came with a confidence; `None` where none did."""
    told = [
        (record["confidence"], record["score"])
        for record in records
        if record["confidence"] is not None and record["score"] is not None
    ]
    if not told:
        return None
    return calibration([confidence for confidence, _ in told], [score for _, score in told])


def repeats_of(records: Sequence[SampleRecord]) -> Variation | None:
    """How the mean over suites moves from repeat to repeat; `None` of a single one."""
    repeats: Mapping[str, list[SampleRecord]] = by(records, "repeat")
    figures = [macro_figure(own).interval for own in repeats.values()] if len(repeats) > 1 else []
    values = [figure.value for figure in figures if figure is not None]
    return variation(values) if len(values) > 1 else None


def _scored(records: Iterable[SampleRecord]) -> list[SampleRecord]:
    return [record for record in records if record["score"] is not None]


def _score(record: SampleRecord, cell: str) -> Score:
    return Score(float(record["score"] or 0.0), cluster_of(record), cell)


def _figure(
    records: Sequence[SampleRecord], scores: Sequence[Score], weights: Mapping[str, float] | None = None
) -> Figure:
    return Figure(
        interval=mean_interval(scores, weights=weights) if scores else None,
        samples=len({key_of(record) for record in _scored(records)}),
        n=len(records),
        unscored=len(records) - len(scores),
        failed=sum(record["status"] == "failed" for record in records),
    )

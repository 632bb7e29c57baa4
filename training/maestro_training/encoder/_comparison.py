"""Routers on the same questions in one table: scores with intervals, paired differences, the share of a gap closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from maestro_evaluation.stats import Pair, PairedTest, Score, mean_interval, paired_test
from maestro_graph.evidence import Json
from maestro_training.encoder._judge import Judged
from maestro_training.encoder._world import WorldSample

__all__ = ["Closed", "Entry", "closed_gap", "comparison_rows", "comparison_table", "paired"]

RESAMPLES = 4000


@dataclass(frozen=True)
class Entry:
    """What a router came to, by sample key: means over its runs (of several seeds)."""

    name: str
    scores: Mapping[str, float]
    calls: Mapping[str, float]
    costs: Mapping[str, float]

    @classmethod
    def of(cls, name: str, results: Sequence[Judged]) -> Entry:
        """The mean of several results on the same samples, question by question."""
        runs = [result.runs for result in results]
        keys = list(results[0].scores)
        return cls(
            name,
            {key: fmean(result.scores[key] for result in results) for key in keys},
            {key: fmean(len(run[key].calls) for run in runs) for key in keys},
            {key: fmean(run[key].usage.cost for run in runs) for key in keys},
        )

    def mean(self, samples: Sequence[WorldSample]) -> float:
        """Score on these samples."""
        return fmean(self.scores[item.sample.key] for item in samples)

    def mean_calls(self, samples: Sequence[WorldSample]) -> float:
        """Calls a question on these samples."""
        return fmean(self.calls[item.sample.key] for item in samples)

    def mean_cost(self, samples: Sequence[WorldSample]) -> float:
        """Cost a question on these samples."""
        return fmean(self.costs[item.sample.key] for item in samples)


@dataclass(frozen=True, slots=True)
class Closed:
    """The share of the gap between two routers that a third closes, with its 95 % interval."""

    value: float
    low: float
    high: float


def closed_gap(entry: Entry, low: Entry, high: Entry, samples: Sequence[WorldSample]) -> Closed | None:
    """(entry - low) / (high - low), resampled by question; `None` where there is no gap."""
    keys = [item.sample.key for item in samples]
    rows = np.array([[one.scores[key] for key in keys] for one in (entry, low, high)])
    drawn = np.random.default_rng(0).integers(len(keys), size=(RESAMPLES, len(keys)))
    means = np.stack([row[drawn].mean(axis=1) for row in rows])
    found, least, most = rows.mean(axis=1)
    gaps = means[2] - means[1]
    if most <= least:
        return None
    shares = (means[0] - means[1])[gaps > 0] / gaps[gaps > 0]
    return Closed(
        float((found - least) / (most - least)), float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))
    )


def paired(first: Entry, second: Entry, samples: Sequence[WorldSample]) -> PairedTest:
    """Second minus first, question by question; forms of one question are drawn together."""
    return paired_test(
        [
            Pair(first.scores[item.sample.key], second.scores[item.sample.key], item.sample.group or item.sample.key)
            for item in samples
        ]
    )


def comparison_rows(
    entries: Sequence[Entry], samples: Sequence[WorldSample], *, ours: Entry, low: Entry, high: Entry
) -> list[dict[str, Json]]:
    """A row for each router: score, calls, share of the gap from `low` to `high`, and `ours` minus it.

    Args:
        samples: what is compared on; every entry has them.
        ours: the router that the others are compared with.
    """
    rows: list[dict[str, Json]] = []
    for entry in entries:
        score = mean_interval(
            [Score(entry.scores[i.sample.key], i.sample.group or i.sample.key) for i in samples], resamples=RESAMPLES
        )
        row: dict[str, Json] = {
            "router": entry.name,
            "n": len(samples),
            "score": [score.value, score.low, score.high],
            "calls": entry.mean_calls(samples),
            "cost": entry.mean_cost(samples),
        }
        if (gap := closed_gap(entry, low, high, samples)) is not None:
            row["closed"] = [gap.value, gap.low, gap.high]
        if entry is not ours:
            found = paired(entry, ours, samples)
            row["ours_minus_it"] = [found.difference.value, found.difference.low, found.difference.high]
            row["p"] = found.p_value
        rows.append(row)
    return rows


def comparison_table(rows: Sequence[Mapping[str, Json]], *, ours: str) -> str:
    """The rows of `comparison_rows` as Markdown."""
    lines = [
        f"| router | n | score (95 %) | calls | gap closed (95 %) | {ours} minus it (95 %) |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        difference = _said(row.get("ours_minus_it"), signed=True)
        lines.append(
            f"| {row['router']} | {row['n']} | {_said(row['score'])} | {row['calls']:.2f} | "
            f"{_shares(row.get('closed'))} | {difference} |"
        )
    return "\n".join(lines)


def _said(value: Json, *, signed: bool = False) -> str:
    if not isinstance(value, list):
        return ""
    found, low, high = (100 * float(str(item)) for item in value)
    sign = "+" if signed else ""
    return f"{found:{sign}.1f} ({low:{sign}.1f} to {high:{sign}.1f})"


def _shares(value: Json) -> str:
    if not isinstance(value, list):
        return ""
    found, low, high = (float(str(item)) for item in value)
    return f"{found:.0%} ({low:.0%} to {high:.0%})"

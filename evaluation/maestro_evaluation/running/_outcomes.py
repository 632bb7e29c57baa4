"""The outcome table: what every plan gives on every sample, by running the graph itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from maestro_evaluation._plan_router import PlanRouter
from maestro_evaluation.plans import Plan
from maestro_evaluation.records import PASSING, Outcome, Table
from maestro_evaluation.running._execute import Ran, Settings, plain, run_once, scored
from maestro_evaluation.running._log import RecordLog, read_records
from maestro_evaluation.running._pool import each
from maestro_evaluation.running._progress import Progress
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.registry import Registry

__all__ = ["OUTCOMES", "compute_outcomes", "outcome_of", "read_table"]

OUTCOMES = "outcomes.jsonl"

Key = tuple[str, str, str, str, str]
"""Suite, sample, fingerprint, plan, identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    sample: Sample
    fingerprint: str
    plans: tuple[Plan, ...]


async def compute_outcomes(
    samples: Iterable[Sample],
    plans: Sequence[Plan],
    registry: Registry,
    file: Path,
    *,
    identity: str,
    settings: Settings,
    concurrency: int,
    progress: Progress,
) -> int:
    """Add the rows that the table lacks; returns how many.

    Each row is written when it is known, so a killed computation goes on where it was. A run whose call timed out,
    could not reach its endpoint or was refused for its rate says little of the plan: its row says so, and it is tried
    again whenever the table is computed again.

    Args:
        registry: a metered one.
        identity: of the ensemble (`registry_identity`).
        concurrency: samples in work at the same time.
    """
    with RecordLog(file) as log:
        there = {_key(row) for row in _rows(file) if row["status"] not in PASSING}
        missing = [
            _Missing(sample=sample, fingerprint=fingerprint, plans=wanted)
            for sample in samples
            for fingerprint in [sample.fingerprint]
            if (
                wanted := tuple(
                    plan for plan in plans if (sample.suite, sample.id, fingerprint, str(plan), identity) not in there
                )
            )
        ]
        progress.begin(sum(len(item.plans) for item in missing), "outcomes")
        written = 0

        async def fill(item: _Missing) -> None:
            nonlocal written
            for plan in item.plans:
                ran = await run_once(registry, PlanRouter(plan), item.sample, settings)
                row = outcome_of(item.sample, item.fingerprint, plan, identity, ran, await scored(item.sample, ran))
                log.append(row)
                written += 1
                if row["status"] in PASSING:
                    progress.note(f"{item.sample.key}, {plan}: {row['status']}")
                progress.advance(row["score"])

        await each(missing, fill, concurrency)
        progress.end()
    return written


def outcome_of(sample: Sample, fingerprint: str, plan: Plan, identity: str, ran: Ran, points: float | None) -> Outcome:
    """The row of one plan."""
    row: Outcome = {
        "suite": sample.suite,
        "sample": sample.id,
        "fingerprint": fingerprint,
        "plan": str(plan),
        "identity": identity,
        "status": _status(ran),
        "answer": ran.answer,
        "confidence": ran.confidence,
        "score": points,
        "seconds": ran.seconds,
        "usage": ran.usage.as_record(),
        "evidence": [cast("dict", plain(item.as_record())) for item in ran.evidence],  # type: ignore[type-arg,misc]
    }
    if ran.problem is not None:
        row["details"] = {"problem": ran.problem}
    return row


def _status(ran: Ran) -> str:
    """`ok`, or what kept the plan from being carried out: a call's status, or the run's end."""
    passing = next((item.status for item in ran.evidence if item.status in PASSING), None)
    if passing is not None:
        return passing
    if ran.problem is None:
        return "ok"
    if ran.stop_reason == "deadline":
        return "timeout"
    return ran.evidence[-1].status if ran.evidence and not ran.evidence[-1].ok else "failed"


def read_table(file: Path, *, identity: str | None = None, samples: Mapping[str, Sample] | None = None) -> Table:
    """The rows of an ensemble by (sample key, plan); the later one of a plan that was tried again.

    Args:
        identity: of the ensemble; by default the only one that the file has rows of.
        samples: by key; rows of other samples, and of samples that have changed since, are left out.

    Raises:
        MaestroError: the file is not there, or has rows of several ensembles and none was named.
    """
    if not file.is_file():
        raise MaestroError(f"there is no outcome table {str(file)!r}; make it by: maestro eval outcomes --out DIR")
    fingerprints = {key: sample.fingerprint for key, sample in samples.items()} if samples is not None else None
    table: Table = {}
    seen: set[str] = set()
    for row in _rows(file):
        key = f"{row['suite']}/{row['sample']}"
        if identity is not None and row["identity"] != identity:
            continue
        if fingerprints is not None and fingerprints.get(key) != row["fingerprint"]:
            continue
        seen.add(row["identity"])
        table[key, row["plan"]] = row
    if len(seen) > 1:
        raise MaestroError(f"{file} has rows of {len(seen)} ensembles ({', '.join(sorted(seen))}); name one of them")
    return table


def _rows(file: Path) -> Iterable[Outcome]:
    for record in read_records(file):
        yield cast(Outcome, record)


def _key(row: Outcome) -> Key:
    return row["suite"], row["sample"], row["fingerprint"], row["plan"], row["identity"]

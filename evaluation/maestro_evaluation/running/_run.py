"""A run: every router on every question, recorded as it goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from maestro_evaluation.judge import Judge
from maestro_evaluation.records import CalledRecord, SampleRecord
from maestro_evaluation.running._execute import Ran, Settings, plain, run_once, scored
from maestro_evaluation.running._log import RecordLog, read_records
from maestro_evaluation.running._pool import each
from maestro_evaluation.running._progress import Progress
from maestro_evaluation.running._routers import Runner
from maestro_evaluation.samples import Sample
from maestro_graph.evidence import Evidence
from maestro_graph.registry import Registry

__all__ = ["SAMPLES", "TRACES", "Job", "run_all"]

SAMPLES = "samples.jsonl"
TRACES = "traces"

Key = tuple[str, str, str, str, str, int, int | None]
"""Suite, sample, fingerprint, router, its configuration, repeat, seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sample for one router, once."""

    sample: Sample
    fingerprint: str
    runner: Runner
    repeat: int
    seed: int | None

    @property
    def key(self) -> Key:
        return (
            self.sample.suite,
            self.sample.id,
            self.fingerprint,
            self.runner.name,
            self.runner.config,
            self.repeat,
            self.seed,
        )


async def run_all(
    samples: Iterable[Sample],
    runners: Sequence[Runner],
    registry: Registry,
    out: Path,
    *,
    settings: Settings,
    repeats: Callable[[Runner], int],
    seed: int,
    judge: Judge | None,
    traces: bool,
    concurrency: int,
    progress: Progress,
) -> int:
    """Make the runs that `samples.jsonl` lacks; returns how many.

    A run that fails is a record that says why and scores 0. Bugs end everything; what is recorded stays.

    Args:
        registry: a metered one.
        repeats: how often a router is asked each question.
        traces: keep a trace of every run of a router that is no baseline.
    """
    with RecordLog(out / SAMPLES) as log:
        there = {_key(record) for record in read_records(log.path)}
        jobs = [job for job in _jobs(samples, runners, repeats, seed) if job.key not in there]
        progress.begin(len(jobs), "runs")

        async def work(job: Job) -> None:
            trace = _trace(out, job) if traces and job.runner.baseline is None else None
            ran = await run_once(
                registry,
                job.runner.router,
                job.sample,
                settings,
                router_sampling=None if job.seed is None else {"seed": job.seed},
                trace=trace,
            )
            record = _record(job, ran, await scored(job.sample, ran))
            if trace is not None:
                record["trace"] = trace.relative_to(out).as_posix()
            if judge is not None:
                await _judge(job.sample, record, judge)
            log.append(record)
            progress.advance(record["score"])

        await each(jobs, work, concurrency)
        progress.end()
    return len(jobs)


def _jobs(
    samples: Iterable[Sample], runners: Sequence[Runner], repeats: Callable[[Runner], int], seed: int
) -> Iterable[Job]:
    """Sample by sample, so that its pictures are opened once."""
    for sample in samples:
        fingerprint = sample.fingerprint
        for runner in runners:
            if runner.baseline is not None and runner.baseline.free_answer_only and not sample.free_answer:
                continue
            for repeat in range(repeats(runner)):
                drawn = seed + repeat if runner.repeated else None
                yield Job(sample=sample, fingerprint=fingerprint, runner=runner, repeat=repeat, seed=drawn)


def _record(job: Job, ran: Ran, points: float | None) -> SampleRecord:
    sample = job.sample
    return {
        "suite": sample.suite,
        "sample": sample.id,
        "fingerprint": job.fingerprint,
        "family": sample.family,
        "split": sample.split,
        "rule": sample.rule,
        "group": sample.group,
        "free_answer": sample.free_answer,
        "question": sample.question,
        "images": list(sample.images),
        "gold": sample.answer,
        "router": job.runner.name,
        "config": job.runner.config,
        "repeat": job.repeat,
        "seed": job.seed,
        "status": "ok" if ran.problem is None else "failed",
        "problem": ran.problem,
        "stop_reason": ran.stop_reason,
        "answer": ran.answer,
        "score": points,
        "confidence": ran.confidence,
        "turns": ran.turns,
        "calls": [_called(item) for item in ran.evidence],
        "seconds": ran.seconds,
        "usage": ran.usage.as_record(),
        "meta": {str(key): plain(value) for key, value in sample.meta.items()},
    }


def _called(item: Evidence) -> CalledRecord:
    level2 = item.details.get("level2")
    return {
        "turn": item.turn,
        "expert": item.expert,
        "skill": item.skill,
        "level2": level2 if isinstance(level2, str) else None,
        "status": item.status,
        "answer": item.answer,
        "confidence": item.confidence,
        "seconds": item.seconds,
        "usage": item.usage.as_record(),
    }


async def _judge(sample: Sample, record: SampleRecord, judge: Judge) -> None:
    """Have the judge decide what the rule left open."""
    if record["score"] is not None or sample.answer is None or record["answer"] is None:
        return
    judged = await judge.ask(question=sample.question, gold=sample.answer, answer=record["answer"])
    record["judge"] = [judged.record]
    record["score"] = judged.record["score"]
    if judged.problem is not None:
        record["problem"] = judged.problem


def _trace(out: Path, job: Job) -> Path:
    """A file of its own for every run, named so that a reader finds it."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", job.sample.id)[:80]
    return out / TRACES / job.runner.name / job.sample.suite / f"{name}-{job.fingerprint[:6]}-{job.repeat}.jsonl"


def _key(record: object) -> Key:
    kept = cast(SampleRecord, record)
    return (
        kept["suite"],
        kept["sample"],
        kept["fingerprint"],
        kept["router"],
        kept.get("config", ""),
        kept["repeat"],
        kept["seed"],
    )

"""What a run of the evaluation leaves behind: one record a sample, append-only, and one table of outcomes.

A run's folder holds `run.json` (what was asked for, with versions and the command), `samples.jsonl` (`SampleRecord`),
`outcomes.jsonl` (`Outcome`), `traces/`, and what `maestro eval report` writes.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from maestro_evaluation.samples import Gold, Split
from maestro_graph.evidence import EvidenceRecord, Json, UsageRecord

__all__ = ["PASSING", "CalledRecord", "JudgeRecord", "Outcome", "SampleRecord", "Table"]


class CalledRecord(TypedDict):
    """One call of a run, as reports need it. `level2` is the skill that dispatch chose, if any."""

    turn: int
    expert: str
    skill: str | None
    level2: str | None
    status: str
    answer: str | None
    confidence: float | None
    seconds: float
    usage: UsageRecord


class JudgeRecord(TypedDict):
    """What a judge was asked and said; never silent."""

    model: str
    prompt: str
    reply: str
    score: float | None


class SampleRecord(TypedDict):
    """One sample answered once by one router (or baseline).

    `score` is 0 to 1; a run that failed scores 0 and says why in `problem`; `None` where the rule leaves it to a
    judge and there is none, or where the sample has no answer: reports count these apart. `confidence` is that of
    the evidence the answer was taken from. `config` is a digest of the router's configuration. `meta` is the
    sample's: benchmarks reckon by what it says (cycles, parts).
    """

    suite: str
    sample: str
    fingerprint: str
    family: str
    split: Split
    rule: str
    group: str | None
    free_answer: bool
    question: str
    images: list[str]
    gold: Gold
    router: str
    repeat: int
    seed: int | None
    status: Literal["ok", "failed"]
    problem: str | None
    stop_reason: str | None
    answer: str | None
    score: float | None
    confidence: float | None
    turns: int
    calls: list[CalledRecord]
    seconds: float
    usage: UsageRecord
    config: NotRequired[str]
    meta: NotRequired[dict[str, Json]]
    trace: NotRequired[str]
    judge: NotRequired[list[JudgeRecord]]


class Outcome(TypedDict):
    """What one plan (one call or several) gives for one sample: a row of the table that baselines and training read.

    `status` is `ok`, or why there is no answer: that of the call that failed (`refused`, `timeout` …), else `failed`.
    `evidence` is that of every call in order, so that a state after any of them can be rebuilt; `identity` is the
    registry's (experts, models, skills): rows of another ensemble are not used.
    """

    suite: str
    sample: str
    fingerprint: str
    plan: str
    identity: str
    status: str
    answer: str | None
    confidence: float | None
    score: float | None
    seconds: float
    usage: UsageRecord
    evidence: list[EvidenceRecord]
    details: NotRequired[dict[str, Json]]


PASSING = frozenset({"timeout", "unreachable", "rate_limited"})
"""Statuses that say something of the day, not of the plan: such rows are tried again when a table is gone on with."""

Table = dict[tuple[str, str], Outcome]
"""Outcomes by (sample key, plan)."""

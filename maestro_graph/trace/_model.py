"""A trace as it is read: frozen, typed, the same whether texts were kept or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maestro_graph.evidence import Json, Usage
from maestro_graph.routers import TokenRecord

__all__ = ["CallTrace", "ImageTrace", "RequestTrace", "RunTrace", "StepTrace", "TurnTrace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTrace:
    """A picture of a run.

    Attributes:
        sha256: hex digest of its file.
        ref: the reference it was opened by; `None` where the settings kept the hash alone.
        path: absolute path of a relative reference.
        width, height: pixels, upright; 0 where unknown.
        notes: what was done to it on opening.
    """

    sha256: str
    ref: str | None = None
    path: str | None = None
    width: int = 0
    height: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTrace:
    """One request to an expert: a direct call makes one, a skill as many as its workflow needs.

    Texts are `None` where they were not kept; `lengths` then has their lengths by field.
    """

    expert: str
    question: str | None
    instructions: str | None
    images: tuple[str, ...]
    evidence: tuple[str, ...]
    sampling: Mapping[str, Json]
    status: str
    reply: str | None
    answer: str | None
    confidence: float | None
    usage: Usage
    details: Mapping[str, Json]
    seconds: float
    attempts: int
    cached: bool = False
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """What a skill noted while it worked, or a look at a picture through a perceiver (`what="perception"`)."""

    what: str
    fields: Mapping[str, Json]
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTrace:
    """One call of a turn.

    Attributes:
        call: 0-based position among the calls of its turn.
        status: as in `Evidence`; `None` where the run ended before anything came back.
        text: the evidence, uncut.
        started: Unix time at which it started; `None` where it was not started.
    """

    call: int
    expert: str
    skill: str | None
    query: str | None
    status: str | None = None
    text: str | None = None
    answer: str | None = None
    confidence: float | None = None
    seconds: float | None = None
    attempts: int = 0
    usage: Usage = field(default_factory=Usage)
    details: Mapping[str, Json] = field(default_factory=dict)
    requests: tuple[RequestTrace, ...] = ()
    steps: tuple[StepTrace, ...] = ()
    started: float | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`expert` or `expert@@skill`, as the router writes it."""
        return f"{self.expert}@@{self.skill}" if self.skill else self.expert


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTrace:
    """One decision of the router and what came of it.

    Attributes:
        kind: `calls`, `answer` or `malformed`; `None` where its record is lost and only calls are left.
        prompt: what the router was shown since its last turn; empty for routers that read no prompt.
        text: what the router wrote, empty for routers that do not write.
        problem: why a turn was malformed.
        info: reasons and scores, as the router gave them.
        tokens: exact token record of a policy.
        seconds: what deciding took.
    """

    turn: int
    kind: str | None
    prompt: str | None = None
    text: str | None = None
    calls: tuple[CallTrace, ...] = ()
    answer: str | None = None
    problem: str | None = None
    info: Mapping[str, Json] = field(default_factory=dict)
    tokens: TokenRecord | None = None
    usage: Usage = field(default_factory=Usage)
    seconds: float | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTrace:
    """One run, as far as its trace goes.

    Attributes:
        question: `None` where texts were not kept (`lengths` has its length) or the start of the run is missing.
        turns: in order, the last recorded one where a resumed run took a turn again; the earlier ones are
            in `discarded`.
        answer, stop_reason: `None` for a run that did not end; a run that ended without an answer has a
            `stop_reason`, one that could not start an `error`.
        usage: as the run summed it up, or the sum of what is recorded of a run that did not end.
        seconds: of the whole run, or up to the last record of one that did not end.
        complete: the run ended and nothing is missing. A killed run and a cut file read as incomplete.
        damaged: lines that belong to this run and cannot be read.
        started: Unix time.
        router_failure: status and message where the model behind the router could not be reached.
        file: where it was read from.
    """

    run: str
    question: str | None
    images: tuple[ImageTrace, ...]
    turns: tuple[TurnTrace, ...]
    answer: str | None
    stop_reason: str | None
    usage: Usage
    seconds: float | None
    complete: bool
    error: str | None = None
    router_failure: tuple[str, str | None] | None = None
    registry: str | None = None
    router: str | None = None
    experts: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    budget: Mapping[str, Json] = field(default_factory=dict)
    started: float | None = None
    discarded: tuple[TurnTrace, ...] = ()
    damaged: int = 0
    lengths: Mapping[str, int] = field(default_factory=dict)
    file: Path | None = None

    @property
    def calls(self) -> tuple[CallTrace, ...]:
        """All calls, in order."""
        return tuple(call for turn in self.turns for call in turn.calls)

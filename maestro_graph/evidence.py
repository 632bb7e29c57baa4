"""Evidence: what a call returned, as the router will read it, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NotRequired, TypedDict

__all__ = ["Evidence", "EvidenceRecord", "EvidenceStatus", "Json", "Usage", "UsageRecord"]

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

EvidenceStatus = Literal["ok", "refused", "timeout", "unreachable", "rate_limited", "failed", "unusable", "skipped"]

CUT_MARK = "\n[… {dropped} characters cut; the full reply is in the trace …]\n"


class UsageRecord(TypedDict):
    """Plain form of `Usage` for state and traces."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls consumed. `cost` is in the currency of the registry's prices (per million tokens).

    `calls` are replies that were given, by experts, by perceivers and by the model of a router: what failed, and what
    a cache answered, consumed nothing.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
        )

    def as_record(self) -> UsageRecord:
        return {
            "calls": self.calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": self.cost,
        }

    def to_json(self) -> dict[str, Json]:
        """As JSON, for caches and traces."""
        return {**self.as_record()}  # type: ignore[dict-item]  # a TypedDict of numbers

    @classmethod
    def from_record(cls, record: UsageRecord) -> Usage:
        return cls(record["calls"], record["input_tokens"], record["output_tokens"], record["cost"])


class EvidenceRecord(TypedDict):
    """Plain, msgpack-safe form of `Evidence` for state and traces."""

    turn: int
    call: int
    expert: str
    skill: str | None
    query: str
    status: EvidenceStatus
    text: str
    answer: str | None
    confidence: float | None
    seconds: float
    attempts: int
    usage: UsageRecord
    details: NotRequired[dict[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The outcome of one call of an expert, directly or through a skill.

    Attributes:
        turn: 0-based turn of the run; `call` is the 0-based position among the calls of that turn.
        status: `ok`, or why there is no reply (see `maestro_graph.errors.CallFailure`); `skipped` where a
            budget forbade the call.
        text: the reply, or what went wrong, in words.
        answer: the final answer within the reply where the expert marks one.
        confidence: 0 to 1 where the expert gives one.
        seconds: wall time of the call, waiting for a free slot included.
        attempts: how often the endpoint was asked.
        details: structured findings (tables, boxes, the chosen Level-2 skill …), JSON-safe.
    """

    turn: int
    call: int
    expert: str
    skill: str | None
    query: str
    status: EvidenceStatus
    text: str
    answer: str | None = None
    confidence: float | None = None
    seconds: float = 0.0
    attempts: int = 1
    usage: Usage = field(default_factory=Usage)
    details: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def cut(self, max_chars: int) -> Evidence:
        """This evidence with `text` cut in its middle to `max_chars`, with a mark, keeping the end (the answer)."""
        if len(self.text) <= max_chars:
            return self
        mark = CUT_MARK.format(dropped=len(self.text) - max_chars)
        room = max(0, max_chars - len(mark))
        head = room // 2
        tail = room - head
        return replace(self, text=self.text[:head] + mark + (self.text[-tail:] if tail else ""))

    def as_record(self) -> EvidenceRecord:
        record: EvidenceRecord = {
            "turn": self.turn,
            "call": self.call,
            "expert": self.expert,
            "skill": self.skill,
            "query": self.query,
            "status": self.status,
            "text": self.text,
            "answer": self.answer,
            "confidence": self.confidence,
            "seconds": self.seconds,
            "attempts": self.attempts,
            "usage": self.usage.as_record(),
        }
        if self.details:
            record["details"] = dict(self.details)
        return record

    @classmethod
    def from_record(cls, record: EvidenceRecord) -> Evidence:
        return cls(
            turn=record["turn"],
            call=record["call"],
            expert=record["expert"],
            skill=record["skill"],
            query=record["query"],
            status=record["status"],
            text=record["text"],
            answer=record["answer"],
            confidence=record["confidence"],
            seconds=record["seconds"],
            attempts=record["attempts"],
            usage=Usage.from_record(record["usage"]),
            details=record.get("details", {}),
        )

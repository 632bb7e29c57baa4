"""The expert seam: a frozen model that can be asked, behind an endpoint or in-process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from maestro_graph.evidence import Evidence, Json, Usage
from maestro_graph.images import MaestroImage

__all__ = ["Expert", "ExpertCard", "ExpertReply", "ExpertRequest", "Modality", "Price"]

Modality = Literal["text", "image"]


NAME_PATTERN = r"^[^\s@:<>\x00-\x1f\x7f-\x9f](?:[^@:<>\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s@:<>\x00-\x1f\x7f-\x9f])?$"


class Price(BaseModel):
    """Price per million tokens, in the currency of the registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(default=0.0, ge=0)
    output: float = Field(default=0.0, ge=0)


class ExpertCard(BaseModel):
    """What a router may know of an expert: it reads cards, not names.

    Attributes:
        name: exact name, the one written in the protocol; no whitespace at its ends, no line breaks or control
            characters, and none of `@ : < >`.
        description: what the expert is good for, in one to three sentences.
        examples: questions that it answers well; the encoder router compares questions with them.
        abilities: what skills may rely on. A chat model has `chat` (it follows free instructions); embedded
            experts have names of their own (`read`, `chart`, `count`, `look`, `calculate`).
        modality: what it takes. An expert without `image` is asked without pictures.
        max_concurrency: calls in flight at most, over all runs of the process.
        timeout_s: seconds for one call, retries included; waiting for a free slot does not count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64, pattern=NAME_PATTERN)
    description: str = Field(min_length=1, max_length=2000)
    examples: tuple[str, ...] = ()
    abilities: frozenset[str] = frozenset({"chat"})
    modality: frozenset[Modality] = frozenset({"text", "image"})
    price: Price = Price()
    max_concurrency: int = Field(default=8, ge=1)
    timeout_s: float = Field(default=60.0, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertRequest:
    """One call. Chat experts render the fields to messages, embedded experts read them directly.

    Attributes:
        question: what is asked (the router's query).
        images: the pictures, already opened.
        instructions: how to work on it (from a skill), empty for a direct call.
        evidence: what earlier calls of this run returned.
        deadline_s: seconds that remain; in-process experts look at it between steps.
        sampling: overrides of the expert's sampling (`temperature`, `max_tokens`, `seed`).
    """

    question: str
    images: tuple[MaestroImage, ...] = ()
    instructions: str = ""
    evidence: tuple[Evidence, ...] = ()
    deadline_s: float | None = None
    sampling: Mapping[str, float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertReply:
    """What an expert returned.

    Attributes:
        text: the whole reply in words.
        answer: the final answer alone, `None` where the expert does not mark one.
        confidence: 0 to 1, `None` where the expert has no estimate.
        usage: tokens used, as the endpoint counts them (embedded experts: one call, no tokens).
        details: structured findings, JSON-safe (a chart's table, boxes, the regions counted …).
    """

    text: str
    answer: str | None = None
    confidence: float | None = None
    usage: Usage = field(default_factory=lambda: Usage(calls=1))
    details: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Plain form, for the cache."""
        return {
            "text": self.text,
            "answer": self.answer,
            "confidence": self.confidence,
            "usage": self.usage.to_json(),
            "details": dict(self.details),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExpertReply:
        """The reply that `to_json` was given."""
        return cls(
            text=data["text"],
            answer=data["answer"],
            confidence=data["confidence"],
            usage=Usage.from_record(data["usage"]),
            details=data["details"],
        )


@runtime_checkable
class Expert(Protocol):
    """A frozen model that can be asked.

    `ask` returns a reply or raises `CallFailure` (kind `refused` where it cannot answer); anything else that it
    raises is a bug and ends the run.

    An expert whose replies may be shared among equal requests has a method `cache_identity(request) -> str | None`:
    what its replies depend on besides the request, `None` where they are sampled. One that reads a part of the evidence
    only may have a method `evidence_read(request) -> Sequence[Evidence]`, which says what of `request.evidence` its
    reply can depend on: requests that differ in the rest are equal.
    """

    @property
    def card(self) -> ExpertCard: ...

    async def ask(self, request: ExpertRequest) -> ExpertReply: ...

"""The perceiver seam: an auxiliary service that turns a picture into evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from maestro_graph.evidence import Json, Usage
from maestro_graph.images import MaestroImage
from maestro_graph.limits import Limiter
from maestro_graph.perceivers._boxes import Box

__all__ = ["MountedPerceiver", "Perceiver", "PerceiverKind", "Perception", "PerceptionRequest"]

PerceiverKind = Literal["ocr", "caption", "detect", "zoom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionRequest:
    """One look at one picture.

    Attributes:
        image: the picture.
        question: what the run is about.
        focus: what a skill wants to have looked at ("the axis labels"); empty for everything.
        deadline_s: seconds that remain.
    """

    image: MaestroImage
    question: str = ""
    focus: str = ""
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Perception:
    """What a perceiver saw.

    Attributes:
        kind: which perceiver.
        text: the evidence in words: the text read, the caption, the list of boxes.
        boxes: regions in pixels of the picture.
        confidence: 0 to 1 where there is an estimate.
        usage: what it cost.
        details: structured findings, JSON-safe.
    """

    kind: PerceiverKind
    text: str
    boxes: tuple[Box, ...] = ()
    confidence: float | None = None
    usage: Usage = field(default_factory=lambda: Usage(calls=1))
    details: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Plain form, for the cache and traces."""
        return {
            "kind": self.kind,
            "text": self.text,
            "boxes": [box.to_json() for box in self.boxes],
            "confidence": self.confidence,
            "usage": self.usage.to_json(),
            "details": dict(self.details),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Perception:
        """The perception that `to_json` was given."""
        return cls(
            kind=data["kind"],
            text=data["text"],
            boxes=tuple(Box.from_json(box) for box in data["boxes"]),
            confidence=data["confidence"],
            usage=Usage.from_record(data["usage"]),
            details=data["details"],
        )


@runtime_checkable
class Perceiver(Protocol):
    """Turns a picture into evidence; raises `CallFailure` where it cannot.

    `identity` is what its replies depend on besides the request (endpoint and model, or class and version): the
    cache's key.
    """

    @property
    def kind(self) -> PerceiverKind: ...

    @property
    def identity(self) -> str: ...

    async def perceive(self, request: PerceptionRequest) -> Perception: ...


@dataclass(frozen=True, slots=True)
class MountedPerceiver:
    """A perceiver in a registry, with its limits.

    Attributes:
        perceiver: the service.
        limiter: keeps calls in flight within its limit.
        timeout_s: seconds for one look, retries included.
    """

    perceiver: Perceiver
    limiter: Limiter = field(default_factory=lambda: Limiter(8))
    timeout_s: float = 60.0

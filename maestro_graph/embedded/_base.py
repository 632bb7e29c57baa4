"""What the embedded experts share: the async face over in-process work, and honest refusals."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from importlib.metadata import version

from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest

__all__ = ["Clock", "EmbeddedExpert", "refuse"]


def refuse(reason: str) -> CallFailure:
    """The failure that says "I cannot answer this", for `raise refuse("no bars were found")`."""
    return CallFailure("refused", reason)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that in-process work checks between its steps, since a thread cannot be killed."""

    ends: float | None

    @classmethod
    def of(cls, request: ExpertRequest) -> Clock:
        return cls(None if request.deadline_s is None else time.monotonic() + request.deadline_s)

    def check(self) -> None:
        """Raise `CallFailure("timeout")` once the deadline has passed."""
        if self.ends is not None and time.monotonic() > self.ends:
            raise CallFailure("timeout", "the deadline passed while the picture was being worked on")


class EmbeddedExpert:
    """Base of the in-process experts: subclasses implement `answer`, which runs in a worker thread."""

    def __init__(self, card: ExpertCard) -> None:
        self._card = card

    @property
    def card(self) -> ExpertCard:
        return self._card

    def cache_identity(self, request: ExpertRequest) -> str:
        """In-process experts are deterministic: their class and the installed release."""
        return f"{type(self).__module__}.{type(self).__qualname__} {version('maestro-graph')}"

    def answer(self, request: ExpertRequest) -> ExpertReply:
        """Answer with a confidence, or raise `refuse(reason)`."""
        raise NotImplementedError

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        return await asyncio.to_thread(self.answer, request)

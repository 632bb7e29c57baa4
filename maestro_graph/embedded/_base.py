"""What the embedded experts share: the async face over in-process work, and honest refusals."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from maestro_graph.cache import release
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest

logger = logging.getLogger(__name__)

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
        return f"{type(self).__module__}.{type(self).__qualname__} {release()}"

    def evidence_read(self, request: ExpertRequest) -> Sequence[Evidence]:
        """What of the evidence the reply can depend on; an expert that looks at pictures alone says nothing."""
        return request.evidence

    def answer(self, request: ExpertRequest) -> ExpertReply:
        """Answer with a confidence, or raise `refuse(reason)`."""
        raise NotImplementedError

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        try:
            return await asyncio.to_thread(self.answer, request)
        except Exception as error:
            if not _stumbled(error):
                raise
            # A picture that trips one expert must not end the run; the log keeps the whole story.
            logger.exception("%s failed on a question about %s", self.card.name, request.images)
            raise CallFailure("failed", f"{self.card.name} failed on this picture or question ({error!r})") from error


def _stumbled(error: Exception) -> bool:
    """Whether it is what numbers, arrays and picture libraries raise on data that they cannot handle."""
    own = isinstance(error, ArithmeticError | ValueError | LookupError | MemoryError | RecursionError)
    return own or type(error).__module__.partition(".")[0] == "cv2"

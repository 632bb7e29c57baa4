"""An ensemble whose replies are shared as always, and cost what they cost the one who asked first.

A run that finds its replies in the cache paid nothing and took no time, so runs of one evaluation could not be
compared: whoever goes first pays. Here the cache keeps with each reply what it consumed and how long it took, and
every run is charged as if it had been alone.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from maestro_evaluation.running._wrapped import WrappedSkill
from maestro_graph.cache import CallCache
from maestro_graph.calls import cache_identity, evidence_read, expert_key, perception_key
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import Expert, ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.perceivers import MountedPerceiver, Perceiver, PerceiverKind, Perception, PerceptionRequest
from maestro_graph.registry import Registry
from maestro_graph.skills import SkillCall

__all__ = ["charged", "metered", "metering", "note_whole_call"]

LASTING = frozenset({"refused", "failed"})
"""Failures that an expert of this process, which is deterministic, would repeat."""

CallKey = tuple[str, str | None, int]
"""Expert, skill, and how much evidence there was when the call began."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: when it was made on the clock of this process, and how long it takes where nobody has the reply."""

    began: float
    ended: float
    seconds: float
    whole: bool = False
    """`seconds` are those of the whole call, out of a table."""


Bill = dict[CallKey, list[_Asked]]

_bill: ContextVar[Bill | None] = ContextVar("maestro_evaluation_bill", default=None)
_call: ContextVar[list[_Asked] | None] = ContextVar("maestro_evaluation_call", default=None)


def metering() -> Bill:
    """Begin the bill of the run that this context makes."""
    bill: Bill = {}
    _bill.set(bill)
    return bill


def charged(evidence: Sequence[Evidence], bill: Bill) -> list[Evidence]:
    """The evidence of a run with the seconds that each call takes where nobody has asked before."""
    seen: dict[int, int] = {}
    for item in evidence:
        seen[item.turn] = seen.get(item.turn, 0) + 1
    before = {turn: sum(count for other, count in seen.items() if other < turn) for turn in seen}
    out = []
    for item in evidence:
        asked = bill.get((item.expert, item.skill, before[item.turn]))
        out.append(replace(item, seconds=round(_alone(item.seconds, asked or ()), 4)))
    return out


def _alone(wall: float, asked: Sequence[_Asked]) -> float:
    """Seconds that a call takes where nobody has asked before."""
    whole = next((item.seconds for item in asked if item.whole), None)
    if whole is not None:
        return whole
    return _longest_path(asked) + max(0.0, wall - _covered(asked)) if asked else wall


def note_whole_call(expert: str, skill: str | None, request: ExpertRequest, seconds: float) -> None:
    """Note that this call, which a table answers, takes so long."""
    bill = _bill.get()
    if bill is not None:
        bill.setdefault((expert, skill, len(request.evidence)), []).append(_Asked(0.0, 0.0, seconds, whole=True))


def _covered(asked: Sequence[_Asked]) -> float:
    """Seconds in which at least one of the requests was under way: the rest of a call is a skill's own work."""
    total, until = 0.0, float("-inf")
    for item in sorted(asked, key=lambda item: item.began):
        total += max(0.0, item.ended - max(item.began, until))
        until = max(until, item.ended)
    return total


def _longest_path(asked: Sequence[_Asked]) -> float:
    """Seconds until the last reply, where a request waits for all that had ended when it was made."""
    ends: list[tuple[_Asked, float]] = []
    for item in sorted(asked, key=lambda item: (item.began, item.ended)):
        start = max((end for other, end in ends if other.ended <= item.began), default=0.0)
        ends.append((item, start + item.seconds))
    return max((end for _, end in ends), default=0.0)


def metered(registry: Registry, cache: CallCache, *, patience_s: float = 0.0) -> Registry:
    """The same ensemble over `cache`, to be run with `use_cache=False`: sharing happens here.

    Args:
        patience_s: least time-out of what runs in this process: its replies must not depend on how busy that is.
    """
    return Registry(
        registry.name,
        experts=[_Expert(expert, cache, patience_s) for expert in registry.experts.values()],
        skills=[_Skill(skill) for skill in registry.skills.values()],
        perceivers=[
            MountedPerceiver(
                _Perceiver(mounted.perceiver, cache),
                mounted.limiter,
                _patient(mounted.perceiver, mounted.timeout_s, patience_s),
            )
            for mounted in registry.perceivers.values()
        ],
        router=registry.router_config,
        images=registry.images,
        currency=registry.currency,
        deadline_s=registry.deadline_s,
    )


def _patient(thing: object, timeout_s: float, patience_s: float) -> float:
    return max(timeout_s, patience_s) if getattr(thing, "endpoint", None) is None else timeout_s


async def _shared(
    cache: CallCache, key: str | None, work: Callable[[], Awaitable[dict[str, Json]]], *, group: str, lasting: bool
) -> dict[str, Json]:
    """What `work` returns, its own or somebody else's, noted on the bill at its full length."""

    async def timed() -> dict[str, Json]:
        start = time.monotonic()
        try:
            return {"said": await work(), "seconds": time.monotonic() - start}
        except CallFailure as failure:
            if not lasting or failure.kind not in LASTING:
                raise
            return {"failure": [failure.kind, failure.message], "seconds": time.monotonic() - start}

    began = time.monotonic()
    kept: Any = None
    try:
        kept = await timed() if key is None else (await cache.get(key, timed, group=group))[0]
    finally:
        now, noted = time.monotonic(), _call.get()
        if noted is not None:
            noted.append(_Asked(began, now, now - began if kept is None else kept["seconds"]))
    if "failure" in kept:
        raise CallFailure(*kept["failure"])
    said: dict[str, Json] = kept["said"]
    return said


def _open_call(expert: str, skill: str | None, request: ExpertRequest) -> None:
    """Note the requests from here on under this call. A context belongs to one call: the graph makes each in its own
    task."""
    bill = _bill.get()
    if bill is not None:
        _call.set(bill.setdefault((expert, skill, len(request.evidence)), []))


class _Expert:
    """An expert behind the shared cache."""

    def __init__(self, inner: Expert, cache: CallCache, patience_s: float) -> None:
        self.inner, self._cache = inner, cache
        self.endpoint = getattr(inner, "endpoint", None)
        timeout_s = _patient(inner, inner.card.timeout_s, patience_s)
        self._card = inner.card.model_copy(update={"timeout_s": timeout_s})

    @property
    def card(self) -> ExpertCard:
        return self._card

    def evidence_read(self, request: ExpertRequest) -> Sequence[Evidence]:
        return evidence_read(self.inner, request)

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        if _call.get() is None:
            _open_call(self.card.name, None, request)
        identity = cache_identity(self.inner, request)
        key = None
        if identity is not None:
            key = "metered:" + expert_key(identity, request, self.evidence_read(request))

        async def work() -> dict[str, Json]:
            return (await self.inner.ask(request)).to_json()

        in_process = self.endpoint is None
        said = await _shared(self._cache, key, work, group=self.card.name, lasting=in_process)
        return ExpertReply.from_json(said)

    async def aclose(self) -> None:
        """Close what the expert holds open."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()


class _Skill(WrappedSkill):
    """A skill whose requests are noted as parts of one call."""

    async def run(self, call: SkillCall) -> ExpertReply:
        _open_call(call.expert.name, self.card.protocol_name, call.request)
        return await self.inner.run(call)


class _Perceiver:
    """A perceiver behind the shared cache."""

    def __init__(self, inner: Perceiver, cache: CallCache) -> None:
        self.inner, self._cache = inner, cache
        self.endpoint = getattr(inner, "endpoint", None)

    @property
    def kind(self) -> PerceiverKind:
        return self.inner.kind

    @property
    def identity(self) -> str:
        return self.inner.identity

    async def perceive(self, request: PerceptionRequest) -> Perception:
        async def work() -> dict[str, Json]:
            return (await self.inner.perceive(request)).to_json()

        key = "metered:" + perception_key(self.identity, request)
        in_process = self.endpoint is None
        said = await _shared(self._cache, key, work, group=f"perceiver {self.kind}", lasting=in_process)
        return Perception.from_json(said)

    async def aclose(self) -> None:
        """Close what the perceiver holds open."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()

"""The call layer: the one place for limits, deadlines, retries, cache and cost, where failures become evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from maestro_graph.cache import release, request_key
from maestro_graph.deadlines import within
from maestro_graph.decisions import Call, CallSkill
from maestro_graph.errors import CallFailure, UnknownNameError
from maestro_graph.evidence import Evidence, Json, Usage
from maestro_graph.experts import Expert, ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage
from maestro_graph.perceivers import PerceiverKind, Perception, PerceptionRequest
from maestro_graph.skills import SkillCall

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = [
    "CallSettings",
    "OnAsked",
    "OnEvent",
    "cache_identity",
    "evidence_read",
    "expert_key",
    "perception_key",
    "retried",
    "run_call",
]

T = TypeVar("T")

MAX_ATTEMPTS = 3
MAX_REPLY_CHARS = 200_000
REPORT_S = 0.02
"""A request ends this much before its run's deadline, so that what became of it is still recorded."""

_BACKOFF = wait_random_exponential(multiplier=0.2, max=2.0)


class OnAsked(Protocol):
    """Told of every single request to an expert, within skills too; for the trace."""

    def __call__(
        self,
        expert: str,
        request: ExpertRequest,
        reply: ExpertReply | CallFailure,
        *,
        seconds: float,
        attempts: int,
        cached: bool,
    ) -> None: ...


class OnEvent(Protocol):
    """Told of what happens within a skill: perceptions, the Level-2 skill chosen, steps."""

    def __call__(self, event: str, fields: Mapping[str, Json]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """What a call inherits from its run.

    Attributes:
        seconds_left: until the run's deadline; no call outlives it.
        sampling: per-run overrides of the experts' sampling.
        use_cache: take and keep replies of unsampled requests in the registry's cache.
        on_asked: told of every request to an expert.
        on_event: told of what happens within a skill.
    """

    seconds_left: float
    sampling: Mapping[str, float | int] = field(default_factory=dict)
    use_cache: bool = True
    on_asked: OnAsked | None = None
    on_event: OnEvent | None = None


async def run_call(
    registry: Registry,
    call: Call,
    *,
    turn: int,
    index: int,
    images: Sequence[MaestroImage],
    evidence: Sequence[Evidence],
    settings: CallSettings,
) -> Evidence:
    """Carry out one call of a decision. Whatever the expert does, the outcome is evidence; only bugs propagate."""
    work = _Work(registry, settings)
    request = ExpertRequest(
        question=call.query,
        images=tuple(images),
        evidence=tuple(evidence),
        deadline_s=settings.seconds_left,
        sampling=settings.sampling,
    )
    outcome: ExpertReply | CallFailure
    try:
        async with asyncio.timeout(max(0.0, settings.seconds_left)):
            outcome = await _carry_out(registry, call, request, work)
    except UnknownNameError as error:
        outcome = CallFailure("refused", f"it was removed meanwhile: {error}")
    except TimeoutError:
        outcome = CallFailure("timeout", f"no reply within the {settings.seconds_left:.1f} s that the run had left")
    except CallFailure as failure:
        outcome = failure
    reply = outcome if isinstance(outcome, ExpertReply) else None
    return Evidence(
        turn=turn,
        call=index,
        expert=call.expert,
        skill=call.skill if isinstance(call, CallSkill) else None,
        query=call.query,
        status="ok" if not isinstance(outcome, CallFailure) else outcome.kind,
        text=outcome.message if isinstance(outcome, CallFailure) else outcome.text[:MAX_REPLY_CHARS],
        answer=reply.answer if reply is not None else None,
        confidence=reply.confidence if reply is not None else None,
        seconds=work.seconds,
        attempts=work.attempts,
        usage=work.usage,
        details=reply.details if reply is not None else {},
    )


async def _carry_out(registry: Registry, call: Call, request: ExpertRequest, work: _Work) -> ExpertReply:
    work.expert = registry.expert(call.expert)
    if not isinstance(call, CallSkill):
        return await work.ask(request)
    card, skill = work.expert.card, registry.skill(call.skill)
    if reason := skill.refusal(card):
        raise CallFailure("refused", reason)
    return await skill.run(
        SkillCall(expert=card, request=request, ask=work.ask, perceive=work.perceive, note=work.note)
    )


class _Work:
    """One call while it is carried out: its requests, and the sums over them."""

    def __init__(self, registry: Registry, settings: CallSettings) -> None:
        self._registry, self._settings = registry, settings
        self._began = time.monotonic()
        self.attempts = 0
        self.usage = Usage()
        self.expert: Expert | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        """Ask the expert, directly or as a step of a skill."""
        if self.expert is None:
            raise RuntimeError("the call has no expert yet")
        expert, card = self.expert, self.expert.card
        if "image" not in card.modality and request.images:
            request = replace(request, images=())
        asked, tries_before, cached = time.monotonic(), self.attempts, False
        outcome: ExpertReply | CallFailure
        try:
            outcome, cached = await self._reply(expert, request)
        except CallFailure as failure:
            outcome = failure
        if isinstance(outcome, ExpertReply):
            outcome = replace(outcome, usage=Usage() if cached else priced(outcome.usage, card))
            self.usage += outcome.usage
        if self._settings.on_asked is not None:
            self._settings.on_asked(
                card.name,
                request,
                outcome,
                seconds=time.monotonic() - asked,
                attempts=self.attempts - tries_before,
                cached=cached,
            )
        if isinstance(outcome, CallFailure):
            raise outcome
        return outcome

    async def _reply(self, expert: Expert, request: ExpertRequest) -> tuple[ExpertReply, bool]:
        """The reply, and whether somebody else's equal request had it."""
        identity = cache_identity(expert, request) if self._settings.use_cache else None
        if identity is None:
            return await self._from_expert(expert, request), False

        async def compute() -> dict[str, Json]:
            return (await self._from_expert(expert, request)).to_json()

        key = expert_key(identity, request, evidence_read(expert, request))
        data, cached = await self._registry.cache.get(key, compute, group=expert.card.name)
        return ExpertReply.from_json(data), cached

    async def _from_expert(self, expert: Expert, request: ExpertRequest) -> ExpertReply:
        card = expert.card

        async def once() -> ExpertReply:
            self.attempts += 1
            return await expert.ask(asked)

        async with self._registry.limiter(card.name):
            limit = self._limit(card.timeout_s)
            asked = replace(request, deadline_s=limit)
            try:
                return await within(retried(once, seconds=limit), limit)
            except TimeoutError:
                raise CallFailure("timeout", f"{card.name!r} gave no reply within {limit:.4g} s") from None

    async def perceive(self, kind: PerceiverKind, request: PerceptionRequest) -> Perception:
        """Ask a perceiver of the registry."""
        mounted = self._registry.perceivers.get(kind)
        if mounted is None:
            raise CallFailure("refused", f"this registry has no {kind} perceiver")
        looked = time.monotonic()

        async def look() -> dict[str, Json]:
            async with mounted.limiter:
                limit = self._limit(mounted.timeout_s)
                asked = replace(request, deadline_s=limit)

                async def once() -> Perception:
                    return await mounted.perceiver.perceive(asked)

                try:
                    seen = await within(retried(once, seconds=limit), limit)
                except TimeoutError:
                    raise CallFailure("timeout", f"the {kind} perceiver gave no reply within {limit:.4g} s") from None
            return seen.to_json()

        fields: dict[str, Json] = {"kind": kind, "image": request.image.sha256, "focus": request.focus}
        try:
            if self._settings.use_cache:
                key = perception_key(mounted.perceiver.identity, request)
                data, cached = await self._registry.cache.get(key, look, group=f"perceiver {kind}")
            else:
                data, cached = await look(), False
        except CallFailure as failure:
            self.note("perception", {**fields, "status": failure.kind, "text": failure.message})
            raise
        seen = Perception.from_json(data)
        self.usage += Usage() if cached else seen.usage
        seconds = round(time.monotonic() - looked, 4)
        fields |= {"status": "ok", "text": seen.text, "boxes": data["boxes"], "cached": cached, "seconds": seconds}
        self.note("perception", fields)
        return seen

    def note(self, event: str, fields: Mapping[str, Json]) -> None:
        """Tell the trace and the stream."""
        if self._settings.on_event is not None:
            self._settings.on_event(event, fields)

    def _limit(self, timeout_s: float) -> float:
        """Seconds that a request may take now; it is not begun if none are left."""
        left = self._settings.seconds_left - (time.monotonic() - self._began) - REPORT_S
        if left <= 0:
            raise CallFailure("timeout", "the run's deadline passed before its turn came")
        return min(left, timeout_s)


def cache_identity(expert: Expert, request: ExpertRequest) -> str | None:
    """What the expert's reply depends on besides the request, or `None` where replies are sampled or nobody knows.

    Experts say so by a method `cache_identity(request) -> str | None`.
    """
    identify: Callable[[ExpertRequest], str | None] | None = getattr(expert, "cache_identity", None)
    return identify(request) if identify is not None else None


def evidence_read(expert: Expert, request: ExpertRequest) -> Sequence[Evidence]:
    """What of the request's evidence the expert's reply can depend on: all of it, unless the expert says less.

    Experts say so by a method `evidence_read(request) -> Sequence[Evidence]`.
    """
    read: Callable[[ExpertRequest], Sequence[Evidence]] | None = getattr(expert, "evidence_read", None)
    return request.evidence if read is None else read(request)


def expert_key(identity: str, request: ExpertRequest, evidence: Sequence[Evidence] | None = None) -> str:
    """The cache key of a request to an expert; `evidence` is what it reads of the request's, by default all."""
    return request_key(
        {
            "release": release(),  # prompts change with it
            "expert": identity,
            "question": request.question,
            "instructions": request.instructions,
            "images": [image.sha256 for image in request.images],
            "evidence": [
                [item.expert, item.text, item.answer, dict(item.details)]
                for item in (request.evidence if evidence is None else evidence)
            ],
            "sampling": dict(request.sampling),
        }
    )


def perception_key(identity: str, request: PerceptionRequest) -> str:
    """The cache key of a look at a picture."""
    return request_key(
        {
            "release": release(),
            "perceiver": identity,
            "image": request.image.sha256,
            "question": request.question,
            "focus": request.focus,
        }
    )


async def retried(once: Callable[[], Awaitable[T]], *, seconds: float) -> T:
    """Try until a result, a failure that no retry mends, the last attempt, or a wait that would outlast `seconds`.

    Between tries it waits as long as the server asks for, else a random time that grows.

    Raises:
        CallFailure: that of the last try.
    """
    ends = time.monotonic() + seconds

    def worth_it(error: BaseException) -> bool:
        return isinstance(error, CallFailure) and error.retry

    def wait(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome is not None else None
        asked = failure.retry_after_s if isinstance(failure, CallFailure) else None
        return _BACKOFF(state) if asked is None else asked

    def stop(state: RetryCallState) -> bool:
        return state.attempt_number >= MAX_ATTEMPTS or time.monotonic() + state.upcoming_sleep >= ends

    retrying = AsyncRetrying(retry=retry_if_exception(worth_it), stop=stop, wait=wait, reraise=True)
    result: T = await retrying(once)
    return result


def priced(usage: Usage, card: ExpertCard) -> Usage:
    """`usage` with its cost by the expert's price per million tokens."""
    cost = (usage.input_tokens * card.price.input + usage.output_tokens * card.price.output) / 1e6
    return replace(usage, cost=usage.cost + cost)

"""The call layer: the one place for limits, deadlines, retries and cost, and where failures become evidence."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from maestro_graph.decisions import Call, CallSkill
from maestro_graph.errors import CallFailure, UnknownNameError
from maestro_graph.evidence import Evidence, Usage
from maestro_graph.experts import Expert, ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = ["CallSettings", "Limiter", "OnAsked", "retried", "run_call"]

T = TypeVar("T")

MAX_ATTEMPTS = 3
MAX_REPLY_CHARS = 200_000
REPORT_S = 0.02
"""A request ends this much before its run's deadline, so that what became of it is still recorded."""

_BACKOFF = wait_random_exponential(multiplier=0.2, max=2.0)


class Limiter:
    """A semaphore that holds across threads and event loops: a limit of an endpoint is one for the whole process.

    First come, first served. A slot changes hands under the lock, and whoever it was handed to answers for it, so that
    none is lost where a loop is closed or a waiter is cancelled at that moment.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._active = 0
        self._lock = threading.RLock()  # a coroutine may be thrown away, and release, in the middle of a release
        self._waiting: deque[_Waiter] = deque()

    @property
    def active(self) -> int:
        """Calls that hold a slot now."""
        return self._active

    async def __aenter__(self) -> None:
        with self._lock:
            if self._active < self.limit:
                self._active += 1
                return
            loop = asyncio.get_running_loop()
            waiter = _Waiter(loop, loop.create_future())
            self._waiting.append(waiter)
        try:
            await waiter.called
        except BaseException:  # cancelled, or thrown away with its loop
            with self._lock:
                if waiter.granted:
                    self._release()
                elif waiter in self._waiting:
                    self._waiting.remove(waiter)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        """Hand the slot to the next that waits, or give it back."""
        with self._lock:
            while self._waiting:
                waiter = self._waiting.popleft()
                waiter.granted = True
                try:
                    waiter.loop.call_soon_threadsafe(waiter.call)
                except RuntimeError:  # that loop is closed, and who waited is gone with it
                    waiter.granted = False
                    continue
                return
            self._active -= 1


@dataclass(slots=True, eq=False)
class _Waiter:
    """A coroutine that waits for a slot in its loop."""

    loop: asyncio.AbstractEventLoop
    called: asyncio.Future[None]
    granted: bool = False

    def call(self) -> None:
        if not self.called.done():
            self.called.set_result(None)


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
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """What a call inherits from its run.

    Attributes:
        seconds_left: until the run's deadline; no call outlives it.
        sampling: per-run overrides of the experts' sampling.
        on_asked: told of every request.
    """

    seconds_left: float
    sampling: Mapping[str, float | int] = field(default_factory=dict)
    on_asked: OnAsked | None = None


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
    began = time.monotonic()
    tally = _Tally()
    skill = call.skill if isinstance(call, CallSkill) else None
    try:
        expert = registry.expert(call.expert)
        ask = _asker(registry, expert, settings, began, tally)
        request = ExpertRequest(
            question=call.query,
            images=tuple(images),
            evidence=tuple(evidence),
            deadline_s=settings.seconds_left,
            sampling=settings.sampling,
        )
        async with asyncio.timeout(max(0.0, settings.seconds_left)):
            if isinstance(call, CallSkill):
                chosen = registry.skill(call.skill)
                if reason := chosen.refusal(expert.card):
                    raise CallFailure("refused", reason)
                reply = await chosen.run(expert.card, request, ask)
            else:
                reply = await ask(request)
    except UnknownNameError as error:
        outcome = CallFailure("refused", f"it was removed meanwhile: {error}")
    except TimeoutError:
        outcome = CallFailure("timeout", f"no reply within the {settings.seconds_left:.1f} s that the run had left")
    except CallFailure as failure:
        outcome = failure
    else:
        return Evidence(
            turn=turn,
            call=index,
            expert=call.expert,
            skill=skill,
            query=call.query,
            status="ok",
            text=reply.text[:MAX_REPLY_CHARS],
            answer=reply.answer,
            confidence=reply.confidence,
            seconds=time.monotonic() - began,
            attempts=tally.attempts,
            usage=tally.usage,
            details=reply.details,
        )
    return Evidence(
        turn=turn,
        call=index,
        expert=call.expert,
        skill=skill,
        query=call.query,
        status=outcome.kind,
        text=outcome.message,
        seconds=time.monotonic() - began,
        attempts=tally.attempts,
        usage=tally.usage,
    )


@dataclass(slots=True)
class _Tally:
    """Sums over all requests of a call."""

    attempts: int = 0
    usage: Usage = field(default_factory=Usage)


def _asker(
    registry: Registry, expert: Expert, settings: CallSettings, began: float, tally: _Tally
) -> Callable[[ExpertRequest], Awaitable[ExpertReply]]:
    """The function through which a call, or each step of a skill, asks its expert."""
    card = expert.card
    limiter = registry.limiter(card.name)

    async def ask(request: ExpertRequest) -> ExpertReply:
        if "image" not in card.modality and request.images:
            request = replace(request, images=())
        asked, attempts = time.monotonic(), 0

        async def once() -> ExpertReply:
            nonlocal attempts
            attempts += 1
            tally.attempts += 1
            return await expert.ask(request)

        outcome: ExpertReply | CallFailure
        async with limiter:
            left = settings.seconds_left - (time.monotonic() - began)
            limit = max(0.0, min(left - REPORT_S, card.timeout_s))
            request = replace(request, deadline_s=limit)
            try:
                async with asyncio.timeout(limit):
                    outcome = await retried(once, seconds=limit)
            except TimeoutError:
                outcome = CallFailure("timeout", f"{card.name!r} gave no reply within {limit:.4g} s")
            except CallFailure as failure:
                outcome = failure
        if isinstance(outcome, ExpertReply):
            outcome = replace(outcome, usage=priced(outcome.usage, card))
            tally.usage += outcome.usage
        if settings.on_asked is not None:
            settings.on_asked(card.name, request, outcome, seconds=time.monotonic() - asked, attempts=attempts)
        if isinstance(outcome, CallFailure):
            raise outcome
        return outcome

    return ask


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

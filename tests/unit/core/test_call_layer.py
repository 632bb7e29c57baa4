"""Limits over threads and loops, retries, failures by kind."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted import ScriptedExpert, ask

from maestro_graph import CallFailure, CallSkill, Evidence, ExpertReply, Registry, Usage
from maestro_graph.calls import MAX_ATTEMPTS, CallSettings, retried, run_call
from maestro_graph.chat_expert import final_answer
from maestro_graph.experts import ExpertCard
from maestro_graph.images import MaestroImage
from maestro_graph.limits import Limiter
from maestro_graph.perceivers import MountedPerceiver, PerceiverKind, Perception, PerceptionRequest
from maestro_graph.skills import SkillCall, SkillCard


class Gauge:
    """How many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = self.total = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.total += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self.inside -= 1


async def visits(limiter: Limiter, gauge: Gauge, count: int, seed: int) -> int:
    """So many tasks that enter for a moment; some are cancelled at some moment. How many came through."""
    rng = random.Random(seed)

    async def one() -> None:
        async with limiter:
            with gauge:
                await asyncio.sleep(rng.choice([0, 0, 0.0005]))

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    for task in tasks:
        if rng.random() < 0.3:
            await asyncio.sleep(rng.choice([0, 0, 0.0005]))
            task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(item is None or isinstance(item, asyncio.CancelledError) for item in done)
    return sum(item is None for item in done)


@settings(max_examples=15)
@given(limit=st.integers(1, 4), loops=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_a_limit_holds_over_loops_and_no_slot_is_lost(limit: int, loops: int, seed: int) -> None:
    limiter, gauge = Limiter(limit), Gauge()
    with ThreadPoolExecutor(loops) as pool:
        futures = [pool.submit(asyncio.run, visits(limiter, gauge, 12, seed + n)) for n in range(loops)]
        came_through = sum(future.result(30) for future in futures)
    assert gauge.most <= limit
    assert gauge.inside == limiter.active == 0
    assert came_through <= gauge.total
    assert asyncio.run(asyncio.wait_for(visits(limiter, gauge, 1, 3), 5)) <= 1


def test_those_who_wait_are_served_in_turn() -> None:
    order: list[int] = []

    async def work() -> None:
        limiter = Limiter(1)

        async def one(number: int) -> None:
            async with limiter:
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(8)))

    asyncio.run(work())
    assert order == list(range(8))


def test_a_slot_of_a_closed_loop_is_not_lost() -> None:
    """A waiter that was called, but whose loop is closed before it could run, passes its slot on."""
    limiter = Limiter(1)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    first.run_until_complete(limiter.__aenter__())
    waiting = second.create_task(limiter.__aenter__())
    second.run_until_complete(asyncio.sleep(0))
    first.run_until_complete(limiter.__aexit__(None, None, None))  # calls the waiter, whose loop does not run
    assert limiter.active == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        second.run_until_complete(waiting)
    assert limiter.active == 0
    first.close()
    second.close()
    asyncio.run(asyncio.wait_for(limiter.__aenter__(), 5))


def test_who_waits_in_a_closed_loop_is_passed_over() -> None:
    limiter = Limiter(1)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    first.run_until_complete(limiter.__aenter__())
    waiting = limiter.__aenter__()
    second.call_soon(lambda: waiting.send(None))
    second.call_soon(second.stop)
    second.run_forever()
    second.close()
    first.run_until_complete(limiter.__aexit__(None, None, None))
    assert limiter.active == 0
    waiting.close()
    assert limiter.active == 0
    first.close()


async def evidence_of(expert: ScriptedExpert, seconds: float = 30.0) -> Evidence:
    [call] = ask(expert.card.name)
    registry = Registry(experts=[expert])
    settings = CallSettings(seconds_left=seconds)
    return await run_call(registry, call, turn=0, index=0, images=(), evidence=(), settings=settings)


def failure(kind: Any, **options: Any) -> CallFailure:
    return CallFailure(kind, f"it was {kind}", **options)


async def test_what_may_pass_is_tried_again() -> None:
    expert = ScriptedExpert("a", failure("failed", retry=True), failure("unusable", retry=True), ExpertReply(text="42"))
    found = await evidence_of(expert)
    assert (found.status, found.text, found.attempts) == ("ok", "42", 3)
    assert found.usage == Usage(calls=1)


@pytest.mark.parametrize("kind", ["refused", "timeout", "unreachable", "rate_limited", "failed", "unusable"])
async def test_failures_keep_their_kind(kind: str) -> None:
    once = await evidence_of(ScriptedExpert("a", failure(kind)))
    assert (once.status, once.text, once.attempts, once.answer) == (kind, f"it was {kind}", 1, None)
    often = await evidence_of(ScriptedExpert("a", failure(kind, retry=True, retry_after_s=0)))
    assert (often.status, often.attempts) == (kind, MAX_ATTEMPTS)


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    began = time.monotonic()
    found = await evidence_of(ScriptedExpert("a", failure("rate_limited", retry=True, retry_after_s=60)), 30)
    assert (found.status, found.attempts) == ("rate_limited", 1)
    assert time.monotonic() - began < 30


async def test_waiting_for_a_slot_does_not_count_against_the_expert() -> None:
    expert = ScriptedExpert("a", delay_s=0.1, card={"max_concurrency": 1, "timeout_s": 0.3})
    registry = Registry(experts=[expert])
    calls = [
        run_call(
            registry,
            call,
            turn=0,
            index=0,
            images=(),
            evidence=(),
            settings=CallSettings(seconds_left=30, use_cache=False),
        )
        for call in ask(*["a"] * 6)
    ]
    assert {found.status for found in await asyncio.gather(*calls)} == {"ok"}
    assert expert.most == 1


async def test_the_deadline_holds_while_waiting_for_a_slot() -> None:
    expert = ScriptedExpert("a", delay_s=60, card={"max_concurrency": 1})
    registry = Registry(experts=[expert])
    [call] = ask("a")

    async def one() -> Evidence:
        settings = CallSettings(seconds_left=0.2)
        return await run_call(registry, call, turn=0, index=0, images=(), evidence=(), settings=settings)

    assert [found.status for found in await asyncio.gather(one(), one())] == ["timeout", "timeout"]
    assert len(expert.requests) == 1
    assert registry.limiter("a").active == 0


async def test_bugs_are_not_retried() -> None:
    tries = 0

    async def broken() -> None:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await retried(broken, seconds=10)
    assert tries == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("**Answer:** 42", "42"),
        ("Answer:\n\n  forty two", "forty two"),
        ("first\nanswer: 1\nFinal answer: 2", "2"),
        ("> Answer: C#", "C#"),
        ("<think>Answer: 1</think>So \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("Answer: <\\answer> is a tag", "<answer> is a tag"),
        ("the answer: is somewhere", None),
        ("Answer:", None),
        ("\\boxed{never closed", None),
        ("", None),
    ],
)
def test_final_answers(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


@given(st.text())
def test_final_answers_of_any_text(text: str) -> None:
    found = final_answer(text)
    assert found is None or found.strip() == found


@pytest.mark.parametrize("text", ["\n" * 200_000, "answer " + " " * 200_000, "*" * 200_000, "answer:" * 50_000])
def test_final_answers_take_linear_time(text: str) -> None:
    final_answer(text)


class Looks:
    """A perceiver that counts how often it looked."""

    kind: PerceiverKind = "caption"
    identity = "looks 1"

    def __init__(self) -> None:
        self.times = 0

    async def perceive(self, request: PerceptionRequest) -> Perception:
        self.times += 1
        return Perception(kind="caption", text="a picture")


class LooksFirst:
    """A skill that has the picture described."""

    card = SkillCard(name="look", protocol_name="Look", description="Looks.")

    def refusal(self, expert: ExpertCard) -> str | None:
        return None

    async def run(self, call: SkillCall) -> ExpertReply:
        seen = await call.perceive("caption", PerceptionRequest(image=call.request.images[0]))
        return ExpertReply(text=seen.text)


@pytest.mark.parametrize(("use_cache", "looks"), [(True, 1), (False, 2)])
async def test_perceptions_are_shared_unless_the_run_says_no(use_cache: bool, looks: int) -> None:
    perceiver = Looks()
    registry = Registry(experts=[ScriptedExpert("a")], skills=[LooksFirst()], perceivers=[MountedPerceiver(perceiver)])
    image = MaestroImage(
        ref="x", sha256="0" * 64, width=2, height=2, notes=(), load=lambda: Image.new("RGB", (2, 2), "red")
    )
    for _ in range(2):
        evidence = await run_call(
            registry,
            CallSkill("a", "Look", "what?"),
            turn=0,
            index=0,
            images=[image],
            evidence=[],
            settings=CallSettings(seconds_left=30, use_cache=use_cache),
        )
        assert (evidence.status, evidence.text) == ("ok", "a picture")
    assert perceiver.times == looks

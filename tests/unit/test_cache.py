"""The call cache: one call for equal requests, over tasks, loops, threads and processes."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from maestro_graph.cache import CallCache, request_key
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Json


class Counted:
    """A call that counts how often it was made."""

    def __init__(self, seconds: float = 0.02, failure: CallFailure | None = None) -> None:
        self.calls, self.seconds, self.failure = 0, seconds, failure

    async def __call__(self) -> dict[str, Json]:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        return {"reply": self.calls}


async def test_eight_at_once_are_one_call() -> None:
    cache, call = CallCache(), Counted()
    got = await asyncio.gather(*(cache.get("key", call) for _ in range(8)))
    assert call.calls == 1
    assert [reply for reply, _ in got] == [{"reply": 1}] * 8
    assert sorted(hit for _, hit in got) == [False] + [True] * 7
    assert await cache.get("key", call) == ({"reply": 1}, True)


async def test_different_requests_are_different_calls() -> None:
    cache, call = CallCache(), Counted()
    await asyncio.gather(*(cache.get(f"key {n}", call) for n in range(3)))
    assert call.calls == 3


def test_threads_with_loops_of_their_own_share_a_call() -> None:
    cache, call = CallCache(), Counted(0.1)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: asyncio.run(cache.get("key", call)), range(4)))
    assert call.calls == 1
    assert all(reply == {"reply": 1} for reply, _ in got)


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    cache, call = CallCache(), Counted(failure=CallFailure("failed", "HTTP 500"))
    got = await asyncio.gather(*(cache.get("key", call) for _ in range(4)), return_exceptions=True)
    assert call.calls == 1
    assert all(isinstance(item, CallFailure) for item in got)
    call.failure = None
    assert (await cache.get("key", call))[0] == {"reply": 2}


async def test_another_runs_deadline_ends_only_its_own_wait() -> None:
    cache, late = CallCache(), Counted(failure=CallFailure("timeout", "too slow"))
    patient = Counted()
    first = asyncio.create_task(cache.get("key", late))
    await asyncio.sleep(0)
    assert (await cache.get("key", patient))[0] == {"reply": 1}
    with pytest.raises(CallFailure):
        await first


async def test_when_the_caller_is_cancelled_another_takes_over() -> None:
    cache, call = CallCache(), Counted(0.2)
    first = asyncio.create_task(cache.get("key", call))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(cache.get("key", call))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second)[0] == {"reply": 2}
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_bug_reaches_its_caller_and_the_others_try_themselves() -> None:
    cache, tries = CallCache(), 0

    async def buggy() -> dict[str, Json]:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0.02)
        raise ZeroDivisionError

    got = await asyncio.gather(*(cache.get("key", buggy) for _ in range(3)), return_exceptions=True)
    assert [type(item) for item in got] == [ZeroDivisionError] * 3
    assert tries == 3


async def test_replies_outlive_the_process_and_can_be_forgotten(tmp_path: Path) -> None:
    call = Counted(0)
    for _ in range(2):
        cache = CallCache(tmp_path)
        assert (await cache.get("a", call, group="expert a"))[0] == {"reply": 1}
        cache.close()
    cache = CallCache(tmp_path)
    await cache.get("b", call, group="expert b")
    assert cache.size() > 0
    assert cache.forget("expert a") == 1
    assert (await cache.get("b", call))[0] == {"reply": 2}
    assert (await cache.get("a", call))[0] == {"reply": 3}
    assert cache.purge() >= 2
    assert (await cache.get("a", call))[0] == {"reply": 4}
    cache.close()


def _child(directory: str, log: str) -> None:
    async def call() -> dict[str, Json]:
        with Path(log).open("a", encoding="utf-8") as handle:
            handle.write("called\n")
        await asyncio.sleep(0.5)
        return {"reply": "from one of them"}

    async def work() -> None:
        cache = CallCache(directory)
        got = await asyncio.gather(*(cache.get("key", call) for _ in range(4)))
        assert all(reply == {"reply": "from one of them"} for reply, _ in got)
        cache.close()

    asyncio.run(work())


def test_two_processes_share_a_call(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    children = [context.Process(target=_child, args=(str(tmp_path / "cache"), str(log))) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert log.read_text(encoding="utf-8") == "called\n"


async def test_a_dead_process_keeps_others_waiting_only_for_its_lease(tmp_path: Path) -> None:
    cache = CallCache(tmp_path, lease_s=0.3)
    disk = cache._open()
    assert disk is not None
    disk.add("lease:key", time.time(), 0.3)
    call = Counted(0)
    assert (await cache.get("key", call))[0] == {"reply": 1}
    cache.close()


async def test_a_process_that_works_for_long_keeps_its_lease(tmp_path: Path) -> None:
    one, other = CallCache(tmp_path, lease_s=0.4), CallCache(tmp_path, lease_s=0.4)
    call = Counted(1.5)
    got = await asyncio.gather(one.get("key", call), other.get("key", call))
    assert call.calls == 1
    assert [reply for reply, _ in got] == [{"reply": 1}] * 2
    one.close()
    other.close()


def test_a_lease_is_shorter_than_what_a_resumed_run_can_wait() -> None:
    lease_s: float = inspect.signature(CallCache).parameters["lease_s"].default
    assert lease_s < 20


@pytest.mark.parametrize("broken", ["get", "add", "set", "touch", "delete"])
async def test_a_disk_that_fails_costs_no_answer(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache, call = CallCache(tmp_path, lease_s=0.2), Counted(0.2)
    disk = cache._open()

    def fail(*args: object, **options: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(disk, broken, fail)
    assert await cache.get("key", call) == ({"reply": 1}, False)
    monkeypatch.undo()
    assert ("disk is full" in caplog.text) == (broken != "delete")
    cache.close()


async def test_the_disk_limit_holds(tmp_path: Path) -> None:
    cache = CallCache(tmp_path, max_bytes=200_000, max_entries=1)

    async def large() -> dict[str, Json]:
        return {"reply": "x" * 20_000}

    for n in range(60):
        await cache.get(str(n), large)
    assert cache.size() < 600_000
    cache.close()


def test_keys_depend_on_every_part_and_not_on_their_order() -> None:
    assert request_key({"a": 1, "b": [1, "é"]}) == request_key({"b": [1, "é"], "a": 1})
    assert request_key({"a": 1}) != request_key({"a": 2})

"""Work ends in time, whatever it does with a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from maestro_graph.deadlines import within


class Deaf:
    """Work that loses the first cancellations, as `asyncio.wait_for` can."""

    def __init__(self, times: int) -> None:
        self.times, self.heard = times, 0

    async def work(self) -> str:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.heard += 1
                if self.heard > self.times:
                    raise


async def test_results_and_errors_pass() -> None:
    async def result() -> int:
        return 3

    async def error() -> int:
        raise KeyError("x")

    assert await within(result(), 10) == 3
    with pytest.raises(KeyError):
        await within(error(), 10)


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_a_lost_cancellation_is_repeated(times: int) -> None:
    deaf = Deaf(times)
    with pytest.raises(TimeoutError):
        await within(deaf.work(), 0.01)
    assert deaf.heard == times + 1


@pytest.mark.parametrize("times", [0, 2])
async def test_a_cancelled_caller_cancels_the_work(times: int) -> None:
    deaf = Deaf(times)
    task = asyncio.create_task(within(deaf.work(), 60))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert deaf.heard == times + 1


async def test_work_that_cannot_be_cancelled_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maestro_graph.deadlines.CANCEL_AGAIN_S", 0.001)
    deaf = Deaf(20)
    with pytest.raises(TimeoutError):
        await within(deaf.work(), 0.01)
    assert deaf.heard == 10
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)

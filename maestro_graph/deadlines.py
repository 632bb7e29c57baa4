"""Work that ends in time, also where a library loses the cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["within"]

T = TypeVar("T")

CANCEL_AGAIN_S = 0.1
CANCEL_TIMES = 10


async def within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result of `work`.

    Unlike `asyncio.timeout`, it cancels again where once was not enough: `asyncio.wait_for` of Python 3.11, which
    client libraries use, loses a cancellation that comes together with a result. Work that takes no cancellation at
    all is left behind.

    Raises:
        TimeoutError: after `seconds`.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
    finally:
        for _ in range(CANCEL_TIMES):
            if task.done():
                break
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        task.add_done_callback(_look_at)
    raise TimeoutError


def _look_at(task: asyncio.Task[Any]) -> None:
    """Nobody else will ask how it ended."""
    if not task.cancelled():
        task.exception()

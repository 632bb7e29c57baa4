"""Bounded concurrency that ends as a whole: the first error stops the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

__all__ = ["each"]

T = TypeVar("T")


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], concurrency: int) -> None:
    """Do `work` on every item, in their order, at most `concurrency` at the same time.

    Every worker makes its items one after another, each in a task (and so a context) of its own.
    """
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await asyncio.create_task(_as_coroutine(work, item))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise _first(errors) from errors


async def _as_coroutine(work: Callable[[T], Awaitable[None]], item: T) -> None:
    await work(item)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

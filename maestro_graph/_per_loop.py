"""One object for each event loop, with connections that are closed when the loop ends."""

from __future__ import annotations

import asyncio
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["PerLoop"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    """A loop's object, the generator whose end closes its connections, and what ends it once nobody needs it."""

    thing: T
    lifetime: AsyncGenerator[None, None]
    finalizer: weakref.finalize[Any, PerLoop[T]]


class PerLoop(ABC, Generic[T]):
    """Builds its object anew in each event loop.

    An HTTP client's pooled connections belong to the event loop that opened them, so each loop has a client of its
    own. It is closed when the loop shuts its asynchronous generators down (as `asyncio.run` does), when this object is
    thrown away, or by `aclose`.
    """

    def __init__(self) -> None:
        self._held: dict[asyncio.AbstractEventLoop, _Held[T]] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _build(self) -> tuple[T, Callable[[], Coroutine[Any, Any, Any]]]:
        """The object for one loop, and what closes its connections."""

    async def get(self) -> T:
        """The object of the running loop."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            thing, close = self._build()
            lifetime = _lifetime(close)
            held = _Held(thing, lifetime, weakref.finalize(self, _end, loop, lifetime))
            held.finalizer.atexit = False
            with self._lock:
                for closed in [key for key in self._held if key.is_closed()]:
                    self._held.pop(closed).finalizer.detach()
                self._held[loop] = held
            await anext(lifetime)
        return held.thing

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        with self._lock:
            held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None:
            held.finalizer.detach()
            await held.lifetime.aclose()


async def _lifetime(close: Callable[[], Any]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await close()


def _end(loop: asyncio.AbstractEventLoop, lifetime: AsyncGenerator[None, None]) -> None:
    """Close the connections in their loop, if it still runs."""

    async def close() -> None:
        with suppress(RuntimeError):  # the loop is closing it already
            await lifetime.aclose()

    if not loop.is_closed():
        loop.call_soon_threadsafe(_start, loop, close)


def _start(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = loop.create_task(work())
    _ending.add(task)
    task.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()
"""Tasks that nothing else holds."""

"""Limits of endpoints: how many calls may be in flight, over all runs of the process."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType

__all__ = ["Limiter"]


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

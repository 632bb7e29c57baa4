"""Run the async core from synchronous code, also while an event loop runs in the calling thread (Jupyter)."""

from __future__ import annotations

import asyncio
import atexit
import signal
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import FrameType
from typing import Any, Generic, TypeVar

__all__ = ["run_sync", "unwatch", "watch_for_interrupt"]

T = TypeVar("T")

CLOSING_S = 2.0

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_in_flight: set[_Job[Any]] = set()


def _background_loop() -> asyncio.AbstractEventLoop:
    """One loop in a daemon thread for the whole process, so that connections stay pooled between calls."""
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_loop.run_forever, name="maestro-sync", daemon=True)
            thread.start()
            atexit.register(_close, _loop, thread)
        return _loop


def _close(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """At exit: close what the loop holds (connections), then the loop."""
    try:
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(CLOSING_S)
    except TimeoutError:
        return
    loop.call_soon_threadsafe(loop.stop)
    thread.join(CLOSING_S)
    if not thread.is_alive():
        loop.close()


class _Job(Generic[T]):
    """Work in the background loop, which can be cancelled from the moment that it may have begun."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work, self._loop = work, _background_loop()
        self._task: asyncio.Task[T] | None = None
        self._cancelled = False
        self.outcome: Future[T] = Future()

    def start(self) -> None:
        """From any thread; the work sees the context of the caller."""
        self._loop.call_soon_threadsafe(self._begin)

    def cancel(self) -> None:
        """From any thread, also before `start` or after the end."""
        self._cancelled = True
        self._loop.call_soon_threadsafe(self._stop)

    def _begin(self) -> None:
        if self._cancelled:
            self._work.close()
            self.outcome.cancel()
            return
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._ended)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _ended(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.outcome.cancel()
        elif (error := task.exception()) is not None:
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(task.result())


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work`. An interrupt (Ctrl-C) of the waiting thread cancels it, calls in flight included."""
    job = _Job(work)
    _in_flight.add(job)
    try:
        job.start()
        return job.outcome.result()
    except BaseException:
        job.cancel()
        raise
    finally:
        _in_flight.discard(job)


def watch_for_interrupt() -> None:
    """Let Ctrl-C cancel the calls that other threads wait for.

    LangGraph's synchronous form runs the calls of a fan-out in worker threads, which no interrupt reaches, and waits
    for them before it lets the interrupt out. So from here to `unwatch`, Ctrl-C cancels what `run_sync` waits for,
    then does what it would have done. Does nothing outside the main thread, which alone is interrupted, nor where
    somebody has set a handler of their own.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)


def unwatch() -> None:
    """Undo `watch_for_interrupt`."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is _interrupted:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupted(signum: int, frame: FrameType | None) -> None:
    unwatch()
    for job in list(_in_flight):
        job.cancel()
    signal.default_int_handler(signum, frame)

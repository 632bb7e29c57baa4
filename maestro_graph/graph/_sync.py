"""Run the async core from synchronous code, also while an event loop runs in the calling thread (Jupyter)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_sync"]

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def _background_loop() -> asyncio.AbstractEventLoop:
    """One loop in a daemon thread for the whole process, so that connections stay pooled between calls."""
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="maestro-sync", daemon=True).start()
        return _loop


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work`. An interrupt (Ctrl-C) of the waiting thread cancels it, calls in flight included."""
    future = asyncio.run_coroutine_threadsafe(work, _background_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise

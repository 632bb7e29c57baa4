"""Run the async work of a command, and end the process even where an in-process expert still works."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

__all__ = ["leave", "run_work"]

T = TypeVar("T")

THREADS = "maestro-work"
GRACE_S = 0.2


def run_work(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, but a thread that cannot be interrupted is not waited for.

    Ctrl-C cancels the work (calls in flight included) and comes out as `KeyboardInterrupt`.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        workers = ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 4), thread_name_prefix=THREADS)
        loop.set_default_executor(workers)
        try:
            return runner.run(work)
        finally:
            workers.shutdown(wait=False, cancel_futures=True)
            loop.set_default_executor(ThreadPoolExecutor(1))  # the one that the loop waits for when it closes


def leave(code: int) -> NoReturn:
    """End the process with `code`.

    Python waits at its end for threads of executors. One that is still inside an expert after a deadline or an
    interrupt would keep the user waiting for an answer that nobody reads.
    """
    busy = [thread for thread in threading.enumerate() if thread.name.startswith(THREADS)]
    for thread in busy:
        thread.join(GRACE_S / len(busy))
    if any(thread.is_alive() for thread in busy):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code)
    sys.exit(code)

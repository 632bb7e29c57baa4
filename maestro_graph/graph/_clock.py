"""How long a run stood still: a human who is asked (an interrupt) must not use up the run's deadline.

LangGraph does not say that a run was interrupted or resumed. But between two nodes of a run that goes on there are
milliseconds; where nothing of it was at work for longer, it waited for somebody.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["forget", "paused_s", "working"]

PAUSE_S = 1.0
MAX_RUNS = 10_000
"""Runs that were given up in a pause are remembered too: the oldest go."""


@dataclass(slots=True)
class _Clock:
    at_work: int = 0
    left: float | None = None
    paused: float = 0.0


_lock = threading.Lock()
_clocks: OrderedDict[str, _Clock] = OrderedDict()


@contextmanager
def working(run: str) -> Iterator[None]:
    """While one of the run's nodes is at work."""
    with _lock:
        clock = _clocks.setdefault(run, _Clock())
        _clocks.move_to_end(run)
        while len(_clocks) > MAX_RUNS:
            _clocks.popitem(last=False)
        if not clock.at_work and clock.left is not None and (gap := time.monotonic() - clock.left) > PAUSE_S:
            clock.paused += gap
        clock.at_work += 1
    try:
        yield
    finally:
        with _lock:
            clock.at_work -= 1
            clock.left = time.monotonic()


def paused_s(run: str) -> float:
    """Seconds, up to now, in which nothing of the run was at work and somebody was waited for, in this process."""
    with _lock:
        clock = _clocks.get(run)
        return clock.paused if clock is not None else 0.0


def forget(run: str) -> None:
    """The run has ended."""
    with _lock:
        _clocks.pop(run, None)

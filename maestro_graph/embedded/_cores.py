"""How many cores this process may use."""

from __future__ import annotations

import os

__all__ = ["cores", "threads"]

MOST_THREADS = 4
"""More do not make a small network faster; on a machine of many cores, several processes would fight for them."""


def cores() -> int:
    """Those that the process is bound to (taskset, cgroup cpusets), else all of the machine."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        return max(1, os.cpu_count() or 1)


def threads() -> int:
    """For one run of a network."""
    return min(MOST_THREADS, cores())

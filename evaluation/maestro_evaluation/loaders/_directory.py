"""Where suites that were fetched, converted or generated are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["SUITES_VARIABLE", "brought_folder", "suites_directory"]

SUITES_VARIABLE = "MAESTRO_SUITES_DIR"


def suites_directory() -> Path:
    """`MAESTRO_SUITES_DIR`, or `maestro-graph/suites` in the user's cache folder."""
    chosen = os.environ.get(SUITES_VARIABLE)
    if chosen:
        return Path(chosen)
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    elif not cache.is_absolute():  # XDG: relative paths are ignored
        cache = Path.home() / ".cache"
    return cache / "maestro-graph" / "suites"


def brought_folder(name: str) -> Path:
    """Where a benchmark's files are looked for before the hub is asked."""
    return suites_directory() / "benchmarks" / name

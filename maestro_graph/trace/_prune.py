"""Remove old traces from a folder: traces only, whatever else lies there."""

from __future__ import annotations

import json
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["is_trace", "prune"]

DAY_S = 86_400.0
LINE_BYTES = 1 << 16
DIGEST = re.compile(r"[0-9a-f]{64}")
# First keys of every record, in this order: a first line that was cut still shows them.
HEAD = re.compile(rb'\{"schema": ?\d+, ?"event": ?"[a-z_]+", ?"run": ?"')


def prune(folder: Path, keep_days: float) -> list[Path]:
    """Remove traces last written to more than `keep_days` ago, and then copied pictures no trace names.

    Returns:
        what was removed. Files that are no traces, links and sub-folders stay; what cannot be removed stays too.
    """
    before = time.time() - keep_days * DAY_S
    removed = [path for path in _old(folder, "*.jsonl", before) if is_trace(path) and _remove(path)]
    copies = [path for path in _old(folder / "pictures", "*", before) if DIGEST.fullmatch(path.name)]
    if copies:
        named = _named(folder)
        removed += [path for path in copies if path.name not in named and _remove(path)]
    return removed


def is_trace(path: Path) -> bool:
    """Whether a file is a trace, judged by its first line."""
    try:
        with path.open("rb") as file:
            line = file.readline(LINE_BYTES)
    except OSError:
        return False
    if HEAD.match(line):
        return True
    with suppress(ValueError):
        record = json.loads(line)
        return isinstance(record, dict) and {"event", "run", "time"} <= record.keys()
    return False


def _old(folder: Path, pattern: str, before: float) -> Iterator[Path]:
    for path in sorted(folder.glob(pattern)):
        with suppress(OSError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_mtime < before:
                yield path


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _named(folder: Path) -> set[str]:
    """Content hashes that the remaining traces name."""
    found: set[str] = set()
    for path in folder.glob("*.jsonl"):
        with suppress(OSError), path.open("rb") as file:
            for line in file:
                if b'"sha256"' in line:
                    found.update(item.decode() for item in re.findall(rb"[0-9a-f]{64}", line))
    return found

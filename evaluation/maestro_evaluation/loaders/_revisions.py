"""Which revision of a benchmark's data is used: pinned at first use, or named in a file of one's own.

`revisions.json` in the suites' folder keeps what the hub gave at the first download; from then on that commit is asked
for, whatever the hub's main branch has become. A file named in `MAESTRO_REVISIONS`, `{"chartqa": "COMMIT"}`, wins over
it: keep it with a project to give others the same data.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._directory import suites_directory
from maestro_graph.errors import MaestroError

__all__ = ["REVISIONS_VARIABLE", "pin", "pinned", "pinned_digest"]

REVISIONS_VARIABLE = "MAESTRO_REVISIONS"
COMMIT = re.compile(r"[0-9a-f]{40}")


def pinned(benchmark: Benchmark) -> str | None:
    """The commit to use; `None` at first use.

    Raises:
        MaestroError: a file of revisions cannot be read, or what it says is no commit.
    """
    chosen = os.environ.get(REVISIONS_VARIABLE)
    if chosen:
        path = Path(chosen)
        if not path.is_file():
            raise MaestroError(f"{REVISIONS_VARIABLE} names {chosen!r}, which is no file")
        named = _read(path).get(benchmark.name)
        if named is not None:
            if not isinstance(named, str) or COMMIT.fullmatch(named) is None:
                raise MaestroError(f"{path}: {benchmark.name}: {named!r} is no commit of 40 hexadecimal digits")
            return named
    entry = _own().get(benchmark.name)
    if isinstance(entry, Mapping) and entry.get("hub") == benchmark.hub:
        return str(entry["revision"])
    return None


def pinned_digest(benchmark: Benchmark, revision: str, split: str) -> str | None:
    """What the questions of a split hashed to when this revision was first read completely."""
    entry = _own().get(benchmark.name)
    digests = entry.get("digests", {}) if isinstance(entry, Mapping) else {}
    found = digests.get(f"{revision}/{split}") if isinstance(digests, Mapping) else None
    return found if isinstance(found, str) else None


def pin(benchmark: Benchmark, revision: str, *, split: str | None = None, digest: str | None = None) -> None:
    """Remember the first revision that the hub gave, and the digest of a split that was read completely."""
    own = dict(_own())
    entry: dict[str, object] = dict(own.get(benchmark.name) or {"hub": benchmark.hub, "revision": revision})
    if entry.get("hub") != benchmark.hub:
        entry = {"hub": benchmark.hub, "revision": revision}
    if split is not None and digest is not None:
        kept = entry.get("digests")
        entry["digests"] = {**(kept if isinstance(kept, dict) else {}), f"{revision}/{split}": digest}
    own[benchmark.name] = entry
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(own, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(path)


def _file() -> Path:
    return suites_directory() / "revisions.json"


def _own() -> dict[str, dict[str, object]]:
    return _read(_file()) if _file().is_file() else {}


def _read(path: Path) -> dict[str, dict[str, object]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise MaestroError(f"{path} cannot be read: {error}; mend it or delete it") from error
    if not isinstance(data, dict):
        raise MaestroError(f"{path} must hold an object of revisions by benchmark, not {type(data).__name__}")
    return data

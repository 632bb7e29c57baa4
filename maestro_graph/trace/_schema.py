"""The version of records, and how older ones are brought up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from maestro_graph.errors import TraceError

__all__ = ["MIGRATIONS", "TRACE_SCHEMA", "migrated"]

TRACE_SCHEMA = 1

Record: TypeAlias = dict[str, Any]


def _from_0(record: Record) -> Record:
    """Version 0, before there were numbers: `type` for `event`, pictures as bare references, times in ms."""
    new = {("event" if name == "type" else name): value for name, value in record.items()}
    if "ms" in new:
        new["seconds"] = new.pop("ms") / 1000
    if new["event"] == "run_started":
        new["images"] = [{"ref": item} if isinstance(item, str) else item for item in new.get("images", [])]
    return new


MIGRATIONS: dict[int, Callable[[Record], Record]] = {0: _from_0}
"""From a version to the next one, record by record."""


def migrated(record: Mapping[str, Any], where: str) -> Record:
    """`record` in the form of `TRACE_SCHEMA`.

    Raises:
        TraceError: it is from a newer release, or of a version that cannot be read any more.
    """
    version = record.get("schema", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise TraceError(f"{where}: schema {version!r} is no version; is this a trace of maestro-graph?")
    if version > TRACE_SCHEMA:
        raise TraceError(
            f"{where}: written with trace schema {version}, this release reads up to {TRACE_SCHEMA}; "
            f"run: pip install --upgrade maestro-graph"
        )
    new = dict(record)
    for step in range(version, TRACE_SCHEMA):
        if step not in MIGRATIONS:
            raise TraceError(f"{where}: trace schema {step} cannot be read any more; read it with an older release")
        new = MIGRATIONS[step](new)
    return {**new, "schema": TRACE_SCHEMA}

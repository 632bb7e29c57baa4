"""Append events of a run to its trace, each before the node that caused it returns."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from maestro_graph.errors import TraceError
from maestro_graph.evidence import Json
from maestro_graph.trace._settings import TraceSettings

__all__ = ["TRACE_SCHEMA", "TraceWriter"]

TRACE_SCHEMA = 1


class TraceWriter:
    """Writes the events of one run. Stateless between events, so that a resumed run goes on in the same file."""

    def __init__(self, settings: TraceSettings, run: str) -> None:
        self.settings, self.run = settings, run
        self.path = settings.path if settings.path.suffix == ".jsonl" else settings.path / f"{run}.jsonl"

    def write(self, event: str, fields: dict[str, Json]) -> None:
        """Append one record.

        Raises:
            TraceError: the file cannot be written.
        """
        record = {"schema": TRACE_SCHEMA, "event": event, "run": self.run, "time": time.time(), **fields}
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise TraceError(
                f"the trace {str(self.path)!r} cannot be written: {error}; give another --trace"
            ) from error


def as_path(path: str | Path) -> Path:
    """`path` with `~` expanded."""
    return Path(path).expanduser()

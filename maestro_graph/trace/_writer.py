"""Append events of a run to its trace, each before the node that caused it returns."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from maestro_graph.errors import TraceError
from maestro_graph.evidence import Json
from maestro_graph.trace._append import append_line
from maestro_graph.trace._lengths import without_texts
from maestro_graph.trace._prune import prune
from maestro_graph.trace._schema import TRACE_SCHEMA
from maestro_graph.trace._secrets import scrub, secret_values
from maestro_graph.trace._settings import TraceSettings

if TYPE_CHECKING:
    from maestro_graph.images import MaestroImage

__all__ = ["TraceWriter"]

_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class TraceWriter:
    """Writes the events of one run. Stateless between events, so that a resumed run goes on in the same file.

    Args:
        settings: what is kept, and where.
        run: the run's id; also the name of its file in a folder.
        key_names: environment variables that hold secrets (`api_key_env` of the endpoints). Their values, and those
            of variables whose name says that they are secret, are masked in every record.
    """

    def __init__(self, settings: TraceSettings, run: str, *, key_names: Iterable[str] = ()) -> None:
        if _RUN_NAME.fullmatch(run) is None:
            raise TraceError(f"the run id {run!r} cannot name a file; use letters, digits, '.', '_' and '-'")
        self.settings, self.run = settings, run
        self.path = settings.path / f"{run}.jsonl" if settings.is_folder else settings.path
        self._secrets = secret_values(key_names)

    def begin(self, fields: dict[str, Json], images: Sequence[MaestroImage]) -> None:
        """Write `run_started`: remove what is too old, record the pictures as the settings say, then the event.

        Raises:
            TraceError: as for `write`.
        """
        from maestro_graph.trace._pictures import copy_picture, image_record

        if self.settings.keep_days is not None and self.settings.is_folder:
            prune(self.settings.path, self.settings.keep_days)
        if self.settings.pictures == "copy":
            for image in images:
                copy_picture(image, self.settings)
        pictures: list[Json] = [image_record(image, self.settings.pictures) for image in images]
        self.write("run_started", {**fields, "images": pictures})

    def write(self, event: str, fields: dict[str, Json]) -> None:
        """Append one record.

        Raises:
            TraceError: the file cannot be written.
        """
        kept = fields if self.settings.texts else without_texts(fields)
        body = scrub(_finite(kept), self._secrets) if self._secrets else _finite(kept)
        head: dict[str, Json] = {"schema": TRACE_SCHEMA, "event": event, "run": self.run, "time": time.time()}
        try:
            append_line(self.path, _encoded({**head, **(body if isinstance(body, dict) else {})}))
        except OSError as error:
            raise TraceError(f"the trace {str(self.path)!r} cannot be written: {error}; give another path") from error


def _encoded(record: dict[str, Json]) -> bytes:
    """The record as one line of valid UTF-8; a lone surrogate can only be written as an escape."""
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(record, allow_nan=False).encode()


def _finite(value: Json) -> Json:
    """`value` with `null` for numbers that JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value

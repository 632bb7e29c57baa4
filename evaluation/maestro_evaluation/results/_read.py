"""The folder of a run, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from maestro_evaluation.records import SampleRecord
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json

__all__ = ["RUN", "SAMPLES", "Results", "cluster_of", "key_of", "read_results"]

RUN = "run.json"
SAMPLES = "samples.jsonl"

NUMBER = (int, float)
NEEDED: Mapping[str, tuple[type, ...]] = {
    "suite": (str,),
    "sample": (str,),
    "fingerprint": (str,),
    "family": (str,),
    "rule": (str,),
    "group": (str, type(None)),
    "question": (str,),
    "images": (list,),
    "router": (str,),
    "repeat": (int,),
    "status": (str,),
    "problem": (str, type(None)),
    "stop_reason": (str, type(None)),
    "answer": (str, type(None)),
    "score": (*NUMBER, type(None)),
    "confidence": (*NUMBER, type(None)),
    "turns": (int,),
    "calls": (list,),
    "seconds": NUMBER,
    "usage": (dict,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a run left behind.

    Attributes:
        info: `run.json`, empty where there is none.
        records: one for each (suite, sample, router, repeat), the last that was written.
        damaged: lines that a kill cut off; there is at most one after each start.
    """

    folder: Path
    info: Mapping[str, Json]
    records: tuple[SampleRecord, ...]
    damaged: int = 0

    @property
    def routers(self) -> tuple[str, ...]:
        """Routers in the order of their first record."""
        return tuple(dict.fromkeys(record["router"] for record in self.records))


def key_of(record: SampleRecord) -> str:
    """`suite/sample`."""
    return f"{record['suite']}/{record['sample']}"


def cluster_of(record: SampleRecord) -> str:
    """What is one question: forms of it (rotations of its options) share it, and so do its repeats."""
    group = record["group"]
    return key_of(record) if group is None else f"{record['suite']}#{group}"


def read_results(folder: Path) -> Results:
    """Read what `maestro eval run` wrote.

    Raises:
        MaestroError: there is no `samples.jsonl`, it holds no record, or a line that is not cut off is no record
            (file, line and field are named).
    """
    file = folder / SAMPLES
    if not file.is_file():
        raise MaestroError(f"{folder} has no {SAMPLES}; name the folder that `maestro eval run --out` wrote")
    records: dict[tuple[str, str, str, int], SampleRecord] = {}
    damaged = 0
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                read = json.loads(line)
            except ValueError:
                damaged += 1
                continue
            record = _record(read, f"{file}, line {number}")
            records[record["suite"], record["sample"], record["router"], record["repeat"]] = record
    if not records:
        raise MaestroError(f"{file} holds no record yet; let the run answer a question first")
    return Results(folder=folder, info=_info(folder / RUN), records=tuple(records.values()), damaged=damaged)


def _record(read: Any, where: str) -> SampleRecord:
    if not isinstance(read, dict):
        raise MaestroError(f"{where}: a record is an object, not {type(read).__name__}")
    for field, types in NEEDED.items():
        if field not in read:
            raise MaestroError(f"{where}: the record has no {field!r}; it was written by another release")
        if not isinstance(read[field], types):
            raise MaestroError(f"{where}: {field!r} is {read[field]!r}, which it cannot be")
    _within(read, ("score", "confidence"), where)
    return cast(SampleRecord, read)


def _within(read: Mapping[str, Any], fields: Iterable[str], where: str) -> None:
    for field in fields:
        value = read[field]
        if value is not None and not 0.0 <= value <= 1.0:
            raise MaestroError(f"{where}: {field!r} is {value!r}; it goes from 0 to 1")


def _info(file: Path) -> Mapping[str, Json]:
    if not file.is_file():
        return {}
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MaestroError(f"{file} cannot be read: {error}; move it away to go on without it") from error
    return read if isinstance(read, dict) else {}

"""Read traces back: every run of a file, also of one that was killed, cut or written by an older release."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maestro_graph.errors import TraceError
from maestro_graph.evidence import Usage
from maestro_graph.trace._events import (
    call_of,
    end_of,
    evidence_of,
    number,
    request_of,
    start_of,
    step_of,
    text,
    turn_of,
)
from maestro_graph.trace._model import CallTrace, RequestTrace, RunTrace, StepTrace, TurnTrace
from maestro_graph.trace._schema import migrated
from maestro_graph.trace._settings import expanded

__all__ = ["read_trace"]

_RUN_IN_LINE = re.compile(r'"run": ?"([^"\\]{1,128})"')


def read_trace(path: str | Path) -> list[RunTrace]:
    """The runs of a trace file, or of all trace files of a folder (oldest file first), in the order they began.

    Raises:
        TraceError: it cannot be read, holds no record at all, or was written by a newer release.
    """
    source = expanded(path)
    if source.is_dir():
        files = sorted(source.glob("*.jsonl"), key=lambda item: (item.stat().st_mtime_ns, item.name))
        return [run for file in files for run in _read_file(file)]
    return _read_file(source)


def _read_file(path: Path) -> list[RunTrace]:
    runs: dict[str, _Run] = {}
    records, damaged = 0, 0
    last: _Run | None = None
    for line_number, line in _lines(path):
        record = _parsed(line)
        if record is None:
            damaged += 1
            found = _RUN_IN_LINE.search(line[:400].decode("utf-8", "replace"))
            run = runs.setdefault(found[1], _Run(found[1], path)) if found else last
            if run is not None:
                run.damaged += 1
            continue
        records += 1
        record = migrated(record, f"{str(path)!r} line {line_number}")
        last = runs.setdefault(record["run"], _Run(record["run"], path))
        try:
            last.add(record)
        except (KeyError, TypeError, ValueError, OverflowError):
            last.damaged += 1
    if damaged and not records:
        raise TraceError(f"{str(path)!r} holds no record of a trace; give a file written with --trace")
    return [run.built() for run in runs.values()]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines. Only a line feed ends one: other separators are part of texts."""
    try:
        if not path.is_file():
            raise TraceError(
                f"the trace {str(path)!r} is no file; give a file written with --trace"
                if path.exists()
                else f"there is no trace {str(path)!r}; check the path"
            )
        with path.open("rb") as file:
            for line_number, line in enumerate(file, 1):
                if line.strip():
                    yield line_number, line
    except (OSError, ValueError) as error:
        raise TraceError(f"the trace {str(path)!r} cannot be read: {error}") from error


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The record in a line, or `None` if it is cut or is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("run"), str):
        return None
    return record if isinstance(record.get("event", record.get("type")), str) else None


@dataclass(slots=True)
class _Turn:
    head: TurnTrace
    calls: dict[int, CallTrace]
    requests: dict[int, list[RequestTrace]] = field(default_factory=dict)
    steps: dict[int, list[StepTrace]] = field(default_factory=dict)

    def built(self) -> TurnTrace:
        calls = (
            replace(call, requests=tuple(self.requests.get(index, ())), steps=tuple(self.steps.get(index, ())))
            for index, call in sorted(self.calls.items())
        )
        return replace(self.head, calls=tuple(calls))


@dataclass(slots=True)
class _Run:
    """A run while its records come in."""

    run: str
    file: Path
    start: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] | None = None
    error: str | None = None
    failed: bool = False
    router_failure: tuple[str, str | None] | None = None
    turns: dict[int, _Turn] = field(default_factory=dict)
    discarded: list[TurnTrace] = field(default_factory=list)
    damaged: int = 0
    first_time: float | None = None
    last_time: float | None = None

    def add(self, record: dict[str, Any]) -> None:
        """Take in one record; events that this release does not know are passed over."""
        time = number(record, "time")
        if time is not None:
            self.first_time = time if self.first_time is None else self.first_time
            self.last_time = time
        match record["event"]:
            case "run_started":
                self.start = start_of(record)
            case "decision":
                self._decision(turn_of(record))
            case "call_started":
                self._call(record, replace(call_of(record, int(record["call"])), started=time))
            case "request":
                request = request_of(record)
                self._turn(record).requests.setdefault(int(record["call"]), []).append(request)
            case "skill":
                step = step_of(record)
                self._turn(record).steps.setdefault(int(record["call"]), []).append(step)
            case "evidence":
                found = evidence_of(record)
                before = self._turn(record).calls.get(found.call)
                self._call(record, replace(found, started=before.started if before else None))
            case "router_failed":
                self.router_failure = (str(record["status"]), text(record, "problem"))
            case "run_finished":
                self.end = end_of(record)
            case "run_failed":
                self.failed, self.error = True, text(record, "error")
                self.start = self.start or start_of(record)
            case _:
                pass

    def _decision(self, head: TurnTrace) -> None:
        before = self.turns.get(head.turn)
        if before is not None and before.head.kind is not None:
            self.discarded.append(before.built())
        self.turns[head.turn] = _Turn(head, {call.call: call for call in head.calls})

    def _turn(self, record: dict[str, Any]) -> _Turn:
        number_of = int(record["turn"])
        if number_of not in self.turns:
            self.turns[number_of] = _Turn(TurnTrace(turn=number_of, kind=None), {})
        return self.turns[number_of]

    def _call(self, record: dict[str, Any], call: CallTrace) -> None:
        self._turn(record).calls[call.call] = call

    def built(self) -> RunTrace:
        """The run as far as it got."""
        turns = tuple(turn.built() for _, turn in sorted(self.turns.items()))
        start, end = self.start or start_of({}), self.end or {}
        seconds = end.get("seconds")
        if seconds is None and self.first_time is not None and self.last_time is not None:
            seconds = max(0.0, self.last_time - self.first_time)
        said: dict[str, Any] = {"answer": None, "stop_reason": None, "usage": _sum(turns), **start, **end}
        said |= {"seconds": seconds, "lengths": {**start["lengths"], **end.get("lengths", {})}}
        return RunTrace(
            **said,
            run=self.run,
            turns=turns,
            complete=bool(self.start) and (self.end is not None or self.failed) and _whole(turns, end),
            error=self.error,
            router_failure=self.router_failure,
            started=self.first_time,
            discarded=tuple(self.discarded),
            damaged=self.damaged,
            file=self.file,
        )


def _whole(turns: tuple[TurnTrace, ...], end: dict[str, Any]) -> bool:
    """Whether no turn and no evidence is missing."""
    if end.get("stop_reason") == "answered" and (not turns or turns[-1].kind != "answer"):
        return False
    numbers = [turn.turn for turn in turns] == list(range(len(turns)))
    return numbers and all(
        turn.kind is not None and all(call.status is not None for call in turn.calls) for turn in turns
    )


def _sum(turns: tuple[TurnTrace, ...]) -> Usage:
    """What is recorded of a run that did not sum it up itself."""
    total = Usage()
    for turn in turns:
        total += turn.usage
        for call in turn.calls:
            if call.status is not None:
                total += call.usage
            else:
                total += sum((request.usage for request in call.requests), Usage())
    return total

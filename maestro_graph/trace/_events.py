"""From single records to the parts of a trace.

Every function raises `KeyError`, `TypeError`, `ValueError` or `OverflowError` on a record that is not what its event
promises; the reader counts such a line as damaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from maestro_graph.evidence import Usage
from maestro_graph.routers import TokenRecord
from maestro_graph.trace._model import CallTrace, ImageTrace, RequestTrace, StepTrace, TurnTrace

__all__ = ["call_of", "end_of", "evidence_of", "number", "request_of", "start_of", "step_of", "text", "turn_of"]

Record: TypeAlias = Mapping[str, Any]


def text(record: Record, name: str) -> str | None:
    """A text, `None` where it was not kept."""
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def number(record: Record, name: str) -> float | None:
    """A number, `None` where there is none."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is no number")
    return float(value)


def lengths_of(record: Record) -> dict[str, int]:
    """Lengths of what was not kept."""
    return {str(name): int(value) for name, value in _mapping(record, "lengths").items()}


def usage_of(record: Record) -> Usage:
    """What was consumed."""
    found = _mapping(record, "usage")
    return Usage(
        calls=int(found.get("calls", 0)),
        input_tokens=int(found.get("input_tokens", 0)),
        output_tokens=int(found.get("output_tokens", 0)),
        cost=float(found.get("cost", 0.0)),
    )


def image_of(record: Record) -> ImageTrace:
    """A picture of `run_started`."""
    return ImageTrace(
        sha256=text(record, "sha256") or "",
        ref=text(record, "ref"),
        path=text(record, "path"),
        width=int(record.get("width") or 0),
        height=int(record.get("height") or 0),
        notes=_texts(record, "notes"),
    )


def start_of(record: Record) -> dict[str, Any]:
    """The fields of `RunTrace` that `run_started` sets."""
    return {
        "question": text(record, "question"),
        "images": tuple(image_of(item) for item in _list(record, "images")),
        "registry": text(record, "registry"),
        "router": text(record, "router"),
        "experts": _texts(record, "experts"),
        "skills": _texts(record, "skills"),
        "budget": _mapping(record, "budget"),
        "lengths": lengths_of(record),
    }


def end_of(record: Record) -> dict[str, Any]:
    """The fields of `RunTrace` that `run_finished` sets."""
    return {
        "answer": text(record, "answer"),
        "stop_reason": _name(record, "stop_reason"),
        "usage": usage_of(record),
        "seconds": number(record, "seconds"),
        "lengths": lengths_of(record),
    }


def turn_of(record: Record) -> TurnTrace:
    """The turn of a `decision`, its calls not started yet."""
    return TurnTrace(
        turn=int(record["turn"]),
        kind=_name(record, "kind"),
        prompt=text(record, "prompt"),
        text=text(record, "text"),
        calls=tuple(call_of(item, index) for index, item in enumerate(_list(record, "calls"))),
        answer=text(record, "answer"),
        problem=text(record, "problem"),
        info=_mapping(record, "info"),
        tokens=_tokens(record),
        usage=usage_of(record),
        seconds=number(record, "seconds"),
        lengths=lengths_of(record),
    )


def call_of(record: Record, index: int) -> CallTrace:
    """A call as it was decided or started."""
    return CallTrace(
        call=index,
        expert=_name(record, "expert"),
        skill=text(record, "skill"),
        query=text(record, "query"),
        lengths=lengths_of(record),
    )


def evidence_of(record: Record) -> CallTrace:
    """A call as its evidence tells it."""
    return CallTrace(
        call=int(record["call"]),
        expert=_name(record, "expert"),
        skill=text(record, "skill"),
        query=text(record, "query"),
        status=_name(record, "status"),
        text=text(record, "text"),
        answer=text(record, "answer"),
        confidence=number(record, "confidence"),
        seconds=number(record, "seconds"),
        attempts=int(record.get("attempts") or 0),
        usage=usage_of(record),
        details=_mapping(record, "details"),
        lengths=lengths_of(record),
    )


def request_of(record: Record) -> RequestTrace:
    """A `request`."""
    return RequestTrace(
        expert=_name(record, "expert"),
        question=text(record, "question"),
        instructions=text(record, "instructions"),
        images=_texts(record, "images"),
        evidence=_texts(record, "evidence"),
        sampling=_mapping(record, "sampling"),
        status=_name(record, "status"),
        reply=text(record, "reply"),
        answer=text(record, "answer"),
        confidence=number(record, "confidence"),
        usage=usage_of(record),
        details=_mapping(record, "details"),
        seconds=number(record, "seconds") or 0.0,
        attempts=int(record.get("attempts") or 0),
        cached=bool(record.get("cached", False)),
        lengths=lengths_of(record),
    )


def step_of(record: Record) -> StepTrace:
    """What happened within a skill."""
    fields = _mapping(record, "fields")
    own = {name: value for name, value in fields.items() if name != "lengths"}
    return StepTrace(what=_name(record, "what"), fields=own, lengths=lengths_of(dict(fields)))


def _tokens(record: Record) -> TokenRecord | None:
    found = _mapping(record, "tokens")
    if not found:
        return None
    return TokenRecord(
        prompt_ids=tuple(int(item) for item in found["prompt_ids"]),
        sampled_ids=tuple(int(item) for item in found["sampled_ids"]),
        logprobs=tuple(float(item) for item in found["logprobs"]),
        temperature=float(found["temperature"]),
        masked=bool(found["masked"]),
        grammar=found.get("grammar"),
        finish="length" if found.get("finish") == "length" else "stop",
    )


def _name(record: Record, name: str) -> str:
    value = record[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _mapping(record: Record, name: str) -> dict[str, Any]:
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no object")
    return value


def _list(record: Record, name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _texts(record: Record, name: str) -> tuple[str, ...]:
    values = _list(record, name)
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} holds other things than texts")
    return tuple(values)

"""What a run tells the world while it goes on: `custom` stream events, and records of its trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langgraph.config import get_stream_writer

from maestro_graph.calls import OnAsked, OnEvent
from maestro_graph.errors import CallFailure, MaestroError
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.graph._context import MaestroContext
from maestro_graph.graph._run import RunState, token_record
from maestro_graph.graph._state import CallTask, DecisionRecord
from maestro_graph.images import MaestroImage
from maestro_graph.routers import Router, RouterTurn
from maestro_graph.trace import TraceWriter, key_names

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = ["Notes"]


class Notes:
    """The events of one run.

    Stream events (mode `custom`) are dicts with `type: "maestro"`, `event`, `run` and the fields below; trace
    records have the same events with all details.
    """

    def __init__(self, context: MaestroContext, run: str, registry: Registry) -> None:
        settings = context.trace_settings
        names = key_names(registry) if settings is not None else ()
        self.trace = TraceWriter(settings, run, key_names=names) if settings is not None else None
        self._run = run
        self._stream = get_stream_writer()

    def _say(self, event: str, **fields: Any) -> None:
        self._stream({"type": "maestro", "event": event, "run": self._run, **fields})

    def _record(self, event: str, fields: dict[str, Json]) -> None:
        if self.trace is not None:
            self.trace.write(event, fields)

    def started(
        self,
        run: RunState,
        images: Sequence[MaestroImage],
        registry: Registry,
        router: Router,
        context: MaestroContext,
    ) -> None:
        """A run began."""
        self._say("run_started", question=run.record["question"], images=list(run.record["images"]))
        if self.trace is None:
            return
        self.trace.begin(
            {
                "question": run.record["question"],
                "registry": registry.name,
                "experts": list(registry.experts),
                "skills": list(registry.skills),
                "router": type(router).__name__,
                "budget": {
                    "max_turns": context.max_turns,
                    "max_calls": context.max_calls,
                    "max_cost": context.max_cost,
                    "deadline_s": context.deadline_s,
                },
            },
            images,
        )

    def decided(self, record: DecisionRecord, decided: RouterTurn, seconds: float) -> None:
        """The router took a decision."""
        self._say(
            "decision",
            turn=record["turn"],
            kind=record["kind"],
            calls=[dict(call) for call in record["calls"]],
            answer=record["answer"],
            problem=record["problem"],
        )
        fields: dict[str, Json] = {
            "turn": record["turn"],
            "kind": record["kind"],
            "prompt": decided.prompt,
            "text": record["text"],
            "calls": [_json(call) for call in record["calls"]],
            "answer": record["answer"],
            "problem": record["problem"],
            "info": dict(decided.info),
            "usage": _json(record["usage"]),
            "seconds": seconds,
        }
        if decided.tokens is not None:
            fields["tokens"] = token_record(decided.tokens)
        self._record("decision", fields)

    def router_failed(self, failure: CallFailure) -> None:
        """The model behind the router could not be reached."""
        self._say("router_failed", status=failure.kind, problem=failure.message)
        self._record("router_failed", {"status": failure.kind, "problem": failure.message})

    def calling(self, task: CallTask) -> None:
        """A call starts."""
        self._say("call_started", turn=task["turn"], call=task["index"], **task["call"])
        self._record("call_started", {"turn": task["turn"], "call": task["index"], **_json(task["call"])})

    def asked(self, task: CallTask) -> OnAsked:
        """The function that records every single request of a call."""

        def on_asked(
            expert: str,
            request: ExpertRequest,
            reply: ExpertReply | CallFailure,
            *,
            seconds: float,
            attempts: int,
            cached: bool,
        ) -> None:
            self._record(
                "request",
                {
                    "turn": task["turn"],
                    "call": task["index"],
                    "expert": expert,
                    "question": request.question,
                    "instructions": request.instructions,
                    "images": [image.sha256 for image in request.images],
                    "evidence": [f"{item.expert}: {item.text}" for item in request.evidence],
                    "sampling": dict(request.sampling),
                    "seconds": seconds,
                    "attempts": attempts,
                    "cached": cached,
                    **_reply_fields(reply),
                },
            )

        return on_asked

    def within(self, task: CallTask) -> OnEvent:
        """The function that reports what happens within a skill."""

        def on_event(event: str, fields: Mapping[str, Json]) -> None:
            self._say("skill", what=event, turn=task["turn"], call=task["index"], fields=dict(fields))
            place: dict[str, Json] = {"turn": task["turn"], "call": task["index"]}
            self._record("skill", {"what": event, **place, "fields": dict(fields)})

        return on_event

    def arrived(self, evidence: Evidence) -> None:
        """Evidence arrived."""
        record = evidence.as_record()
        self._say("evidence", **{key: value for key, value in record.items() if key != "details"})
        self._record("evidence", _json(record))

    def finished(self, update: Mapping[str, Any], seconds: float) -> None:
        """The run ended with an answer or without."""
        fields: dict[str, Json] = {
            "answer": update["answer"],
            "stop_reason": update["stop_reason"],
            "usage": dict(update["usage"]),
            "seconds": seconds,
        }
        self._say("run_finished", **fields)
        self._record("run_finished", fields)

    def failed(self, run: RunState, error: MaestroError) -> None:
        """The run was given something that it cannot use."""
        self._record("run_failed", {"question": run.record["question"], "error": f"{type(error).__name__}: {error}"})


def _reply_fields(reply: ExpertReply | CallFailure) -> dict[str, Json]:
    if isinstance(reply, CallFailure):
        return {"status": reply.kind, "reply": reply.message}
    return {
        "status": "ok",
        "reply": reply.text,
        "answer": reply.answer,
        "confidence": reply.confidence,
        "usage": _json(reply.usage.as_record()),
        "details": dict(reply.details),
    }


def _json(record: Any) -> dict[str, Json]:
    """A TypedDict as plain JSON."""
    return {key: dict(value) if isinstance(value, dict) else value for key, value in record.items()}

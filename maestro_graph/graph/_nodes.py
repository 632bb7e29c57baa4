"""The four nodes: `router`, `expert_call`, `skill_call`, `terminate`. Each has an async core and a sync form of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.types import Command, Send

from maestro_graph.calls import CallSettings, retried, run_call
from maestro_graph.deadlines import within
from maestro_graph.decisions import Answer, Malformed
from maestro_graph.errors import CallFailure, MaestroError
from maestro_graph.evidence import Evidence
from maestro_graph.graph._best import best_answer
from maestro_graph.graph._clock import forget, working
from maestro_graph.graph._context import MaestroContext, current_context
from maestro_graph.graph._notes import Notes
from maestro_graph.graph._run import (
    RunState,
    call_of,
    decision_record,
    run_state,
    seconds_left,
    start_or_resume,
)
from maestro_graph.graph._state import CallTask, DecisionRecord, MaestroState, RunRecord, StopReason, TurnRecord
from maestro_graph.graph._sync import run_sync, unwatch, watch_for_interrupt
from maestro_graph.images import MaestroImage
from maestro_graph.registry import Registry
from maestro_graph.routers import Router, RouterTurn, RouterView

__all__ = ["MaestroNodes", "Node"]

MAX_DETAILS_BYTES = 32_000

Update: TypeAlias = dict[str, Any]


class Node(Runnable[Any, Any]):
    """A node with both forms, without the callback runs of a RunnableLambda (LangGraph reports nodes itself)."""

    def __init__(self, name: str, core: Callable[[Any], Awaitable[Any]]) -> None:
        self.name = name
        self._core = core

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return await self._core(input)

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        async def work() -> Any:
            return await self._core(input)

        unwatch()
        result = run_sync(work())
        if isinstance(result, Command) and isinstance(result.goto, list) and len(result.goto) > 1:
            watch_for_interrupt()
        return result


class MaestroNodes:
    """The nodes over a registry and a router.

    Args:
        registry: read anew at every turn, so that changes of the live registry show.
        router: the router, or `None` for the registry's default one.
        context: settings for runs that bring none.
    """

    def __init__(self, registry: Registry, router: Router | None, context: MaestroContext) -> None:
        self.registry, self._router, self._default = registry, router, context

    @property
    def router_object(self) -> Router:
        return self._router if self._router is not None else self.registry.router()

    async def router(self, state: MaestroState) -> Command[str]:
        """Take the next decision, or stop because a budget is spent."""
        context = current_context(self._default, self.registry)
        run = start_or_resume(state, self.registry.images)
        with working(run.record["id"]):
            return await self._decide(run, context)

    async def _decide(self, run: RunState, context: MaestroContext) -> Command[str]:
        note = Notes(context, run.record["id"], self.registry)
        images = await self._open(run.record["images"], note, run)
        if run.is_new:
            note.started(run, images, self.registry, self.router_object, context)
        if reason := run.spent(context):
            return Command(update={"run": run.record, "stop_reason": reason}, goto="terminate")
        view = self._view(run, images, context)
        began = time.monotonic()
        try:
            deciding = retried(partial(self.router_object.decide, view), seconds=view.seconds_left)
            decided = await within(deciding, view.seconds_left)
        except TimeoutError:
            return Command(update={"run": run.record, "stop_reason": "deadline"}, goto="terminate")
        except CallFailure as failure:
            note.router_failed(failure)
            return Command(update={"run": run.record, "stop_reason": "router_failed"}, goto="terminate")
        record = decision_record(len(run.history), decided)
        note.decided(record, decided, time.monotonic() - began)
        command = self._go(run, record, decided, context)
        for skipped in command.update.get("evidence", ()) if isinstance(command.update, dict) else ():
            note.arrived(Evidence.from_record(skipped))
        return command

    def _view(self, run: RunState, images: Sequence[MaestroImage], context: MaestroContext) -> RouterView:
        return RouterView(
            question=run.record["question"],
            images=tuple(images),
            registry=self.registry,
            history=run.history,
            turns_left=context.max_turns - len(run.history),
            calls_left=context.max_calls - len(run.evidence),
            seconds_left=seconds_left(run.record, context),
            sampling=context.router_sampling,
        )

    def _go(self, run: RunState, record: DecisionRecord, decided: RouterTurn, context: MaestroContext) -> Command[str]:
        """Where a decision leads."""
        update: Update = {"run": run.record, "decisions": [record]}
        match decided.decision:
            case Answer(text):
                return Command(update={**update, "stop_reason": "answered", "answer": text}, goto="terminate")
            case Malformed():
                if run.history and isinstance(run.history[-1].decision, Malformed):
                    return Command(update={**update, "stop_reason": "malformed"}, goto="terminate")
                return Command(update=update, goto="router")
            case ():
                why: StopReason = "max_calls" if len(run.evidence) >= context.max_calls else "no_action"
                return Command(update={**update, "stop_reason": why}, goto="terminate")
            case _:
                return self._fan_out(run, record, update, context)

    def _fan_out(self, run: RunState, record: DecisionRecord, update: Update, context: MaestroContext) -> Command[str]:
        """Send the calls that the budget allows; those beyond it become evidence that says so."""
        allowed = max(0, context.max_calls - len(run.evidence))
        calls, beyond = record["calls"][:allowed], record["calls"][allowed:]
        update["evidence"] = [
            Evidence(
                turn=record["turn"],
                call=allowed + offset,
                expert=call["expert"],
                skill=call["skill"],
                query=call["query"],
                status="skipped",
                text=f"not called: the budget of {context.max_calls} calls is used up",
                attempts=0,
            ).as_record()
            for offset, call in enumerate(beyond)
        ]
        if not calls:
            return Command(update={**update, "stop_reason": "max_calls"}, goto="terminate")
        seen = [item.as_record() for item in run.evidence]
        sends = [
            Send(
                "expert_call" if call["skill"] is None else "skill_call",
                CallTask(
                    run=run.record,
                    call=call,
                    turn=record["turn"],
                    index=index,
                    evidence=seen,
                ),
            )
            for index, call in enumerate(calls)
        ]
        return Command(update=update, goto=sends)

    async def call(self, task: CallTask) -> Update:
        """Carry out one call: the core of `expert_call` and `skill_call`."""
        with working(task["run"]["id"]):
            return await self._call(task, current_context(self._default, self.registry))

    async def _call(self, task: CallTask, context: MaestroContext) -> Update:
        note = Notes(context, task["run"]["id"], self.registry)
        note.calling(task)
        images = await self._open(task["run"]["images"])
        settings = CallSettings(
            seconds_left=max(0.0, seconds_left(task["run"], context)),
            sampling=context.expert_sampling,
            use_cache=context.use_cache,
            on_asked=note.asked(task) if note.trace is not None else None,
            on_event=note.within(task),
        )
        evidence = await run_call(
            self.registry,
            call_of(task["call"]),
            turn=task["turn"],
            index=task["index"],
            images=images,
            evidence=[Evidence.from_record(item) for item in task["evidence"]],
            settings=settings,
        )
        note.arrived(evidence)
        return {"evidence": [_for_state(evidence, context.evidence_chars).as_record()]}

    async def terminate(self, state: MaestroState) -> Update:
        """Give the answer: the router's, else the best evidence so far, and say why the run ended."""
        context = current_context(self._default, self.registry)
        record = state.get("run")
        if record is None:
            raise MaestroError("terminate was entered without a run; enter the graph at its start")
        with working(record["id"]):
            update = self._end(record, state, context)
        forget(record["id"])
        return update

    def _end(self, record: RunRecord, state: MaestroState, context: MaestroContext) -> Update:
        run = run_state(record, state, is_new=False)
        reason: StopReason = state.get("stop_reason") or "no_action"
        answer = state.get("answer") if reason == "answered" else best_answer(run.evidence)
        update: Update = {
            "run": None,
            "answer": answer,
            "stop_reason": reason,
            "turns": [_turn_record(item) for item in run.evidence],
            "usage": run.usage.as_record(),
            "messages": [AIMessage(content=answer if answer is not None else f"No answer was found ({reason}).")],
        }
        note = Notes(context, run.record["id"], self.registry)
        note.finished(update, context.seconds - seconds_left(run.record, context))
        return update

    async def _open(
        self, refs: Sequence[str], note: Notes | None = None, run: RunState | None = None
    ) -> list[MaestroImage]:
        """Open the pictures, in a thread."""
        if not refs:
            return []
        try:
            return await asyncio.to_thread(lambda: [self.registry.images.open(ref) for ref in refs])
        except MaestroError as error:
            if note is not None and run is not None:
                note.failed(run, error)
            raise


def _for_state(evidence: Evidence, max_chars: int) -> Evidence:
    """Evidence small enough for checkpoints."""
    kept = evidence.cut(max_chars)
    size = len(json.dumps(dict(kept.details))) if kept.details else 0
    if size > MAX_DETAILS_BYTES:
        kept = replace(kept, details={"dropped": f"{size} bytes of details; they are in the trace"})
    return kept


def _turn_record(item: Evidence) -> TurnRecord:
    return {
        "turn": item.turn,
        "expert": item.expert,
        "skill": item.skill,
        "query": item.query,
        "evidence": item.text,
        "answer": item.answer,
        "confidence": item.confidence,
        "seconds": round(item.seconds, 4),
        "status": item.status,
    }

"""The run in progress, read out of a thread's state: its question, pictures, history, clock and budget."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from langchain_core.messages import AnyMessage, HumanMessage

from maestro_graph.calls import REPORT_S
from maestro_graph.decisions import Answer, Call, CallExpert, CallSkill, Malformed
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Evidence, Json, Usage
from maestro_graph.graph._clock import paused_s
from maestro_graph.graph._context import MaestroContext
from maestro_graph.graph._state import CallRecord, DecisionRecord, MaestroState, RunRecord, StopReason
from maestro_graph.images import ImageStore, ingest, ingest_question
from maestro_graph.routers import PastTurn, RouterTurn, TokenRecord

__all__ = [
    "RunState",
    "call_of",
    "decision_record",
    "run_state",
    "seconds_left",
    "start_or_resume",
    "token_record",
]

PROCESS = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
"""This process: a monotonic clock read in another one means nothing here."""


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's own part of the thread."""

    record: RunRecord
    history: tuple[PastTurn, ...]
    usage: Usage
    is_new: bool

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(item for turn in self.history for item in turn.evidence)

    def spent(self, context: MaestroContext) -> StopReason | None:
        """The budget that is used up before another decision, if one is."""
        if seconds_left(self.record, context) <= REPORT_S:
            return "deadline"
        if len(self.history) >= context.max_turns:
            return "max_turns"
        if context.max_cost is not None and self.usage.cost >= context.max_cost:
            return "max_cost"
        return None


def start_or_resume(state: MaestroState, store: ImageStore) -> RunState:
    """The run this state is in the middle of, or a new one if the last one ended or another question came.

    Raises:
        MaestroError: there is no question.
        ImageError: bytes among the images are no image.
    """
    question, images = _asked(state, store)
    decisions, evidence = state.get("decisions", []), state.get("evidence", [])
    record = state.get("run")
    is_new = record is None or record["question"] != question or record["images"] != images
    if record is None or is_new:
        record = RunRecord(
            id=uuid.uuid4().hex,
            question=question,
            images=images,
            first_decision=len(decisions),
            first_evidence=len(evidence),
            process=PROCESS,
            started=time.monotonic(),
        )
    elif record["process"] != PROCESS:
        record = {**record, "process": PROCESS, "started": time.monotonic()}
    return run_state(record, state, is_new=is_new)


def run_state(record: RunRecord, state: MaestroState, *, is_new: bool) -> RunState:
    """The part of a thread's state that belongs to the run of `record`."""
    own = state.get("decisions", [])[record["first_decision"] :]
    evidence = state.get("evidence", [])
    found = [Evidence.from_record(item) for item in evidence[record["first_evidence"] :]]
    history = tuple(_past_turn(item, found) for item in own)
    usage = sum((Usage.from_record(item["usage"]) for item in own), sum((e.usage for e in found), Usage()))
    return RunState(record, history, usage, is_new)


def _asked(state: MaestroState, store: ImageStore) -> tuple[str, list[str]]:
    """The question and its pictures: a chat host's last human message wins over the keys."""
    messages: Sequence[AnyMessage] = state.get("messages", [])
    question, images = state.get("question", ""), list(state.get("images") or [])
    if messages and isinstance(messages[-1], HumanMessage):
        question, from_messages = ingest_question(messages, store)
        images = from_messages or images
    if not isinstance(question, str) or not question.strip():
        raise MaestroError(
            f"there is no question (question={question!r}); give {{'question': '…', 'images': […]}} or messages that "
            f"end with a human message"
        )
    if isinstance(state.get("images"), str):
        raise MaestroError(f"images is the text {state.get('images')!r}; give a list of references")
    return question, [ingest(item, store) for item in images]


def seconds_left(record: RunRecord, context: MaestroContext) -> float:
    """Seconds until the deadline, by this process's clock; what was spent on waiting for a human does not count."""
    if record["process"] != PROCESS:
        return context.seconds
    return context.seconds - (time.monotonic() - record["started"] - paused_s(record["id"]))


def call_of(record: CallRecord) -> Call:
    """The call of a record."""
    if record["skill"] is None:
        return CallExpert(record["expert"], record["query"])
    return CallSkill(record["expert"], record["skill"], record["query"])


def _call_record(call: Call) -> CallRecord:
    match call:
        case CallExpert(expert, query):
            return {"expert": expert, "skill": None, "query": query}
        case CallSkill(expert, skill, query):
            return {"expert": expert, "skill": skill, "query": query}
        case _:
            assert_never(call)


def decision_record(turn: int, decided: RouterTurn) -> DecisionRecord:
    """The plain form of a router's turn."""
    record: DecisionRecord = {
        "turn": turn,
        "kind": "calls",
        "text": decided.text,
        "calls": [],
        "answer": None,
        "problem": None,
        "usage": decided.usage.as_record(),
    }
    match decided.decision:
        case Answer(text):
            record["kind"], record["answer"] = "answer", text
        case Malformed(text, problem, kind):
            record["kind"], record["text"], record["problem"] = "malformed", text, problem
            if kind == "length":
                record["cut"] = True
        case calls:
            record["calls"] = [_call_record(call) for call in calls]
    if decided.tokens is not None:
        record["tokens"] = token_record(decided.tokens)
    return record


def token_record(tokens: TokenRecord) -> dict[str, Json]:
    """The plain form of a token record."""
    return {
        "prompt_ids": list(tokens.prompt_ids),
        "sampled_ids": list(tokens.sampled_ids),
        "logprobs": list(tokens.logprobs),
        "temperature": tokens.temperature,
        "masked": tokens.masked,
        "grammar": tokens.grammar,
        "finish": tokens.finish,
    }


def _tokens_of(record: DecisionRecord) -> TokenRecord | None:
    found = record.get("tokens")
    if found is None:
        return None
    return TokenRecord(
        prompt_ids=tuple(found["prompt_ids"]),  # type: ignore[arg-type]  # written by token_record
        sampled_ids=tuple(found["sampled_ids"]),  # type: ignore[arg-type]
        logprobs=tuple(found["logprobs"]),  # type: ignore[arg-type]
        temperature=float(found["temperature"]),  # type: ignore[arg-type]
        masked=bool(found["masked"]),
        grammar=found.get("grammar"),  # type: ignore[arg-type]
        finish="length" if found.get("finish") == "length" else "stop",
    )


def _past_turn(record: DecisionRecord, evidence: Sequence[Evidence]) -> PastTurn:
    decision: tuple[Call, ...] | Answer | Malformed
    match record["kind"]:
        case "answer":
            decision = Answer(record["answer"] or "")
        case "malformed":
            decision = Malformed(record["text"], record["problem"] or "", "length" if record.get("cut") else "text")
        case "calls":
            decision = tuple(call_of(item) for item in record["calls"])
        case _:
            assert_never(record["kind"])
    own = sorted((item for item in evidence if item.turn == record["turn"]), key=lambda item: item.call)
    return PastTurn(decision=decision, text=record["text"], evidence=tuple(own), tokens=_tokens_of(record))

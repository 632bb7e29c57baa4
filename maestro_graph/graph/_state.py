"""State of the graph: plain, msgpack-safe data with reducers; history is append-only."""

from __future__ import annotations

import operator
from typing import Annotated, Literal, NotRequired, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from maestro_graph.evidence import EvidenceRecord, Json, UsageRecord

__all__ = [
    "CallRecord",
    "CallTask",
    "DecisionRecord",
    "MaestroInput",
    "MaestroOutput",
    "MaestroState",
    "RunRecord",
    "StopReason",
    "TurnRecord",
]

StopReason = Literal[
    "answered", "max_turns", "max_calls", "max_cost", "deadline", "no_action", "malformed", "router_failed"
]
"""Why a run ended. `no_action`: the router gave up; `malformed`: its turn could not be read twice in a row;
`router_failed`: the model behind the router could not be reached."""


class CallRecord(TypedDict):
    """A call of a decision."""

    expert: str
    skill: str | None
    query: str


class DecisionRecord(TypedDict):
    """One turn of the router. `answer` and `problem` are set by kind; `cut`: the limit of tokens ended it."""

    turn: int
    kind: Literal["calls", "answer", "malformed"]
    text: str
    calls: list[CallRecord]
    answer: str | None
    problem: str | None
    usage: UsageRecord
    tokens: NotRequired[dict[str, Json]]
    cut: NotRequired[bool]


class RunRecord(TypedDict):
    """The run in progress. `first_decision` and `first_evidence` are where it begins in the thread's history."""

    id: str
    question: str
    images: list[str]
    first_decision: int
    first_evidence: int
    process: str
    started: float


class CallTask(TypedDict):
    """What a fanned-out call is sent: all it needs, since it does not see the state."""

    run: RunRecord
    call: CallRecord
    turn: int
    index: int
    evidence: list[EvidenceRecord]


class TurnRecord(TypedDict):
    """One call as the user reads it."""

    turn: int
    expert: str
    skill: str | None
    query: str
    evidence: str
    answer: str | None
    confidence: float | None
    seconds: float
    status: str


class MaestroInput(TypedDict, total=False):
    """`{question, images}`, or `{messages}` from a chat host. Images are references (see `ingest`)."""

    question: str
    images: list[str]
    messages: Annotated[list[AnyMessage], add_messages]


class MaestroOutput(TypedDict, total=False):
    """What a run returns; `answer` is `None` only if nothing at all was found out."""

    answer: str | None
    stop_reason: StopReason
    turns: list[TurnRecord]
    usage: UsageRecord
    messages: Annotated[list[AnyMessage], add_messages]


class MaestroState(TypedDict, total=False):
    """Everything between input and output."""

    question: str
    images: list[str]
    messages: Annotated[list[AnyMessage], add_messages]
    run: RunRecord | None
    decisions: Annotated[list[DecisionRecord], operator.add]
    evidence: Annotated[list[EvidenceRecord], operator.add]
    answer: str | None
    stop_reason: StopReason | None
    turns: list[TurnRecord]
    usage: UsageRecord

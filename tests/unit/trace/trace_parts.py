"""Records for the tests of traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maestro_graph.evidence import Json
from maestro_graph.trace import TraceSettings, TraceWriter

USAGE: dict[str, Json] = {"calls": 1, "input_tokens": 10, "output_tokens": 2, "cost": 0.5}
RUN = "a" * 32


def writer(path: Path, run: str = RUN, **settings: Any) -> TraceWriter:
    return TraceWriter(TraceSettings(path=path, **settings), run)


def start(trace: TraceWriter, question: str = "How many coins are there?", **fields: Json) -> None:
    known: dict[str, Json] = {
        "question": question,
        "images": [],
        "registry": "embedded",
        "experts": ["counter", "reader"],
        "skills": ["Counting"],
        "router": "EncoderRouter",
        "budget": {"max_turns": 4},
    }
    trace.write("run_started", {**known, **fields})


def decide(trace: TraceWriter, turn: int, *calls: tuple[str, str | None, str], **fields: Json) -> None:
    listed: list[Json] = [{"expert": expert, "skill": skill, "query": query} for expert, skill, query in calls]
    known: dict[str, Json] = {
        "turn": turn,
        "kind": "calls",
        "text": "",
        "calls": listed,
        "answer": None,
        "problem": None,
        "info": {"why": "nearest card", "distribution": {"counter": 0.8, "stop": 0.1}},
        "usage": USAGE,
        "seconds": 0.1,
    }
    trace.write("decision", {**known, **fields})


def call(trace: TraceWriter, turn: int, index: int, expert: str, query: str, **fields: Json) -> None:
    place: dict[str, Json] = {"turn": turn, "call": index, "expert": expert}
    trace.write("call_started", {**place, "skill": None, "query": query})
    request(trace, turn, index, expert, query)
    evidence(trace, turn, index, expert, query, **fields)


def request(trace: TraceWriter, turn: int, index: int, expert: str, question: str) -> None:
    trace.write(
        "request",
        {
            "turn": turn,
            "call": index,
            "expert": expert,
            "question": question,
            "instructions": "Count twice.",
            "images": ["b" * 64],
            "evidence": ["reader: a private word"],
            "sampling": {"temperature": 0},
            "seconds": 0.2,
            "attempts": 2,
            "cached": False,
            "status": "ok",
            "reply": "There are 24 coins.",
            "answer": "24",
            "confidence": 0.9,
            "usage": USAGE,
            "details": {"private words": [1]},
        },
    )


def evidence(trace: TraceWriter, turn: int, index: int, expert: str, query: str, **fields: Json) -> None:
    known: dict[str, Json] = {
        "turn": turn,
        "call": index,
        "expert": expert,
        "skill": None,
        "query": query,
        "status": "ok",
        "text": "There are 24 coins.",
        "answer": "24",
        "confidence": 0.9,
        "seconds": 0.3,
        "attempts": 2,
        "usage": USAGE,
        "details": {"private words": [1]},
    }
    trace.write("evidence", {**known, **fields})


def finish(trace: TraceWriter, answer: str | None = "24", reason: str = "answered") -> None:
    trace.write("run_finished", {"answer": answer, "stop_reason": reason, "usage": USAGE, "seconds": 1.5})


def whole_run(trace: TraceWriter, question: str = "How many coins are there?") -> None:
    start(trace, question)
    decide(trace, 0, ("counter", None, question))
    call(trace, 0, 0, "counter", question)
    decide(trace, 1, kind="answer", answer="24", text="<answer>24</answer>")
    finish(trace)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]

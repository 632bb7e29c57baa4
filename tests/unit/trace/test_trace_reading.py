"""Traces are read back typed and whole, also when they were killed, cut, resumed, damaged or old."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trace_parts import RUN, call, decide, evidence, finish, request, start, whole_run, writer

from maestro_graph import TraceError, read_trace
from maestro_graph.evidence import Usage
from maestro_graph.routers import TokenRecord
from maestro_graph.trace import MIGRATIONS, TRACE_SCHEMA, RunTrace


def one(path: Path) -> RunTrace:
    (run,) = read_trace(path)
    return run


def test_a_run_comes_back_with_all_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    whole_run(writer(path))
    run = one(path)
    assert (run.run, run.question, run.answer, run.stop_reason, run.complete) == (
        RUN,
        "How many coins are there?",
        "24",
        "answered",
        True,
    )
    assert (run.registry, run.router, run.experts, run.skills) == (
        "embedded",
        "EncoderRouter",
        ("counter", "reader"),
        ("Counting",),
    )
    assert (run.usage, run.seconds, run.budget) == (Usage(1, 10, 2, 0.5), 1.5, {"max_turns": 4})
    first, second = run.turns
    assert (first.kind, first.info["why"], second.kind, second.answer) == ("calls", "nearest card", "answer", "24")
    (asked,) = first.calls
    assert (asked.name, asked.status, asked.text, asked.confidence) == ("counter", "ok", "There are 24 coins.", 0.9)
    assert asked.started is not None
    (sent,) = asked.requests
    assert (sent.instructions, sent.images, sent.evidence, sent.attempts) == (
        "Count twice.",
        ("b" * 64,),
        ("reader: a private word",),
        2,
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.answer = "25"  # type: ignore[misc]


def test_token_records_come_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    tokens = {"prompt_ids": [1, 2], "sampled_ids": [3], "logprobs": [-0.25], "temperature": 1.0, "masked": True}
    decide(trace, 0, kind="answer", answer="x", tokens=tokens)
    assert one(path).turns[0].tokens == TokenRecord(
        prompt_ids=(1, 2), sampled_ids=(3,), logprobs=(-0.25,), temperature=1.0, masked=True
    )


def test_parallel_calls_and_steps_of_a_skill_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    decide(trace, 0, ("counter", "Counting", "count"), ("reader", None, "read"))
    trace.write("call_started", {"turn": 0, "call": 0, "expert": "counter", "skill": "Counting", "query": "count"})
    call(trace, 0, 1, "reader", "read", status="refused", text="no text", answer=None)
    trace.write(
        "skill", {"what": "perception", "turn": 0, "call": 0, "fields": {"kind": "ocr", "text": "seen", "status": "ok"}}
    )
    request(trace, 0, 0, "counter", "first")
    request(trace, 0, 0, "counter", "second")
    evidence(trace, 0, 0, "counter", "count", skill="Counting")
    counting, reading = one(path).turns[0].calls
    assert counting.name == "counter@@Counting"
    assert [item.question for item in counting.requests] == ["first", "second"]
    assert [(step.what, step.fields["text"]) for step in counting.steps] == [("perception", "seen")]
    assert (reading.status, len(reading.requests), reading.steps) == ("refused", 1, ())


def test_several_runs_in_one_file_that_were_written_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    first, second = writer(path, "one"), writer(path, "two")
    start(first, "A?")
    start(second, "B?")
    decide(second, 0, kind="answer", answer="b")
    decide(first, 0, kind="answer", answer="a")
    finish(second, "b")
    finish(first, "a")
    assert [(run.run, run.question, run.answer) for run in read_trace(path)] == [
        ("one", "A?", "a"),
        ("two", "B?", "b"),
    ]


def test_a_killed_run_reads_as_far_as_it_got(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    decide(trace, 0, ("counter", None, "count"))
    trace.write("call_started", {"turn": 0, "call": 0, "expert": "counter", "skill": None, "query": "count"})
    run = one(path)
    assert (run.complete, run.answer, run.stop_reason) == (False, None, None)
    assert run.turns[0].calls[0].status is None
    assert run.turns[0].calls[0].started is not None
    assert run.usage == Usage(1, 10, 2, 0.5)  # of the decision, which is all that is known
    assert run.seconds is not None


def test_every_cut_of_a_file_loses_only_what_is_behind_it(tmp_path: Path) -> None:
    path, cut = tmp_path / "t.jsonl", tmp_path / "cut.jsonl"
    whole_run(writer(path))
    data = path.read_bytes()
    ends = [index for index, byte in enumerate(data) if byte == 10]
    around = {end + step for end in ends[:-1] for step in (-1, 0, 1, 2)}
    for at in sorted({*range(1, len(data) - 1, 37), *around}):
        cut.write_bytes(data[:at])
        whole_lines = sum(end <= at for end in ends)  # without its line end a line is whole still
        if whole_lines == 0:
            with pytest.raises(TraceError, match="no record"):
                read_trace(cut)
            continue
        run = one(cut)
        assert not run.complete
        assert run.question == "How many coins are there?"
        assert len(run.turns) == (0 if whole_lines < 2 else 1 if whole_lines < 6 else 2)
        assert run.damaged == int(at - 1 not in ends and at not in ends)


def test_a_record_behind_a_cut_line_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    decide(trace, 0, ("counter", None, "count"))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 30)  # killed while it wrote its decision
    decide(trace, 0, ("counter", None, "count"))
    call(trace, 0, 0, "counter", "count")
    decide(trace, 1, kind="answer", answer="24")
    finish(trace)
    run = one(path)
    assert (run.damaged, run.complete, len(run.turns)) == (1, True, 2)


def test_a_turn_that_a_resumed_run_took_again_replaces_the_first(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    decide(trace, 0, ("reader", None, "first"))
    decide(trace, 0, ("counter", None, "second"))
    call(trace, 0, 0, "counter", "second")
    decide(trace, 1, kind="answer", answer="24")
    finish(trace)
    run = one(path)
    assert run.complete
    assert [item.expert for item in run.calls] == ["counter"]
    assert [turn.calls[0].expert for turn in run.discarded] == ["reader"]


def test_a_missing_piece_of_a_finished_run_makes_it_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    whole_run(writer(path))
    lines = path.read_bytes().splitlines(keepends=True)
    for missing in range(len(lines)):
        if b'"event": "request"' in lines[missing]:
            continue
        path.write_bytes(b"".join(line for number, line in enumerate(lines) if number != missing))
        expected = b'"event": "call_started"' in lines[missing]  # the evidence says all of it again
        assert one(path).complete is expected, lines[missing]


def test_a_run_that_could_not_start_says_why(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    writer(path).write("run_failed", {"question": "What?", "error": "ImageError: image 'x': no such file"})
    run = one(path)
    assert (run.question, run.error, run.answer, run.complete) == (
        "What?",
        "ImageError: image 'x': no such file",
        None,
        True,
    )


def test_an_unreachable_router_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    trace.write("router_failed", {"status": "unreachable", "problem": "connection refused"})
    finish(trace, None, "router_failed")
    assert one(path).router_failure == ("unreachable", "connection refused")


@pytest.mark.parametrize(
    "line",
    [
        b'{"schema": 1, "event": "decision", "run": "RUN", "turn": "first"}',
        b'{"schema": 1, "event": "decision", "run": "RUN", "turn": 1e999, "kind": "calls"}',
        b'{"schema": 1, "event": "evidence", "run": "RUN", "turn": 0, "call": 0}',
        b'{"schema": 1, "event": "run_finished", "run": "RUN", "answer": 24, "stop_reason": "answered"}',
        b'{"schema": 1, "event": "run_started", "run": "RUN", "images": 7}',
        b'{"schema": 1, "event": "skill", "run": "RUN", "turn": 0, "call": 0}',
        b'{"schema": 1, "event": "request", "run": "RUN", "turn": 0, "call": 0, "expert": "x", "images": [1]}',
        b'"a text"',
        b"[1, 2]",
        b"\x00\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_record_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace)
    with path.open("ab") as file:
        file.write(line.replace(b"RUN", RUN.encode()) + b"\n")
    decide(trace, 0, kind="answer", answer="24")
    finish(trace)
    run = one(path)
    assert (run.damaged, run.answer, len(run.turns)) == (1, "24", 1)


def test_events_of_a_later_release_with_the_same_schema_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    trace.write("something_new", {"turn": "not even a number"})
    whole_run(trace)
    assert (one(path).complete, one(path).damaged) == (True, 0)


@given(text=st.text(st.characters(codec=None, exclude_categories=[]), max_size=40))
def test_any_text_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("trace") / "t.jsonl"
    trace = writer(path)
    start(trace, f"{text}\u2028\u0085\x1e?")
    finish(trace, text)
    run = one(path)
    assert (run.question, run.answer) == (f"{text}\u2028\u0085\x1e?", text)
    path.read_bytes().decode("utf-8")  # whatever was written, the file is valid UTF-8


def test_a_folder_is_read_oldest_file_first(tmp_path: Path) -> None:
    for age, run in ((20, "late"), (40, "early")):
        whole_run(writer(tmp_path, run))
        os.utime(tmp_path / f"{run}.jsonl", (1_000_000_000 - age, 1_000_000_000 - age))
    (tmp_path / "notes.txt").write_text("no trace")
    assert [run.run for run in read_trace(tmp_path)] == ["early", "late"]


def test_files_that_are_no_traces_are_refused(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jsonl"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    with pytest.raises(TraceError, match="holds no record of a trace"):
        read_trace(picture)
    with pytest.raises(TraceError, match="there is no trace"):
        read_trace(tmp_path / "nowhere.jsonl")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(TraceError, match="is no file"):
        read_trace(pipe)
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert read_trace(empty) == []


def test_a_trace_of_version_0_is_brought_up_to_date(tmp_path: Path) -> None:
    digest = "c" * 64
    lines = [
        {"type": "run_started", "run": "old", "time": 1.0, "question": "What?", "images": ["coins.png"]},
        {
            "type": "decision",
            "run": "old",
            "time": 2.0,
            "turn": 0,
            "kind": "answer",
            "answer": "this",
            "ms": 1500,
        },
        {"type": "run_finished", "run": "old", "time": 3.0, "answer": "this", "stop_reason": "answered", "ms": 2000},
        {"type": "run_started", "run": "older", "time": 1.0, "question": "?", "images": [{"sha256": digest}]},
    ]
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run, second = read_trace(path)
    assert (run.question, run.answer, run.seconds, run.complete) == ("What?", "this", 2.0, True)
    assert (run.images[0].ref, run.images[0].sha256, run.turns[0].seconds) == ("coins.png", "", 1.5)
    assert second.images[0].sha256 == digest


def test_migrations_are_applied_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.jsonl"
    whole_run(writer(path))
    monkeypatch.setattr("maestro_graph.trace._schema.TRACE_SCHEMA", TRACE_SCHEMA + 2)
    for step, mark in ((TRACE_SCHEMA, "1"), (TRACE_SCHEMA + 1, "2")):
        monkeypatch.setitem(MIGRATIONS, step, lambda record, mark=mark: {**record, "run": record["run"] + mark})
    assert one(path).run == f"{RUN}12"
    monkeypatch.delitem(MIGRATIONS, TRACE_SCHEMA + 1)
    with pytest.raises(TraceError, match="older release"):
        read_trace(path)


def test_a_newer_schema_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"schema": TRACE_SCHEMA + 1, "event": "run_started", "run": "x"}) + "\n")
    with pytest.raises(TraceError, match=r"line 1: written with trace schema 2.*pip install --upgrade"):
        read_trace(path)
    path.write_text(json.dumps({"schema": "one", "event": "run_started", "run": "x"}) + "\n")
    with pytest.raises(TraceError, match="is no version"):
        read_trace(path)

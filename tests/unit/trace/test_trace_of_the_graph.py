"""The trace that the graph writes: one whole one as a snapshot, and nothing that a reader would miss."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from scripted import ScriptedExpert, ScriptedRouter, ScriptedSkill
from trace_parts import records

from maestro_graph import (
    Answer,
    CallExpert,
    CallFailure,
    CallSkill,
    ExpertReply,
    ImageError,
    ImageStore,
    MaestroContext,
    Malformed,
    Registry,
    TraceSettings,
    Usage,
    compile_maestro,
    read_trace,
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    counter = ScriptedExpert("counter", ExpertReply(text="I see 24.", answer="24", confidence=0.9, details={"n": [24]}))
    return Registry(
        "scripted",
        experts=[counter, ScriptedExpert("reader", CallFailure("refused", "there is no text"))],
        skills=[ScriptedSkill("counting", times=2)],
        images=ImageStore(tmp_path / "store"),
    )


def router() -> ScriptedRouter:
    return ScriptedRouter(
        Malformed("<search what", "no closing bracket"),
        (CallSkill("counter", "Counting", "count them"), CallExpert("reader", "read it")),
        Answer("24"),
        usage=Usage(1, 100, 10, 0.001),
    )


def steady(record: dict[str, object]) -> dict[str, object]:
    """A record without what differs from run to run."""
    return {name: 0 if name in {"time", "seconds"} else "RUN" if name == "run" else v for name, v in record.items()}


def test_one_whole_trace(registry: Registry, tmp_path: Path, snapshot: Callable[[str, str], None]) -> None:
    Image.new("RGB", (30, 20), "teal").save(tmp_path / "dots.bmp")
    path = tmp_path / "t.jsonl"
    context = MaestroContext(trace=path, use_cache=False)
    out = compile_maestro(registry, router()).invoke(
        {"question": "How many?", "images": [str(tmp_path / "dots.bmp")]}, context=context
    )
    (run,) = read_trace(path)
    assert run.complete
    assert (run.answer, run.usage, len(run.calls)) == (out["answer"], Usage(**out["usage"]), len(out["turns"]))
    assert [len(call.requests) for call in run.calls] == [2, 1]
    lines = [json.dumps(steady(record)).replace(str(tmp_path), "FOLDER") for record in records(path)]
    # Calls of one turn run side by side: their records come in any order.
    ordered = sorted(enumerate(lines), key=lambda item: (_place(item[1]), item[0]))
    snapshot("trace.jsonl", "\n".join(line for _, line in ordered))


def _place(line: str) -> tuple[int, int]:
    record = json.loads(line)
    order = {"run_started": -1, "run_finished": 99}
    return order.get(record["event"], record.get("turn", 0)), record.get("call", -1)


def test_a_cancelled_run_keeps_what_there_was(registry: Registry, tmp_path: Path) -> None:
    slow = ScriptedExpert("slow", delay_s=60)
    registry.add_expert(slow)
    path = tmp_path / "t.jsonl"
    graph = compile_maestro(registry, ScriptedRouter(CallExpert("slow", "wait")))

    async def cancelled() -> None:
        running = asyncio.ensure_future(graph.ainvoke({"question": "?"}, context=MaestroContext(trace=path)))
        await asyncio.to_thread(slow.entered.wait, 30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert slow.cancelled == 1
    (run,) = read_trace(path)
    assert (run.complete, run.calls[0].expert, run.calls[0].status) == (False, "slow", None)


def test_concurrent_runs_share_a_file(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    graph = compile_maestro(registry, router(), context=MaestroContext(trace=path, use_cache=False))

    async def several() -> None:
        await asyncio.gather(*(graph.ainvoke({"question": f"{number}?"}) for number in range(8)))

    asyncio.run(several())
    runs = read_trace(path)
    assert sorted(run.question or "" for run in runs) == [f"{number}?" for number in range(8)]
    assert all(run.complete and not run.damaged for run in runs)


def test_pictures_are_copied_and_texts_left_out_as_the_settings_say(registry: Registry, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "teal").save(tmp_path / "dots.png")
    settings = TraceSettings(path=tmp_path / "traces", texts=False, pictures="copy")
    compile_maestro(registry, router()).invoke(
        {"question": "How many?", "images": [str(tmp_path / "dots.png")]}, context=MaestroContext(trace=settings)
    )
    (run,) = read_trace(settings.path)
    assert (run.complete, run.question, run.lengths["question"]) == (True, None, 9)
    assert (settings.path / "pictures" / run.images[0].sha256).read_bytes() == (tmp_path / "dots.png").read_bytes()
    text = "".join(path.read_text() for path in settings.path.glob("*.jsonl"))
    for said in ("How many", "count them", "I see 24", "there is no text", "closing bracket", '"24"'):
        assert said not in text


def test_a_picture_that_cannot_be_opened_is_in_the_trace(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(ImageError):
        compile_maestro(registry, router()).invoke(
            {"question": "How many?", "images": [str(tmp_path / "nowhere.png")]}, context=MaestroContext(trace=path)
        )
    (run,) = read_trace(path)
    assert run.question == "How many?"
    assert "there is no such file" in (run.error or "")

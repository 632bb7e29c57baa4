"""In a host's hands: streams, contexts, checkpoints, cancellation."""

from __future__ import annotations

import asyncio
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from scripted import RecordingModel, ScriptedExpert, ScriptedRouter, ScriptedSkill, ask

from maestro_graph import (
    Answer,
    CallSkill,
    ChatExpert,
    ExpertCard,
    MaestroContext,
    MaestroError,
    Registry,
    compile_maestro,
    create_maestro_graph,
)
from maestro_graph.graph import _clock, _run
from maestro_graph.routers.chat import ChatRouter


class Host(TypedDict, total=False):
    """A state that shares three names with Maestro's."""

    ticket: str
    question: str
    answer: str
    log: Annotated[list[str], operator.add]


def host(graph: Any, **options: Any) -> Any:
    app = StateGraph(Host, **options)
    app.add_node("intake", lambda case: {"question": f"about {case['ticket']}", "log": ["in"]})
    app.add_node("maestro", graph)
    app.add_node("outtake", lambda case: {"log": [f"out {case['answer']}"]})
    app.add_edge(START, "intake")
    app.add_edge("intake", "maestro")
    app.add_edge("maestro", "outtake")
    app.add_edge("outtake", END)
    return app


def two_calls() -> tuple[Registry, ScriptedRouter]:
    registry = Registry(experts=[ScriptedExpert("a"), ScriptedExpert("b")], skills=[ScriptedSkill("plan")])
    return registry, ScriptedRouter([*ask("a"), CallSkill("b", "Plan", "x")], Answer("done"))


async def events(app: Any, form: str, given: Any, **options: Any) -> list[Any]:
    if form == "sync":
        return list(app.stream(given, **options))
    return [event async for event in app.astream(given, **options)]


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_custom_events_reach_a_parent(form: str) -> None:
    app = host(create_maestro_graph(*two_calls()).compile()).compile()
    seen = await events(app, form, {"ticket": "T"}, stream_mode="custom", subgraphs=True)
    assert all(len(space) == 1 and space[0].startswith("maestro:") for space, _ in seen)
    said = [event for _, event in seen]
    assert {event["type"] for event in said} == {"maestro"}
    assert len({event["run"] for event in said}) == 1
    kinds = [event["event"] for event in said]
    assert kinds[:2] == ["run_started", "decision"]
    assert sorted(kinds[2:6]) == ["call_started", "call_started", "evidence", "evidence"]
    assert kinds[6:] == ["decision", "run_finished"]
    assert {(event["expert"], event["skill"]) for event in said if event["event"] == "evidence"} == {
        ("a", None),
        ("b", "Plan"),
    }


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_updates_come_node_by_node(form: str) -> None:
    app = host(create_maestro_graph(*two_calls()).compile()).compile()
    seen = await events(app, form, {"ticket": "T"}, stream_mode="updates", subgraphs=True)
    inner = [next(iter(update)) for space, update in seen if space]
    assert (inner[0], inner[-2:]) == ("router", ["router", "terminate"])
    assert sorted(inner[1:3]) == ["expert_call", "skill_call"]
    outer = [update for space, update in seen if not space]
    assert [next(iter(update)) for update in outer] == ["intake", "maestro", "outtake"]
    assert outer[2] == {"outtake": {"log": ["out done"]}}


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_messages_of_models_within_reach_a_parent(form: str) -> None:
    replies = iter(["<search> a: x </search>", "<answer> done </answer>"])
    router = ChatRouter(RecordingModel(answer=lambda messages: next(replies)))
    expert = ChatExpert(RecordingModel(answer=lambda messages: "Answer: 3"), ExpertCard(name="a", description="d"))
    app = host(create_maestro_graph(Registry(experts=[expert]), router).compile()).compile()
    seen = await events(app, form, {"ticket": "T"}, stream_mode="messages", subgraphs=True)
    said = [(meta["langgraph_node"], message.text) for _, (message, meta) in seen]
    assert said[:3] == [
        ("router", "<search> a: x </search>"),
        ("expert_call", "Answer: 3"),
        ("router", "<answer> done </answer>"),
    ]
    assert ("terminate", "done") in said[3:]


def turns(app: Any, given: Any, **options: Any) -> int:
    """How many calls a run made: what its context's `max_turns` allowed."""
    return sum(event["event"] == "evidence" for event in app.stream(given, stream_mode="custom", **options))


def endless() -> tuple[Registry, ScriptedRouter]:
    return Registry(experts=[ScriptedExpert("a")]), ScriptedRouter(ask("a"))


def test_contexts_of_a_run() -> None:
    graph = compile_maestro(*endless(), context=MaestroContext(max_turns=2))
    question = {"question": "q"}
    assert turns(graph, question) == 2
    assert turns(graph, question, context=MaestroContext(max_turns=3)) == 3
    assert turns(graph, question, context={"max_turns": 1}) == 1


class HostContext(TypedDict, total=False):
    user: str
    maestro: Any


def test_contexts_of_a_parent() -> None:
    inner = create_maestro_graph(*endless(), context=MaestroContext(max_turns=2)).compile()
    app = host(inner, context_schema=HostContext).compile()

    def count(**options: Any) -> int:
        seen = app.stream({"ticket": "T"}, stream_mode="custom", subgraphs=True, **options)
        return sum(event["event"] == "evidence" for _, event in seen)

    assert count() == 2
    assert count(context={"user": "u"}) == 2
    assert count(context={"user": "u", "maestro": MaestroContext(max_turns=1)}) == 1
    assert count(context={"maestro": {"max_turns": 3}}) == 3
    with pytest.raises(MaestroError, match=r"\['max_turn'\]; its settings are .*'max_turns'"):
        count(context={"maestro": {"max_turn": 3}})
    with pytest.raises(MaestroError, match="is a int"):
        count(context={"maestro": 3})


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_turns", 0), ("max_calls", -1), ("deadline_s", 0.0), ("deadline_s", float("nan")), ("max_cost", 0.0)],
)
def test_contexts_that_make_no_sense(name: str, value: Any) -> None:
    with pytest.raises(MaestroError, match=f"{name} is {value!r}; it must be"):
        MaestroContext(**{name: value})


def test_a_parent_inspects_the_run_of_its_thread() -> None:
    registry, router = two_calls()
    app = host(create_maestro_graph(registry, router).compile(interrupt_before=["terminate"])).compile(
        checkpointer=InMemorySaver()
    )
    thread = {"configurable": {"thread_id": "t"}}
    app.invoke({"ticket": "T"}, thread)
    inner = app.get_state(thread, subgraphs=True).tasks[0].state.values
    assert [item["expert"] for item in inner["evidence"]] == ["a", "b"]
    assert app.invoke(None, thread)["log"] == ["in", "out done"]
    assert len(router.views) == 2


def test_state_is_plain_enough_for_strict_checkpoints(tmp_path: Path) -> None:
    """`LANGGRAPH_STRICT_MSGPACK` is read at import: in a process of its own."""
    script = """
from langgraph.checkpoint.memory import InMemorySaver
from langchain_core.messages import HumanMessage
from scripted import *
from maestro_graph import *
router = ScriptedRouter(ask("a", "b"), Malformed("x", "y"), [CallSkill("a", "Plan", "x")], Answer("done"))
registry = Registry(experts=[ScriptedExpert("a"), ScriptedExpert("b")], skills=[ScriptedSkill("plan")])
graph = compile_maestro(registry, router, checkpointer=InMemorySaver(), interrupt_before=["terminate"])
thread = {"configurable": {"thread_id": "t"}}
graph.invoke({"messages": [HumanMessage("q")]}, thread)
print(graph.invoke(None, thread)["answer"])
"""
    tests = Path(__file__).parents[2]
    environment = {**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true", "PYTHONPATH": str(tests)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "done"
    assert "unregistered" not in done.stderr.lower()
    assert "blocked" not in done.stderr.lower()


async def test_cancelling_a_run_cancels_its_calls() -> None:
    slow = [ScriptedExpert("a", delay_s=60), ScriptedExpert("b", delay_s=60)]
    graph = compile_maestro(Registry(experts=slow), ScriptedRouter(ask("a", "b")))
    run = asyncio.create_task(graph.ainvoke({"question": "q"}))
    while not all(expert.active for expert in slow):
        await asyncio.sleep(0.001)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert [(expert.active, expert.cancelled) for expert in slow] == [(0, 1), (0, 1)]


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_an_interrupt_of_a_synchronous_run_cancels_its_calls(names: tuple[str, ...]) -> None:
    slow = {name: ScriptedExpert(name, delay_s=60) for name in names}
    graph = compile_maestro(Registry(experts=slow.values()), ScriptedRouter(ask(*names)))
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        for expert in slow.values():
            expert.entered.wait()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        graph.invoke({"question": "q"})
    until = time.monotonic() + 10
    while any(expert.active for expert in slow.values()) and time.monotonic() < until:
        time.sleep(0.001)
    assert [(expert.active, expert.cancelled) for expert in slow.values()] == [(0, 1)] * len(names)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_leaves_the_handler_of_interrupts_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    compile_maestro(*two_calls()).invoke({"question": "q"})
    assert signal.getsignal(signal.SIGINT) is before


def test_many_runs_in_threads_and_loops_do_not_mix() -> None:
    registry = Registry(experts=[ScriptedExpert("a", lambda request: request.question, delay_s=0.001)])
    router = ScriptedRouter(
        lambda view: ask("a", query=view.question), lambda view: Answer(view.evidence[-1].text.upper())
    )
    graph = compile_maestro(registry, router)
    found: dict[str, Any] = {}

    def synchronous(name: str) -> None:
        found[name] = graph.invoke({"question": name})["answer"]

    def asynchronous(name: str) -> None:
        async def both() -> None:
            for key in (name, name + "x"):
                found[key] = (await graph.ainvoke({"question": key}))["answer"]

        asyncio.run(both())

    threads = [threading.Thread(target=synchronous, args=(f"s{n}",)) for n in range(6)]
    threads += [threading.Thread(target=asynchronous, args=(f"a{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 18
    assert all(answer == name.upper() for name, answer in found.items())


@pytest.mark.parametrize("node", ["expert_call", "router", "terminate"])
def test_a_human_who_thinks_does_not_use_up_the_deadline(node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offset = 0.0
    now = time.monotonic
    for module in (_clock, _run):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now() + offset))
    registry, router = Registry(experts=[ScriptedExpert("a")]), ScriptedRouter(ask("a"), Answer("done"))
    app = compile_maestro(registry, router, checkpointer=InMemorySaver(), interrupt_before=[node])
    thread: Any = {"configurable": {"thread_id": "1"}}
    context, said = MaestroContext(deadline_s=100), list[Any]()
    given: Any = {"question": "what?"}
    for _ in range(4):
        said += list(app.stream(given, thread, context=context, stream_mode="custom"))
        given, offset = None, offset + 1000
        if not app.get_state(thread).next:
            break
    values = app.get_state(thread).values
    assert (values["answer"], values["stop_reason"]) == ("done", "answered")
    assert [turn["status"] for turn in values["turns"]] == ["ok"]
    assert said[-1]["event"] == "run_finished"
    assert said[-1]["seconds"] < 100

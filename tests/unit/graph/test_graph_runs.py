"""The state machine: sync and async alike, fan-out, budgets, repairs, live changes, threads, hosts."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image
from scripted import RecordingModel, ScriptedExpert, ScriptedRouter, ScriptedSkill, ask

from maestro_graph import (
    Answer,
    CallExpert,
    CallFailure,
    CallSkill,
    ExpertReply,
    ImageError,
    ImageStore,
    MaestroContext,
    MaestroError,
    Malformed,
    Registry,
    Usage,
    compile_maestro,
    ingest,
)
from maestro_graph.images import ingest_messages

Run = Callable[..., Any]


async def in_loop(graph: Any, *args: Any, **options: Any) -> Any:
    """`invoke` while an event loop runs in this thread, as in Jupyter."""
    return graph.invoke(*args, **options)


@pytest.fixture(params=["invoke", "ainvoke", "invoke in a loop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a graph in each of its forms."""

    def call(graph: Any, *args: Any, **options: Any) -> Any:
        if request.param == "invoke":
            return graph.invoke(*args, **options)
        work = graph.ainvoke if request.param == "ainvoke" else lambda *a, **o: in_loop(graph, *a, **o)
        return asyncio.run(work(*args, **options))

    return call


def registry(*experts: Any, **options: Any) -> Registry:
    return Registry(experts=experts, **options)


def reply(answer: str, confidence: float | None = None, **options: Any) -> ExpertReply:
    return ExpertReply(text=f"I think: {answer}", answer=answer, confidence=confidence, **options)


def test_every_form_gives_the_same(run: Run) -> None:
    priced = {"price": {"input": 2.0, "output": 10.0}}
    usage = Usage(calls=1, input_tokens=1000, output_tokens=100)
    experts = (
        ScriptedExpert("a", reply("5", usage=usage), card=priced),
        ScriptedExpert("b", CallFailure("refused", "no")),
    )
    router = ScriptedRouter(ask("a", "b"), CallSkill("a", "Plan", "again"), Answer("five"), usage=Usage(calls=1))
    out = run(compile_maestro(registry(*experts, skills=[ScriptedSkill("plan", times=2)]), router), {"question": "q"})
    assert set(out) == {"answer", "stop_reason", "turns", "usage", "messages"}
    assert (out["answer"], out["stop_reason"]) == ("five", "answered")
    assert [message.content for message in out["messages"]] == ["five"]
    assert out["usage"] == {"calls": 6, "input_tokens": 3000, "output_tokens": 300, "cost": pytest.approx(0.009)}
    for turn in out["turns"]:
        assert turn.pop("seconds") >= 0
    assert out["turns"] == [
        {
            "turn": 0,
            "expert": "a",
            "skill": None,
            "query": "what?",
            "evidence": "I think: 5",
            "answer": "5",
            "confidence": None,
            "status": "ok",
        },
        {
            "turn": 0,
            "expert": "b",
            "skill": None,
            "query": "what?",
            "evidence": "no",
            "answer": None,
            "confidence": None,
            "status": "refused",
        },
        {
            "turn": 1,
            "expert": "a",
            "skill": "Plan",
            "query": "again",
            "evidence": "I think: 5",
            "answer": "5",
            "confidence": None,
            "status": "ok",
        },
    ]


def test_calls_of_a_turn_run_at_once(run: Run) -> None:
    both = [asyncio.Event(), asyncio.Event()]

    class Meets(ScriptedExpert):
        """Replies only once the other one is being asked too."""

        def __init__(self, name: str, mine: int) -> None:
            super().__init__(name)
            self.mine = mine

        async def ask(self, request: Any) -> ExpertReply:
            both[self.mine].set()
            await both[1 - self.mine].wait()
            return reply(self.card.name)

    router = ScriptedRouter(ask("a", "b"), Answer("met"))
    graph = compile_maestro(registry(Meets("a", 0), Meets("b", 1)), router)
    out = run(graph, {"question": "q"}, context={"deadline_s": 20})
    assert [turn["answer"] for turn in out["turns"]] == ["a", "b"]
    assert [item.expert for item in router.views[1].evidence] == ["a", "b"]


def test_turns_run_out(run: Run) -> None:
    router = ScriptedRouter(ask("a"))
    graph = compile_maestro(
        registry(ScriptedExpert("a", reply("low", 0.2), reply("high", 0.9), reply("mid", 0.5))), router
    )
    out = run(graph, {"question": "q"}, context=MaestroContext(max_turns=3))
    assert (out["stop_reason"], out["answer"]) == ("max_turns", "high")
    assert [view.turns_left for view in router.views] == [3, 2, 1]


def test_calls_run_out_and_those_beyond_are_skipped(run: Run) -> None:
    expert = ScriptedExpert("a", reply("one"))
    router = ScriptedRouter(ask("a"), ask("a", "a", "a"), Answer("x"))
    out = run(compile_maestro(registry(expert), router), {"question": "q"}, context={"max_calls": 2})
    assert [turn["status"] for turn in out["turns"]] == ["ok", "ok", "skipped", "skipped"]
    assert "budget of 2 calls" in out["turns"][2]["evidence"]
    assert len(expert.requests) == 2
    assert out["stop_reason"] == "answered"
    out = run(compile_maestro(registry(expert), ScriptedRouter(ask("a"))), {"question": "q"}, context={"max_calls": 1})
    assert (out["stop_reason"], out["answer"]) == ("max_calls", "one")


def test_cost_runs_out(run: Run) -> None:
    expert = ScriptedExpert(
        "a", reply("7", usage=Usage(calls=1, output_tokens=500_000)), card={"price": {"output": 1.0}}
    )
    out = run(compile_maestro(registry(expert), ScriptedRouter(ask("a"))), {"question": "q"}, context={"max_cost": 0.9})
    assert (out["stop_reason"], out["answer"], len(expert.requests)) == ("max_cost", "7", 2)


def test_the_deadline_ends_a_call_and_the_run(run: Run) -> None:
    slow = ScriptedExpert("slow", delay_s=60)
    graph = compile_maestro(registry(ScriptedExpert("a", reply("8")), slow), ScriptedRouter(ask("a"), ask("slow")))
    out = run(graph, {"question": "q"}, context={"deadline_s": 0.3})
    assert (out["stop_reason"], out["answer"]) == ("deadline", "8")
    assert out["turns"][1]["status"] == "timeout"
    assert (slow.active, slow.cancelled) == (0, 1)


def test_the_deadline_ends_a_router(run: Run) -> None:
    router = ScriptedRouter(Answer("never"), delay_s=60)
    out = run(compile_maestro(registry(ScriptedExpert("a")), router), {"question": "q"}, context={"deadline_s": 0.1})
    assert (out["stop_reason"], out["answer"]) == ("deadline", None)
    assert out["messages"][0].content == "No answer was found (deadline)."


def test_an_expert_has_a_time_of_its_own(run: Run) -> None:
    slow = ScriptedExpert("slow", delay_s=60, card={"timeout_s": 0.05})
    out = run(compile_maestro(registry(slow), ScriptedRouter(ask("slow"), Answer("on"))), {"question": "q"})
    assert (out["turns"][0]["status"], out["answer"]) == ("timeout", "on")
    assert "0.05 s" in out["turns"][0]["evidence"]


BAD = Malformed("gibberish", "it holds no tag")


def test_a_malformed_turn_can_be_repaired_again_and_again(run: Run) -> None:
    router = ScriptedRouter(BAD, ask("a"), BAD, Answer("ok"))
    out = run(compile_maestro(registry(ScriptedExpert("a")), router), {"question": "q"}, context={"max_turns": 8})
    assert (out["stop_reason"], out["answer"]) == ("answered", "ok")
    assert router.views[1].history[0].decision == BAD


def test_two_malformed_turns_in_a_row_end_the_run(run: Run) -> None:
    router = ScriptedRouter(ask("a"), BAD)
    out = run(compile_maestro(registry(ScriptedExpert("a", reply("3"))), router), {"question": "q"})
    assert (out["stop_reason"], out["answer"], len(router.views)) == ("malformed", "3", 3)


def test_a_router_that_cannot_be_reached(run: Run) -> None:
    router = ScriptedRouter(ask("a"), CallFailure("unreachable", "no route"))
    out = run(compile_maestro(registry(ScriptedExpert("a", "It is\nnine")), router), {"question": "q"})
    assert (out["stop_reason"], out["answer"]) == ("router_failed", "nine")


def test_a_router_that_gives_up(run: Run) -> None:
    out = run(compile_maestro(registry(), ScriptedRouter([])), {"question": "q"})
    assert (out["stop_reason"], out["answer"], out["turns"]) == ("no_action", None, [])


def test_a_failing_router_is_tried_again(run: Run) -> None:
    failures = iter([CallFailure("failed", "HTTP 500", retry=True), CallFailure("failed", "HTTP 500", retry=True)])

    def sometimes(view: Any) -> Any:
        return next(failures, Answer("at last"))

    out = run(compile_maestro(registry(), ScriptedRouter(sometimes)), {"question": "q"})
    assert (out["stop_reason"], out["answer"]) == ("answered", "at last")


def test_many_turns_need_no_recursion_limit(run: Run) -> None:
    router = ScriptedRouter(*[ask("a")] * 60, Answer("end"))
    graph = compile_maestro(registry(ScriptedExpert("a")), router)
    assert run(graph, {"question": "q"}, context={"max_turns": 99, "max_calls": 99})["answer"] == "end"


def test_the_registry_may_change_between_turns(run: Run) -> None:
    live = registry(ScriptedExpert("old"), ScriptedExpert("other"))

    def change(view: Any) -> Any:
        live.remove_expert("old")
        live.add_expert(ScriptedExpert("new", reply("fresh")))
        return ask("new", "old")

    router = ScriptedRouter(ask("old"), change, Answer("x"))
    out = run(compile_maestro(live, router), {"question": "q"})
    assert [(turn["expert"], turn["status"]) for turn in out["turns"]] == [
        ("old", "ok"),
        ("new", "ok"),
        ("old", "refused"),
    ]
    assert "removed meanwhile" in out["turns"][2]["evidence"]
    assert "'new', 'other'" in out["turns"][2]["evidence"]


def test_skills_see_through_the_call_layer(run: Run) -> None:
    expert = ScriptedExpert("a", CallFailure("failed", "500", retry=True), reply("1"), card={"price": {"input": 1}})
    eye = ScriptedExpert("blind", card={"abilities": ["read"]})
    live = registry(expert, eye, skills=[ScriptedSkill("plan", times=2)])
    assert live.actions() == (("a", None), ("a", "Plan"), ("blind", None))
    router = ScriptedRouter([CallSkill("a", "Plan", "x"), CallSkill("blind", "Plan", "x")], Answer("x"))
    out = run(compile_maestro(live, router), {"question": "q"})
    assert [turn["status"] for turn in out["turns"]] == ["ok", "refused"]
    assert out["turns"][1]["evidence"] == "blind cannot chat"
    assert router.views[1].evidence[0].attempts == 3


def test_bugs_propagate(run: Run) -> None:
    graph = compile_maestro(registry(ScriptedExpert("a", ZeroDivisionError("bug"))), ScriptedRouter(ask("a")))
    with pytest.raises(ZeroDivisionError, match="bug"):
        run(graph, {"question": "q"})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "question"),
        ({"question": "  "}, "question='  '"),
        ({"question": "q", "images": "coins.png"}, "coins.png"),
        ({"question": 5}, "question=5"),
    ],
)
def test_input_that_is_no_question_is_an_error(given: Any, words: str) -> None:
    graph = compile_maestro(registry(), ScriptedRouter(Answer("x")))
    with pytest.raises(MaestroError, match=words):
        graph.invoke(given)


def picture(path: Path) -> Path:
    Image.new("RGB", (32, 24), "green").save(path)
    return path


def test_pictures_reach_those_that_see(run: Run, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    seer, blind = ScriptedExpert("seer"), ScriptedExpert("blind", card={"modality": ["text"]})
    router = ScriptedRouter(ask("seer", "blind"), Answer("x"))
    graph = compile_maestro(registry(seer, blind, images=store), router)
    path = picture(tmp_path / "a.png")
    run(graph, {"question": "q", "images": [str(path), ingest(path.read_bytes(), store)]})
    assert [(image.width, image.height) for image in seer.requests[0].images] == [(32, 24)] * 2
    assert blind.requests[0].images == ()
    with pytest.raises(ImageError, match="nowhere"):
        run(graph, {"question": "q", "images": [str(tmp_path / "nowhere.png")]})


def test_a_second_question_in_the_same_thread(run: Run, tmp_path: Path) -> None:
    router = ScriptedRouter(ask("a"), lambda view: Answer(f"{view.question} {len(view.evidence)}"))
    graph = compile_maestro(
        registry(ScriptedExpert("a"), images=ImageStore(tmp_path / "s")), router, checkpointer=InMemorySaver()
    )
    path = str(picture(tmp_path / "a.png"))
    thread = {"configurable": {"thread_id": "1"}}
    first = run(graph, {"question": "one", "images": [path]}, thread)
    second = run(graph, {"question": "two"}, thread)
    third = run(graph, {"question": "two"}, thread)
    assert [out["answer"] for out in (first, second, third)] == ["one 1", "two 1", "two 1"]
    assert len(router.views[-1].images) == 1
    assert len(second["turns"]) == 1
    assert second["usage"] == first["usage"]


def test_a_chat_host(run: Run, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "s")
    data = picture(tmp_path / "a.png").read_bytes()
    [message] = ingest_messages(
        [
            HumanMessage(
                [
                    {"type": "text", "text": "what colour?"},
                    {"type": "image", "base64": _b64(data), "mime_type": "image/png"},
                ]
            )
        ],
        store,
    )
    router = ScriptedRouter(ask("a"), lambda view: Answer(f"{view.question} {len(view.images)}"))
    graph = compile_maestro(registry(ScriptedExpert("a"), images=store), router, checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    out = run(graph, {"messages": [message]}, thread)
    assert [type(item) for item in out["messages"]] == [HumanMessage, AIMessage]
    assert out["messages"][-1].content == "what colour? 1"
    out = run(graph, {"messages": [HumanMessage("and now?")]}, thread)
    assert out["messages"][-1].content == "and now? 1"
    assert len(out["messages"]) == 4


def test_a_chat_host_may_send_blocks_as_they_are(run: Run, tmp_path: Path) -> None:
    block = {"type": "image", "base64": _b64(picture(tmp_path / "a.png").read_bytes()), "mime_type": "image/png"}
    router = ScriptedRouter(lambda view: Answer(f"{len(view.images)}"))
    graph = compile_maestro(registry(images=ImageStore(tmp_path / "s")), router)
    out = run(graph, {"messages": [HumanMessage([{"type": "text", "text": "q"}, block])]})
    assert out["answer"] == "1"


def _b64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def test_best_evidence_of_a_text_only_expert(run: Run) -> None:
    model = RecordingModel(answer=lambda messages: "Well.\n**Answer:** 12 < 13")
    from maestro_graph import ChatExpert, ExpertCard

    expert = ChatExpert(model, ExpertCard(name="chat", description="d"))
    out = run(compile_maestro(registry(expert), ScriptedRouter(ask("chat"), [])), {"question": "q"})
    assert (out["answer"], out["usage"]["input_tokens"]) == ("12 < 13", 10)


def test_evidence_is_cut_for_state_and_details_are_bounded(run: Run) -> None:
    long = ExpertReply(text="y" * 5000 + "end", details={"table": ["z" * 40_000]})
    router = ScriptedRouter(ask("a"), Answer("x"))
    run(
        compile_maestro(registry(ScriptedExpert("a", long)), router), {"question": "q"}, context={"evidence_chars": 500}
    )
    [seen] = router.views[1].evidence
    assert len(seen.text) <= 560
    assert seen.text.endswith("end")
    assert "dropped" in seen.details


def test_nodes_of_the_graph(snapshot: Callable[[str, str], None]) -> None:
    graph = compile_maestro(registry(), ScriptedRouter(Answer("x")))
    snapshot("graph.mmd", graph.get_graph().draw_mermaid())


def test_call_expert_of_a_name_that_never_was() -> None:
    graph = compile_maestro(registry(ScriptedExpert("a")), ScriptedRouter(CallExpert("b", "x"), Answer("x")))
    [turn] = graph.invoke({"question": "q"})["turns"]
    assert turn["status"] == "refused"
    assert "there are: 'a'" in turn["evidence"]


def test_public_functions_are_documented() -> None:
    import maestro_graph

    for name in maestro_graph.__all__:
        assert inspect.getdoc(getattr(maestro_graph, name)), name


def test_a_damaged_picture_does_not_close_its_chat(run: Run, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "s")
    router = ScriptedRouter(lambda view: Answer(f"{view.question} {len(view.images)}"))
    graph = compile_maestro(registry(ScriptedExpert("a"), images=store), router, checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}

    def chat(text: str, data: bytes | None = None) -> str:
        blocks: list[Any] = [{"type": "text", "text": text}]
        if data is not None:
            blocks.append({"type": "image", "base64": _b64(data), "mime_type": "image/png"})
        return str(run(graph, {"messages": [HumanMessage(blocks)]}, thread)["answer"])

    with pytest.raises(ImageError):
        chat("what colour?", b"no picture")
    assert chat("what is 2 + 3?") == "what is 2 + 3? 0"
    assert chat("and this one?", picture(tmp_path / "a.png").read_bytes()) == "and this one? 1"
    assert chat("is it red?") == "is it red? 1"


def test_a_router_without_an_action_stops_for_the_budget_where_it_is_used_up(run: Run) -> None:
    graph = compile_maestro(registry(ScriptedExpert("a")), ScriptedRouter([]))
    assert run(graph, {"question": "what?"})["stop_reason"] == "no_action"
    context = MaestroContext(max_calls=0)
    assert run(graph, {"question": "what?"}, context=context)["stop_reason"] == "max_calls"


def test_what_is_no_registry_router_or_setting_says_so() -> None:
    a: Any = registry(ScriptedExpert("a"))
    with pytest.raises(MaestroError, match="registry is 'embedded'; give a Registry"):
        compile_maestro("embedded")  # type: ignore[arg-type]
    with pytest.raises(MaestroError, match="router is 'encoder', which has no coroutine decide"):
        compile_maestro(a, "encoder")  # type: ignore[arg-type]
    for name, value in (("max_turns", "3"), ("max_calls", 2.5), ("deadline_s", "9"), ("max_cost", "1"), ("trace", 5)):
        with pytest.raises(MaestroError, match=name):
            MaestroContext(**{name: value})

"""ChatRouter and ChatExpert against a real HTTP server that speaks the OpenAI protocol, well and badly (issue A, 7)."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai_server import Behaviour, OpenAIServer, completion, drop, endless, raw, say, stall, status
from scripted import ScriptedRouter, ask

from maestro_graph import Answer, ExpertCard, Registry, RegistryError, compile_maestro
from maestro_graph.chat_expert import ChatExpert
from maestro_graph.registry import EndpointConfig, RouterConfig, Sampling
from maestro_graph.routers.chat import ChatRouter

pytestmark = pytest.mark.real


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running
    gc.collect()  # an unclosed connection warns now, within this test


def expert(
    server: OpenAIServer, name: str = "expert", *, endpoint: dict[str, Any] | None = None, **card: Any
) -> ChatExpert:
    config = EndpointConfig(base_url=server.base_url, model=name, **(endpoint or {}))
    return ChatExpert.at(config, ExpertCard(name=name, description=f"The {name}.", **card), Sampling())


def router(server: OpenAIServer, endpoint: dict[str, Any] | None = None, **options: Any) -> ChatRouter:
    config = EndpointConfig(base_url=server.base_url, model="router", **(endpoint or {}))
    return ChatRouter.at(RouterConfig(kind="chat", endpoint=config, **options))


def search(name: str) -> Behaviour:
    return say(f"<think>I ask.</think>\n<search> {name}: What is it? </search>")


async def go(graph: Any, **context: Any) -> Any:
    return await graph.ainvoke({"question": "What is it?"}, context={"deadline_s": 20, "use_cache": False, **context})


async def test_router_and_expert_answer(server: OpenAIServer) -> None:
    server.script("router", search("expert"), say("<answer> 42 </answer>"))
    server.script("expert", say("I count.\nAnswer: 42", usage=(1000, 100)))
    priced = expert(server, price={"input": 1.0, "output": 2.0})
    out = await go(compile_maestro(Registry(experts=[priced]), router(server)))
    assert (out["answer"], out["stop_reason"]) == ("42", "answered")
    assert out["turns"][0]["answer"] == "42"
    assert out["usage"] == {"calls": 3, "input_tokens": 1020, "output_tokens": 110, "cost": pytest.approx(0.0012)}
    sent = server.of("router")[1].body
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert server.of("expert")[0].headers["authorization"] == "Bearer EMPTY"


def test_synchronous_runs_share_their_connections(server: OpenAIServer) -> None:
    server.script("router", search("expert"), say("<answer> 42 </answer>"))
    server.script("expert", say("Answer: 42"))
    graph = compile_maestro(Registry(experts=[expert(server)]), router(server))
    for _ in range(3):
        assert graph.invoke({"question": "q"})["answer"] == "42"
    assert server.connections <= 2


async def test_messages_stream_token_by_token(server: OpenAIServer) -> None:
    server.script("router", search("expert"), say("<answer> forty two </answer>"))
    server.script("expert", say("It is\nAnswer: forty two", usage=(7, 3)))
    graph = compile_maestro(Registry(experts=[expert(server)]), router(server))
    parts, out = [], {}
    async for mode, event in graph.astream({"question": "q"}, stream_mode=["messages", "values"]):
        if mode == "messages":
            parts.append((event[1]["langgraph_node"], str(event[0].text)))
        else:
            out = event
    assert "".join(text for node, text in parts if node == "expert_call") == "It is\nAnswer: forty two"
    assert sum(node == "router" for node, _ in parts) > 4
    assert (out["answer"], out["usage"]["calls"]) == ("forty two", 3)
    assert out["usage"]["input_tokens"] == 27
    assert all(request.body["stream"] for request in server.requests)


BROKEN = json.dumps(completion("expert", "Answer: 1")).encode()

FAILURES: dict[str, tuple[list[Behaviour], str]] = {
    "rate limited": ([status(429)], "rate_limited"),
    "rate limited for an hour": ([status(429, headers={"retry-after": "3600"})], "rate_limited"),
    "internal error": ([status(500)], "failed"),
    "bad gateway without JSON": ([raw(b"<html>bad gateway</html>", code=502, content_type="text/html")], "failed"),
    "bad request": ([status(400, "image too large")], "refused"),
    "no such model": ([status(404)], "unreachable"),
    "dropped before": ([drop()], "failed"),
    "dropped in mid-body": ([drop(BROKEN[:40])], "failed"),
    "no choices": ([raw(json.dumps({**completion("expert", "x"), "choices": []}).encode())], "unusable"),
    "null choices": ([raw(json.dumps({**completion("expert", "x"), "choices": None}).encode())], "unusable"),
    "null content": ([say(None)], "unusable"),
    "empty content": ([say("  \n")], "unusable"),
    "broken JSON": ([raw(BROKEN[:-20])], "unusable"),
    "JSON that is no object": ([raw(b"[1, 2]")], "unusable"),
    "wrong content type": ([raw(b"hello", content_type="text/plain")], "unusable"),
    "error in a 200": ([raw(b'{"error": {"message": "overloaded"}}')], "unusable"),
    "stalled": ([stall()], "timeout"),
    "stalled in mid-body": ([stall(BROKEN[:40])], "timeout"),
    "endless drip": ([endless(pause_s=0.05, chunk=b" ")], "timeout"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_failures_are_evidence_and_the_router_goes_on(server: OpenAIServer, name: str) -> None:
    behaviours, kind = FAILURES[name]
    server.script("router", search("expert"), search("other"), say("<answer> 42 </answer>"))
    server.script("expert", *behaviours)
    server.script("other", say("Answer: 42"))
    experts = [expert(server, timeout_s=1.5), expert(server, "other")]
    began = time.monotonic()
    out = await go(compile_maestro(Registry(experts=experts), router(server)))
    assert time.monotonic() - began < 20  # the deadline, not a speed
    assert [turn["status"] for turn in out["turns"]] == [kind, "ok"], out["turns"][0]["evidence"]
    assert out["answer"] == "42"
    seen = server.of("router")[1].body["messages"][-1]["content"]
    assert f"({kind})" in seen


async def test_an_endless_body_does_not_fill_the_memory(server: OpenAIServer) -> None:
    server.script("expert", endless())
    graph = compile_maestro(Registry(experts=[expert(server)]), ScriptedRouter(ask("expert"), Answer("on")))
    out = await go(graph)
    assert out["turns"][0]["status"] == "unusable"
    assert "did not end within" in out["turns"][0]["evidence"]
    assert len(server.requests) == 1


async def test_an_unreachable_endpoint(server: OpenAIServer) -> None:
    server.script("other", say("Answer: 42"))
    nowhere = ChatExpert.at(
        EndpointConfig(base_url="http://127.0.0.1:9/v1", model="m"),
        ExpertCard(name="gone", description="d"),
        Sampling(),
    )
    graph = compile_maestro(
        Registry(experts=[nowhere, expert(server, "other")]), ScriptedRouter(ask("gone", "other"), Answer("on"))
    )
    assert [turn["status"] for turn in (await go(graph))["turns"]] == ["unreachable", "ok"]


@pytest.mark.parametrize("trouble", [status(429, headers={"retry-after": "0.3"}), status(503), drop(), raw(b"{")])
async def test_passing_trouble_is_tried_again(server: OpenAIServer, trouble: Behaviour) -> None:
    server.script("router", trouble, say("<search> expert: x </search>"), trouble, say("<answer> 42 </answer>"))
    server.script("expert", trouble, say("Answer: 42"))
    out = await go(compile_maestro(Registry(experts=[expert(server)]), router(server)))
    assert (out["answer"], out["turns"][0]["status"]) == ("42", "ok")
    assert (len(server.of("router")), len(server.of("expert"))) == (4, 2)


async def test_retry_after_is_waited_for(server: OpenAIServer) -> None:
    server.script("expert", status(429, headers={"retry-after": "0.7"}), say("Answer: 42"))
    graph = compile_maestro(Registry(experts=[expert(server)]), ScriptedRouter(ask("expert"), Answer("on")))
    assert (await go(graph))["turns"][0]["status"] == "ok"
    first, second = server.requests
    assert second.at - first.at >= 0.7


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(server: OpenAIServer) -> None:
    server.script("expert", status(429, headers={"retry-after": "30"}), say("Answer: 42"))
    graph = compile_maestro(Registry(experts=[expert(server)]), ScriptedRouter(ask("expert"), Answer("on")))
    out = await go(graph, deadline_s=10)
    assert (out["turns"][0]["status"], out["stop_reason"]) == ("rate_limited", "answered")
    assert len(server.requests) == 1


async def test_a_router_that_fails_ends_the_run_with_what_there_is(server: OpenAIServer) -> None:
    server.script("router", search("expert"), status(500))
    server.script("expert", say("Answer: 42"))
    out = await go(compile_maestro(Registry(experts=[expert(server)]), router(server)))
    assert (out["stop_reason"], out["answer"]) == ("router_failed", "42")


async def test_the_deadline_closes_the_connection(server: OpenAIServer) -> None:
    server.script("expert", stall())
    graph = compile_maestro(Registry(experts=[expert(server)]), ScriptedRouter(ask("expert")))
    out = await go(graph, deadline_s=0.5)
    assert out["stop_reason"] == "deadline"
    await until(lambda: server.gone["expert"] == 1)
    assert server.connections == 0


async def test_concurrency_never_exceeds_the_limit(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: 42", delay_s=0.02))
    server.script("pair", say("Answer: 42", delay_s=0.01))
    experts = [expert(server, max_concurrency=5), expert(server, "pair", max_concurrency=2)]
    graph = compile_maestro(Registry(experts=experts), ScriptedRouter(ask("expert", "pair"), Answer("on")))
    outs = await asyncio.gather(*(go(graph) for _ in range(64)))
    assert {turn["status"] for out in outs for turn in out["turns"]} == {"ok"}
    assert (server.most["expert"], server.most["pair"]) == (5, 2)
    assert len(server.requests) == 128


def test_the_limit_holds_over_threads(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: 42", delay_s=0.02))
    graph = compile_maestro(
        Registry(experts=[expert(server, max_concurrency=3)]), ScriptedRouter(ask("expert"), Answer("on"))
    )

    async def several() -> None:
        await asyncio.gather(*(go(graph) for _ in range(5)))

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        loops = [pool.submit(asyncio.run, several()) for _ in range(4)]
        syncs = [pool.submit(graph.invoke, {"question": "q"}, context={"use_cache": False}) for _ in range(8)]
        for future in (*loops, *syncs):
            future.result()
    assert len(server.requests) == 28
    assert server.most["expert"] == 3


async def until(happened: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.01)


async def test_cancelling_the_run_closes_the_connections(server: OpenAIServer) -> None:
    server.script("expert", stall())
    server.script("other", stall(b"{"))
    experts = [expert(server), expert(server, "other")]
    run = asyncio.create_task(go(compile_maestro(Registry(experts=experts), ScriptedRouter(ask("expert", "other")))))
    await until(lambda: server.active["expert"] and server.active["other"])
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await until(lambda: server.gone["expert"] and server.gone["other"])
    assert server.connections == 0
    assert len(server.requests) == 2


async def test_a_slot_is_free_after_a_cancelled_run(server: OpenAIServer) -> None:
    server.script("expert", stall(), say("Answer: 42"))
    graph = compile_maestro(
        Registry(experts=[expert(server, max_concurrency=1)]), ScriptedRouter(ask("expert"), Answer("on"))
    )
    first = asyncio.create_task(go(graph))
    await until(lambda: server.active["expert"])
    waiting = [asyncio.create_task(go(graph)) for _ in range(3)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    first.cancel()
    done = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [isinstance(item, asyncio.CancelledError) for item in done] == [True, True, False, False]
    assert len(server.requests) == 3


async def test_the_grammar_is_sent_where_the_server_takes_it(server: OpenAIServer) -> None:
    server.script("router", say("<answer> 42 </answer>"))
    endpoint = {"structured_outputs": True, "extra_body": {"top_k": 1}}
    live = Registry(experts=[expert(server)])
    graph = compile_maestro(live, router(server, endpoint, calls_per_turn=2))
    await go(graph)
    live.add_expert(expert(server, "a second ago"))
    await go(graph)
    first, second = (request.body for request in server.requests)
    assert "(?:expert): " in first["structured_outputs"]["regex"]
    assert "(?:a second ago|expert): " in second["structured_outputs"]["regex"]
    assert first["top_k"] == 1
    await go(compile_maestro(live, router(server)))
    assert "structured_outputs" not in server.requests[-1].body


async def test_sampling_of_the_run_reaches_the_server(server: OpenAIServer) -> None:
    server.script("router", search("expert"), say("<answer> 42 </answer>"))
    server.script("expert", say("Answer: 42"))
    graph = compile_maestro(Registry(experts=[expert(server)]), router(server))
    await go(graph, router_sampling={"temperature": 0.9}, expert_sampling={"temperature": 0.3, "seed": 7})
    asked, answered = server.of("router")[0].body, server.of("expert")[0].body
    assert (asked["temperature"], answered["temperature"], answered["seed"]) == (0.9, 0.3, 7)


SECRET = "sk-very-secret-0123456789"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
async def test_a_key_that_the_server_echoes_is_shown_nowhere(
    server: OpenAIServer, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    padding = "x" * (300 - 40)  # a cut in the middle of the key must not leave a part of it
    server.script("expert", status(code, f"{padding} bad key {SECRET} {SECRET}"))
    guarded = expert(server, endpoint={"api_key_env": "TEST_KEY"})
    graph = compile_maestro(Registry(experts=[guarded]), ScriptedRouter(ask("expert"), Answer("on")))
    trace = tmp_path / "t.jsonl"
    out = await go(graph, trace=trace)
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    shown = [repr(out), trace.read_text(), repr(guarded), repr(guarded.endpoint), guarded.endpoint.model_dump_json()]
    from maestro_graph import CallFailure, ExpertRequest

    with pytest.raises(CallFailure) as caught:
        await guarded.ask(ExpertRequest(question="q"))
    import traceback

    shown += ["".join(traceback.format_exception(caught.value)), repr(caught.value)]
    for text in shown:
        assert "sk-very" not in text


async def test_a_key_that_is_not_set_is_an_error(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY", raising=False)
    graph = compile_maestro(
        Registry(experts=[expert(server, endpoint={"api_key_env": "TEST_KEY"})]), ScriptedRouter(ask("expert"))
    )
    with pytest.raises(RegistryError, match="'TEST_KEY', which is not set; export it"):
        await go(graph)


async def test_aclose_closes_what_is_kept(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: 42"))
    kept = expert(server)
    await go(compile_maestro(Registry(experts=[kept]), ScriptedRouter(ask("expert"), Answer("on"))))
    assert server.connections == 1
    await kept.aclose()
    await until(lambda: server.connections == 0)


async def test_an_expert_that_is_thrown_away_closes_what_it_kept(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: 42"))
    await go(compile_maestro(Registry(experts=[expert(server)]), ScriptedRouter(ask("expert"), Answer("on"))))
    gc.collect()
    await until(lambda: server.connections == 0)


def test_a_loop_that_ends_closes_what_it_kept(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: 42"))
    kept = expert(server)
    graph = compile_maestro(Registry(experts=[kept]), ScriptedRouter(ask("expert"), Answer("on")))
    for _ in range(3):
        assert asyncio.run(go(graph))["turns"][0]["status"] == "ok"
    asyncio.run(until(lambda: server.connections == 0))


CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "expert"}
BEGUN = {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "I be"}, "finish_reason": None}]}
FIRST = f"data: {json.dumps(BEGUN)}\n\n".encode()
EVENTS = "text/event-stream"

STREAM_FAILURES: dict[str, tuple[Behaviour, str]] = {
    "rate limited": (status(429), "rate_limited"),
    "dropped in mid-stream": (drop(FIRST, content_type=EVENTS), "failed"),
    "stalled in mid-stream": (stall(FIRST, content_type=EVENTS), "timeout"),
    "endless": (endless(pause_s=0.05, chunk=FIRST, content_type=EVENTS), "timeout"),
    "broken event": (raw(FIRST + b"data: {broken\n\n", content_type=EVENTS), "unusable"),
    "error event": (raw(FIRST + b'data: {"error": {"message": "out of memory"}}\n\n', content_type=EVENTS), "failed"),
    "nothing": (raw(b"", content_type=EVENTS), "unusable"),
}


@pytest.mark.parametrize("name", STREAM_FAILURES)
async def test_failures_of_a_stream_are_evidence_too(server: OpenAIServer, name: str) -> None:
    behaviour, kind = STREAM_FAILURES[name]
    server.script("expert", behaviour)
    server.script("other", say("Answer: 42"))
    experts = [expert(server, timeout_s=1.5), expert(server, "other")]
    graph = compile_maestro(Registry(experts=experts), ScriptedRouter(ask("expert"), ask("other"), Answer("42")))
    out: dict[str, Any] = {}
    modes = ["messages", "values"]
    async for mode, event in graph.astream({"question": "q"}, stream_mode=modes, context={"deadline_s": 20}):
        out = event if mode == "values" else out
    assert all(request.body["stream"] for request in server.requests)
    assert [turn["status"] for turn in out["turns"]] == [kind, "ok"], out["turns"][0]["evidence"]

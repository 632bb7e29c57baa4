"""`ChatRouter` and `ChatExpert` on vLLM: decisions, structured decoding, streams, many runs at once."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from conftest import VllmServer
from registry import QUESTIONS, Oracle

from maestro_graph import (
    Answer,
    CallFailure,
    ExpertCard,
    ExpertRequest,
    Malformed,
    Registry,
    RouterTurn,
    RouterView,
    compile_maestro,
)
from maestro_graph.chat_expert import ChatExpert
from maestro_graph.registry import EndpointConfig, RouterConfig, Sampling
from maestro_graph.routers.chat import ChatRouter

TURN_TOKENS = 96


def router(server: VllmServer, *, structured: bool = True, **sampling: Any) -> ChatRouter:
    config = RouterConfig(
        kind="chat",
        endpoint=server.endpoint(structured_outputs=structured),
        sampling=Sampling(max_tokens=TURN_TOKENS, **sampling),
    )
    return ChatRouter.at(config)


def expert(server: VllmServer, name: str = "smol", **card: Any) -> ChatExpert:
    card = {"description": "A small language model that answers short questions.", "timeout_s": 120, **card}
    return ChatExpert.at(server.endpoint(), ExpertCard(name=name, **card), Sampling(max_tokens=24))


async def decisions(chat: ChatRouter, registry: Registry, count: int) -> list[RouterTurn]:
    views = [
        RouterView(question=QUESTIONS[at % len(QUESTIONS)], images=(), registry=registry, sampling={"seed": at})
        for at in range(count)
    ]
    return list(await asyncio.gather(*(chat.decide(view) for view in views)))


def whole(turns: list[RouterTurn]) -> list[RouterTurn]:
    """Those that ended before the limit of tokens cut them."""
    return [turn for turn in turns if re.search(r"</(search|answer)>\s*$", turn.text)]


async def test_structured_decisions_are_valid_also_for_an_expert_added_meanwhile(vllm_server: VllmServer) -> None:
    registry = Registry(experts=[Oracle("reader"), Oracle("counter")])
    chat = router(vllm_server, temperature=1.0)
    before = whole(await decisions(chat, registry, 8))
    registry.add_expert(Oracle("Zürich-map.v2", "Knows maps."))
    for name in ("reader", "counter"):  # by chance the model would seldom write the new name
        registry.remove_expert(name)
    after = whole(await decisions(chat, registry, 16))
    await chat.aclose()
    assert before  # they ended by themselves; the rest was cut
    assert after
    assert not [turn.text for turn in before + after if isinstance(turn.decision, Malformed)]
    asked = [call.expert for turn in after if isinstance(turn.decision, tuple) for call in turn.decision]
    assert set(asked) == {"Zürich-map.v2"}


async def test_without_structure_the_same_model_is_seldom_valid(vllm_server: VllmServer) -> None:
    registry = Registry(experts=[Oracle("reader"), Oracle("counter")])
    chat = router(vllm_server, structured=False, temperature=1.0)
    turns = await decisions(chat, registry, 12)
    await chat.aclose()
    malformed = [turn for turn in turns if isinstance(turn.decision, Malformed)]
    assert len(malformed) > len(turns) // 2  # which is why the grammar is there
    assert all(turn.usage.output_tokens > 0 for turn in turns)


async def test_an_expert_answers_and_repeats_itself_at_temperature_0(vllm_server: VllmServer) -> None:
    asked = expert(vllm_server)
    request = ExpertRequest(question=QUESTIONS[0], deadline_s=120)
    first, second = await asked.ask(request), await asked.ask(request)
    await asked.aclose()
    assert "Paris" in first.text
    assert first.text == second.text
    assert (first.usage.calls, first.usage.output_tokens > 0) == (1, True)
    assert first.usage.input_tokens > 20


async def test_a_request_that_is_too_long_is_refused_in_the_servers_words(vllm_server: VllmServer) -> None:
    asked = expert(vllm_server)
    with pytest.raises(CallFailure, match=r"context length|longer than|too long") as caught:
        await asked.ask(ExpertRequest(question="very " * 20_000, deadline_s=60))
    await asked.aclose()
    assert caught.value.kind == "refused"


async def test_a_model_that_the_server_does_not_know(vllm_server: VllmServer) -> None:
    endpoint = EndpointConfig(base_url=vllm_server.base_url, model="nobody")
    asked = ChatExpert.at(endpoint, ExpertCard(name="nobody", description="Nobody."), Sampling())
    with pytest.raises(CallFailure, match="nobody") as caught:
        await asked.ask(ExpertRequest(question="What?", deadline_s=60))
    await asked.aclose()
    assert caught.value.kind == "unreachable"


class AskOnce:
    """Asks the expert, then answers with what it said."""

    async def decide(self, view: RouterView) -> RouterTurn:
        from maestro_graph import CallExpert

        if view.evidence:
            return RouterTurn(decision=Answer(view.evidence[-1].text))
        return RouterTurn(decision=(CallExpert("smol", view.question),))


async def test_tokens_stream_from_router_and_expert(vllm_server: VllmServer) -> None:
    asked = expert(vllm_server)
    chat = router(vllm_server, temperature=0.0)
    graph = compile_maestro(Registry(experts=[asked]), chat)
    seen: dict[str, list[str]] = {}
    out: dict[str, Any] = {}
    context = {"deadline_s": 240, "max_turns": 2, "max_calls": 1, "use_cache": False}
    stream = graph.astream({"question": QUESTIONS[0]}, context=context, stream_mode=["messages", "values"])
    async for mode, event in stream:
        if mode == "messages":
            seen.setdefault(event[1]["langgraph_node"], []).append(str(event[0].text))
        else:
            out = event
    await asked.aclose()
    await chat.aclose()
    assert out["stop_reason"] in {"answered", "max_turns", "max_calls", "malformed"}
    assert len(seen["router"]) > 4  # chunk by chunk, not in one piece
    assert out["usage"]["output_tokens"] > 0


async def test_many_runs_at_once_share_the_server(vllm_server: VllmServer) -> None:
    asked = expert(vllm_server, max_concurrency=16)
    graph = compile_maestro(Registry(experts=[asked]), AskOnce())
    questions = [f"{QUESTIONS[at % 4]} Say it in {at + 3} words." for at in range(16)]
    most, done = 0.0, asyncio.Event()

    async def look() -> None:
        nonlocal most
        async with httpx.AsyncClient() as client:
            while not done.is_set():
                text = (await client.get(vllm_server.base_url.removesuffix("/v1") + "/metrics", timeout=30)).text
                running = re.findall(r"^vllm:num_requests_running\{.*\} (\S+)$", text, re.MULTILINE)
                most = max(most, *map(float, running))
                await asyncio.sleep(0.1)

    looking = asyncio.create_task(look())
    context = {"deadline_s": 240, "use_cache": False}
    runs = await asyncio.gather(*(graph.ainvoke({"question": text}, context=context) for text in questions))
    done.set()
    await looking
    await asked.aclose()
    assert [run["stop_reason"] for run in runs] == ["answered"] * 16
    assert [run["turns"][0]["status"] for run in runs] == ["ok"] * 16
    assert most >= 1  # the server computed them; how many at once, its gauge says too seldom to be asserted

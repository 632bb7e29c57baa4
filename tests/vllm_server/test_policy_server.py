"""The policy router on a real vLLM: valid by construction, exact by recomputation."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from conftest import VllmServer
from registry import QUESTIONS, Oracle

from maestro_graph import (
    CallExpert,
    Evidence,
    MaestroContext,
    Malformed,
    Registry,
    RegistryError,
    RouterTurn,
    RouterView,
    compile_maestro,
    read_trace,
)
from maestro_graph.registry import RouterConfig, Sampling
from maestro_graph.routers import PastTurn, TokenRecord
from maestro_graph.routers.policy import PolicyRouter, build

SHORT = {"max_thought": 24, "max_query": 24, "max_answer": 24}


def policy(server: VllmServer, *, max_tokens: int = 160, **options: object) -> PolicyRouter:
    return build(
        RouterConfig(
            kind="policy",
            endpoint=server.endpoint(),
            path=str(server.model_folder),
            sampling=Sampling(temperature=1.0, max_tokens=max_tokens),
            options={**SHORT, **options},
        )
    )


def view(registry: Registry, number: int = 0, **fields: object) -> RouterView:
    question = QUESTIONS[number % len(QUESTIONS)]
    return RouterView(question=question, images=(), registry=registry, turns_left=4, **fields)  # type: ignore[arg-type]


async def decide(router: PolicyRouter, registry: Registry, count: int, **fields: object) -> list[RouterTurn]:
    """Decisions, 32 at a time."""
    gate = asyncio.Semaphore(32)

    async def one(number: int) -> RouterTurn:
        async with gate:
            return await router.decide(view(registry, number, **fields))

    try:
        return list(await asyncio.gather(*(one(number) for number in range(count))))
    finally:
        await router.aclose()


def kinds(turns: list[RouterTurn]) -> Counter[str]:
    """How many turns are valid, malformed, and cut by the limit of tokens."""
    return Counter(
        ("cut" if turn.decision.kind == "length" else "malformed") if isinstance(turn.decision, Malformed) else "valid"
        for turn in turns
    )


async def test_300_decisions_are_valid(vllm_server: VllmServer, record_property: object) -> None:
    registry = Registry(experts=[Oracle("Reader"), Oracle("Counter")])
    before = await decide(policy(vllm_server), registry, 150)
    registry.add_expert(Oracle("Cartographer", "Reads maps."))
    after = await decide(policy(vllm_server), registry, 150)
    assert kinds(before + after) == {"valid": 300}
    called = Counter(call.expert for turn in after if isinstance(turn.decision, tuple) for call in turn.decision)
    assert called["Cartographer"] >= 1, called

    free = kinds(await decide(policy(vllm_server, max_tokens=60, structured=False), registry, 60))
    record_property("validity without structured decoding", dict(free))  # type: ignore[operator]
    print(f"valid with structured decoding: 300 of 300; calls {dict(called)}; without, of 60: {dict(free)}")
    assert sum(free.values()) == 60
    assert free["valid"] < 60


def recomputed(server: VllmServer, records: list[TokenRecord], tmp_path: Path, dtype: str) -> list[float]:
    """The distance of each sampled token's log-probability from a recomputation by transformers."""
    fields = ("prompt_ids", "sampled_ids", "temperature", "grammar")
    given = [{name: getattr(record, name) for name in fields} for record in records]
    path = tmp_path / "records.json"
    path.write_text(json.dumps(given))
    script = Path(__file__).with_name("recompute.py")
    done = subprocess.run(
        [server.python, script, server.model_folder, path, dtype], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    distances = []
    for record, logprobs in zip(records, json.loads(done.stdout), strict=True):
        assert len(record.sampled_ids) == len(record.logprobs) == len(logprobs)
        distances += [abs(one - other) for one, other in zip(record.logprobs, logprobs, strict=True)]
    return distances


async def test_log_probabilities_equal_a_recomputation(vllm_server: VllmServer, tmp_path: Path) -> None:
    """Every token, with and without structured decoding, at two temperatures and greedily."""
    registry = Registry(experts=[Oracle("Reader"), Oracle("Counter")])
    records: list[TokenRecord] = []
    for structured in (True, False):
        for temperature in (1.0, 0.7, 0.0):
            router = policy(vllm_server, max_tokens=60, structured=structured)
            turns = await decide(router, registry, 4, sampling={"temperature": temperature})
            records += [turn.tokens for turn in turns if turn.tokens is not None]
    assert len(records) == 24
    distances = recomputed(vllm_server, records, tmp_path, "float32")
    rough = recomputed(vllm_server, records, tmp_path, "bfloat16")
    print(f"{len(distances)} tokens: fp32 differs by at most {max(distances):.2e}, bf16 by {max(rough):.2e}")
    assert max(distances) < 1e-3


async def test_three_turns_are_one_sequence(vllm_server: VllmServer, tmp_path: Path) -> None:
    registry = Registry(experts=[Oracle("Reader"), Oracle("Counter")])
    router = policy(vllm_server)
    history: list[PastTurn] = []
    grown: tuple[int, ...] = ()
    for number in range(3):
        turn = await router.decide(view(registry, history=tuple(history)))
        assert turn.tokens is not None
        assert turn.tokens.prompt_ids[: len(grown)] == grown
        assert len(turn.tokens.prompt_ids) > len(grown)
        grown = turn.tokens.prompt_ids + turn.tokens.sampled_ids
        evidence = Evidence(
            turn=number, call=0, expert="Reader", skill=None, query="q", status="ok", text="It says <|im_end|> 42."
        )
        history.append(
            PastTurn(decision=(CallExpert("Reader", "q"),), text=turn.text, evidence=(evidence,), tokens=turn.tokens)
        )
    await router.aclose()
    distances = recomputed(vllm_server, [turn.tokens for turn in history if turn.tokens], tmp_path, "float32")
    assert max(distances) < 1e-3


async def test_a_run_through_the_graph_keeps_its_records(vllm_server: VllmServer, tmp_path: Path) -> None:
    trace = tmp_path / "run.jsonl"
    router = policy(vllm_server)
    graph = compile_maestro(Registry(experts=[Oracle("Reader")]), router)
    context = MaestroContext(max_turns=3, deadline_s=300, trace=trace, router_sampling={"seed": 5})
    await graph.ainvoke({"question": QUESTIONS[0]}, context=context)
    await router.aclose()
    (run,) = read_trace(trace)
    assert run.turns
    for turn in run.turns:
        assert turn.tokens is not None
        assert (turn.tokens.masked, turn.tokens.finish, turn.tokens.temperature) == (True, "stop", 1.0)
        assert turn.tokens.grammar is not None
        assert "Reader" in turn.tokens.grammar


async def test_another_model_at_the_endpoint_is_told(vllm_server: VllmServer) -> None:
    config = RouterConfig(
        kind="policy",
        endpoint=vllm_server.endpoint().model_copy(update={"model": "somebody"}),
        path=str(vllm_server.model_folder),
    )
    with pytest.raises(RegistryError, match=r"has no model 'somebody'; it serves: smollm2"):
        await decide(build(config), Registry(experts=[Oracle("Reader")]), 1)

"""What a router costs on top of the server: decisions a second of the graph over the raw server's rate.

    python benchmarks/serving.py --url http://localhost:8000/v1 --model NAME [--router policy --path FOLDER]

For 1, 8 and 32 runs at a time: first the graph takes its decisions once, while the requests that reach the server are
recorded (and the server's prefix cache is filled); then raw client and graph take turns. The raw client sends the same
requests, byte for byte, as many at a time, and does nothing with the replies. Both ask the same server for the same
tokens (fixed seeds), so the ratio is the cost of graph, protocol, parsing and records. Machines differ; ratios of one
run can be compared.

Prints a table, and the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from maestro_graph import ExpertCard, ExpertReply, ExpertRequest, Registry, _chat_models, compile_maestro
from maestro_graph.registry import EndpointConfig, RouterConfig, Sampling, build_router

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Sent:
    """A request as it went to the server."""

    url: str
    body: bytes


class Instant:
    """An expert that replies at once."""

    def __init__(self, name: str) -> None:
        self.card = ExpertCard(name=name, description=f"The {name}.")

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        return ExpertReply(text="Answer: 42", answer="42")


@contextmanager
def recorded(into: list[Sent]) -> Iterator[None]:
    """Keep what clients that are built within the block send."""
    build = _chat_models._http_client

    def recording(timeout_s: float, **options: Any) -> Any:
        client = build(timeout_s, **options)

        async def keep(request: Any) -> None:
            if request.method == "POST":
                into.append(Sent(str(request.url), await request.aread()))

        client.event_hooks = {**client.event_hooks, "request": [keep]}
        return client

    _chat_models._http_client = recording
    try:
        yield
    finally:
        _chat_models._http_client = build


async def at_once(jobs: list[Callable[[], Awaitable[Any]]], limit: int) -> float:
    """Seconds that the jobs take, `limit` at a time."""
    gate = asyncio.Semaphore(limit)

    async def one(job: Callable[[], Awaitable[Any]]) -> None:
        async with gate:
            await job()

    began = time.perf_counter()
    await asyncio.gather(*(one(job) for job in jobs))
    return time.perf_counter() - began


def decisions(router: Any, count: int) -> list[Callable[[], Awaitable[Any]]]:
    """Runs of one decision each, sampled with a seed of their own."""
    graph = compile_maestro(Registry(experts=[Instant("reader"), Instant("counter")]), router)

    async def run(at: int) -> None:
        context = {"max_turns": 1, "deadline_s": TIMEOUT_S, "use_cache": False, "router_sampling": {"seed": at}}
        out = await graph.ainvoke({"question": f"How many are there, {at} or more?"}, context=context)
        if out["stop_reason"] == "router_failed":
            raise SystemExit(f"the router failed: {out.get('stop_detail') or out}")

    return [lambda at=at: run(at) for at in range(count)]  # type: ignore[misc]


def replays(client: Any, sent: list[Sent]) -> list[Callable[[], Awaitable[Any]]]:
    """The same requests again, replies read and dropped."""

    async def post(item: Sent) -> None:
        headers = {"content-type": "application/json"}
        (await client.post(item.url, content=item.body, headers=headers)).raise_for_status()

    return [lambda item=item: post(item) for item in sent]  # type: ignore[misc]


def limit_of(item: Sent) -> int | None:
    """The most tokens that a request may sample."""
    body = json.loads(item.body)
    settings = body.get("sampling_params", body)
    found: int | None = settings.get("max_completion_tokens", settings.get("max_tokens"))
    return found


async def measure(options: argparse.Namespace, limit: int) -> dict[str, float]:
    """Rates at one concurrency."""
    count = max(options.decisions, 2 * limit)
    sent: list[Sent] = []
    with recorded(sent):
        first = router_of(options)
        await at_once(decisions(first, count), limit)
        await first.aclose()
    sent = [item for item in sent if limit_of(item) == options.max_tokens]  # not what a policy asks at its start
    router, client = router_of(options), _chat_models._http_client(TIMEOUT_S)
    rates: dict[str, list[float]] = {"raw": [], "graph": []}
    for _ in range(options.rounds):
        rates["raw"].append(len(sent) / await at_once(replays(client, sent), limit))
        rates["graph"].append(count / await at_once(decisions(router, count), limit))
    await router.aclose()
    await client.aclose()
    return {
        "at_once": limit,
        "decisions": count,
        "requests": len(sent),
        "raw": statistics.median(rates["raw"]),
        "graph": statistics.median(rates["graph"]),
        "ratio": statistics.median(one / two for one, two in zip(rates["graph"], rates["raw"], strict=True)),
    }


def router_of(options: argparse.Namespace) -> Any:
    """The router under test."""
    endpoint = EndpointConfig(base_url=options.url, model=options.model, structured_outputs=True)
    bounds = {"max_thought": 100, "max_query": 100, "max_answer": 100} if options.router == "policy" else {}
    return build_router(
        RouterConfig(
            kind=options.router,
            endpoint=endpoint,
            path=options.path,
            sampling=Sampling(temperature=1.0, max_tokens=options.max_tokens),
            options=bounds,
        )
    )


async def run(options: argparse.Namespace) -> list[dict[str, float]]:
    return [await measure(options, limit) for limit in options.at_once]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", required=True, help="a vLLM server, up to and including /v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--router", choices=("chat", "policy"), default="chat")
    parser.add_argument("--path", help="for the policy: folder of its tokenizer")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--decisions", type=int, default=8, help="at least; twice as many as at once, too")
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = asyncio.run(run(options))
    print(f"{'at once':>8} {'raw, 1/s':>10} {'graph, 1/s':>11} {'ratio':>7}")
    for row in found:
        print(f"{row['at_once']:8.0f} {row['raw']:10.2f} {row['graph']:11.2f} {row['ratio']:7.2%}")
    print(json.dumps({"router": options.router, "max_tokens": options.max_tokens, "levels": found}))


if __name__ == "__main__":
    main()

"""What the graph costs: time per step over a bare LangGraph loop, and throughput on endpoints of fixed latency.

    python benchmarks/overhead.py [--runs 64] [--latency 1.0] [--rounds 8]

Both are ratios within one run, since machines and their loads differ:

1. *Steps.* A scripted router and a scripted expert, neither of which waits, in our graph; against a bare async
   `StateGraph` of two nodes that loops through as many steps. They take turns (A B A B), and the median counts.
2. *Throughput.* So many runs at a time, each a `ChatRouter` turn, a `ChatExpert` call and the router's answer, over a
   real HTTP server in a process of its own that replies after a fixed latency; against the ideal, in which only that
   latency takes time. The first runs begin spread over one latency, as users come; those that begin in the same instant
   stay in step and wait for each other's CPU time in every call, which the second figure shows.

Prints a table, and the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import operator
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from maestro_graph import (
    Answer,
    CallExpert,
    ExpertCard,
    ExpertReply,
    ExpertRequest,
    MaestroContext,
    Registry,
    RouterTurn,
    RouterView,
    compile_maestro,
)
from maestro_graph.chat_expert import ChatExpert
from maestro_graph.registry import EndpointConfig, RouterConfig, Sampling
from maestro_graph.routers.chat import ChatRouter

SERVER = Path(__file__).parents[1] / "tests" / "integration" / "openai_server.py"
TURNS = 4
CALLS = 3
"""Requests of a run of the second part."""


class InstantRouter:
    """Asks the expert in every turn but the last."""

    async def decide(self, view: RouterView) -> RouterTurn:
        if view.turns_left > 1:
            return RouterTurn(decision=(CallExpert("expert", f"query {len(view.history)}"),))
        return RouterTurn(decision=Answer("42"))


class InstantExpert:
    """Replies at once."""

    card = ExpertCard(name="expert", description="Knows everything.")

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        return ExpertReply(text="The reply. " * 20, answer="42", confidence=0.5)


def maestro_loop(turns: int) -> tuple[Any, dict[str, Any], int]:
    """Our graph, its input, and the steps of a run: router and call by turns, the last decision, terminate."""
    graph = compile_maestro(
        Registry(experts=[InstantExpert()]),
        InstantRouter(),
        context=MaestroContext(max_turns=turns, max_calls=turns),
    )
    return graph, {"question": "How many?"}, 2 * (turns - 1) + 2


def bare_loop(steps: int) -> tuple[Any, dict[str, Any]]:
    """Two async nodes that loop, with a counter and a list that grows; `steps` is even."""

    class State(TypedDict):
        step: int
        seen: Annotated[list[str], operator.add]

    async def decide(state: State) -> dict[str, Any]:
        return {"step": state["step"] + 1, "seen": ["decision"]}

    async def act(state: State) -> dict[str, Any]:
        return {"step": state["step"] + 1, "seen": ["evidence"]}

    def go_on(state: dict[str, Any]) -> str:
        return "decide" if state["step"] < steps else END

    graph: StateGraph[Any, Any, Any, Any] = StateGraph(State)
    graph.add_node("decide", decide)
    graph.add_node("act", act)
    graph.add_edge(START, "decide")
    graph.add_edge("decide", "act")
    graph.add_conditional_edges("act", go_on, ["decide", END])
    return graph.compile(), {"step": 0, "seen": []}


async def time_runs(graph: Any, given: dict[str, Any], runs: int) -> tuple[float, float]:
    """Wall and CPU seconds of so many runs, one after the other."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(runs):
        await graph.ainvoke(given)
    return time.perf_counter() - wall, time.process_time() - cpu


async def steps(rounds: int, runs: int, turns: int) -> dict[str, float]:
    """Seconds per step of both, and their ratio."""
    ours, our_input, count = maestro_loop(turns)
    bare, bare_input = bare_loop(count)
    per_step: dict[str, list[float]] = {"maestro": [], "bare": []}
    cpu: dict[str, list[float]] = {"maestro": [], "bare": []}
    await time_runs(ours, our_input, 5)
    await time_runs(bare, bare_input, 5)
    for _ in range(rounds):
        for name, graph, given in (("maestro", ours, our_input), ("bare", bare, bare_input)):
            wall_s, cpu_s = await time_runs(graph, given, runs)
            per_step[name].append(wall_s / runs / count)
            cpu[name].append(cpu_s / runs / count)
    ratios = [mine / other for mine, other in zip(per_step["maestro"], per_step["bare"], strict=True)]
    cpu_ratios = [mine / other for mine, other in zip(cpu["maestro"], cpu["bare"], strict=True)]
    return {
        "steps": count,
        "maestro_ms": 1000 * statistics.median(per_step["maestro"]),
        "bare_ms": 1000 * statistics.median(per_step["bare"]),
        "ratio": statistics.median(ratios),
        "cpu_ratio": statistics.median(cpu_ratios),
    }


async def throughput(runs: int, latency_s: float, rounds: int) -> dict[str, float]:
    """Runs per second over the ideal, with `runs` under way all the time."""
    url, server = start_server(latency_s)
    try:
        return await measure_throughput(url, runs, latency_s, rounds)
    finally:
        server.kill()
        server.wait()


def start_server(latency_s: float) -> tuple[str, subprocess.Popen[str]]:
    command = [sys.executable, str(SERVER), "--latency", str(latency_s)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if server.stdout is None:
        raise RuntimeError("the server has no output")
    return server.stdout.readline().strip(), server


async def measure_throughput(url: str, runs: int, latency_s: float, rounds: int) -> dict[str, float]:
    def endpoint(model: str) -> EndpointConfig:
        return EndpointConfig(base_url=url, model=model)

    card = ExpertCard(name="expert", description="Knows everything.", max_concurrency=runs)
    expert = ChatExpert.at(endpoint("expert"), card, Sampling())
    router = ChatRouter.at(RouterConfig(kind="chat", endpoint=endpoint("router")))
    graph = compile_maestro(Registry(experts=[expert]), router, context=MaestroContext(use_cache=False))

    async def worker(number: int, repeats: int, begin_s: float) -> float:
        """Seconds for so many runs, one after the other."""
        await asyncio.sleep(begin_s)
        began = time.perf_counter()
        for repeat in range(repeats):
            out = await graph.ainvoke({"question": f"How many are there in picture {number}-{repeat}?"})
            if (out["stop_reason"], out["turns"][0]["status"]) != ("answered", "ok"):
                raise RuntimeError(f"a run failed: {out}")
        return time.perf_counter() - began

    async def of_ideal(repeats: int, spread_s: float) -> float:
        """Runs per second over the ideal, summed over the workers."""
        begins = [spread_s * number / runs for number in range(runs)]
        seconds = await asyncio.gather(*(worker(number, repeats, begin) for number, begin in enumerate(begins)))
        return statistics.fmean(CALLS * latency_s * repeats / taken for taken in seconds)

    await of_ideal(1, 0.0)  # connections, imports
    wall, cpu = time.perf_counter(), time.process_time()
    steady = await of_ideal(rounds, latency_s)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    burst = await of_ideal(2, 0.0)
    await asyncio.gather(expert.aclose(), router.aclose())
    return {
        "runs_at_once": runs,
        "runs": runs * rounds,
        "seconds": wall,
        "of_ideal": steady,
        "of_ideal_begun_at_once": burst,
        "cpu_ms_per_run": 1000 * cpu / (runs * rounds),
        "cpu_share": cpu / wall,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=TURNS, help="decisions of a run in the first part")
    parser.add_argument("--repeats", type=int, default=9, help="alternations of the first part")
    parser.add_argument("--runs", type=int, default=64, help="runs at a time in the second part")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that the endpoints take")
    parser.add_argument("--rounds", type=int, default=8, help="runs after each other in the second part")
    parser.add_argument("--only", choices=["steps", "throughput"])
    options = parser.parse_args()
    result: dict[str, Any] = {}
    if options.only != "throughput":
        found = asyncio.run(steps(options.repeats, 40, options.turns))
        result["steps"] = found
        print(f"a step of a bare loop      {found['bare_ms']:8.3f} ms")
        print(f"a step of this graph       {found['maestro_ms']:8.3f} ms   (runs of {found['steps']} steps)")
        print(f"ratio                      {found['ratio']:8.2f}      (at most 2; CPU time {found['cpu_ratio']:.2f})")
    if options.only != "steps":
        found = asyncio.run(throughput(options.runs, options.latency, options.rounds))
        result["throughput"] = found
        title = f"{found['runs']} runs, {options.runs} at a time"
        print(f"{title:26} {found['seconds']:8.1f} s")
        print(f"of the ideal throughput    {100 * found['of_ideal']:8.1f} %    (at least 95)")
        print(f"  all begun at once        {100 * found['of_ideal_begun_at_once']:8.1f} %")
        print(f"CPU time of a run        {found['cpu_ms_per_run']:8.1f} ms ({found['cpu_share']:.0%} of a core)")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""What rolling out costs: groups of runs, many at once, on endpoints of fixed latency, against the ideal.

    python benchmarks/rollouts.py [--questions 64] [--group-size 8] [--in-flight 64] [--latency 1.0]

Every run is a turn of a `ChatRouter` (sampled, so never shared), a call of a `ChatExpert` at temperature 0 (shared
within its group through the call cache on disk) and the router's answer, over a real HTTP server in a process of its
own that replies after the latency; traces are written, as `maestro rollout` does. Ideal: three latencies for every
wave of as many runs as may be in flight. A part of the same questions is run one after another, with everything else
alike, for comparison.

Prints a table, and the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Sample
from maestro_graph import ChatExpert, ExpertCard, Registry, RunTrace, read_trace
from maestro_graph.cache import CallCache
from maestro_graph.registry import EndpointConfig, RouterConfig, Sampling
from maestro_graph.routers.chat import ChatRouter
from maestro_training.rollouts import RolloutFolder, RolloutSettings, roll_out

SERVER = Path(__file__).parents[1] / "tests" / "integration" / "openai_server.py"
STEPS = 3
"""Latencies that follow each other in a run: router, expert, router."""


def start_server(latency_s: float) -> tuple[str, subprocess.Popen[str]]:
    command = [sys.executable, str(SERVER), "--latency", str(latency_s)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if server.stdout is None:
        raise RuntimeError("the server has no output")
    return server.stdout.readline().strip(), server


def questions(count: int, folder: Path, begin: int = 0) -> list[Sample]:
    """Questions about a picture each, so that their requests differ."""
    folder.mkdir()
    samples = []
    for at in range(begin, begin + count):
        file = folder / f"{at}.png"
        Image.new("RGB", (32, 32), (at % 256, at // 256, 0)).save(file)
        samples.append(
            Sample(id=str(at), suite="bench", question="How many?", images=(str(file),), answer=42, family="")
        )
    return samples


def traced(folder: Path) -> list[RunTrace]:
    return [run for file in folder.glob("traces/*/*.jsonl") for run in read_trace(file)]


async def rolled(url: str, samples: list[Sample], folder: Path, group_size: int, in_flight: int) -> dict[str, float]:
    """Seconds for the rollouts, and what the traces say of the expert's calls."""

    def endpoint(model: str) -> EndpointConfig:
        return EndpointConfig(base_url=url, model=model)

    card = ExpertCard(name="expert", description="Knows everything.", max_concurrency=in_flight)
    expert = ChatExpert.at(endpoint("expert"), card, Sampling())
    router = ChatRouter.at(RouterConfig(kind="chat", endpoint=endpoint("router")))
    registry = Registry(experts=[expert], cache=CallCache(folder / "calls"))
    settings = RolloutSettings(group_size=group_size, in_flight=in_flight)
    wall, cpu = time.perf_counter(), time.process_time()
    groups = await roll_out(samples, registry, router, settings, RolloutFolder(folder, {"bench": 1}))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    registry.cache.close()
    await asyncio.gather(expert.aclose(), router.aclose())
    if failed := [item.problem for group in groups for item in group if not item.finished]:
        raise RuntimeError(f"{len(failed)} runs came to nothing, the first by: {failed[0]}")
    runs = traced(folder)
    asked = [request for run in runs for call in run.calls for request in call.requests if not request.cached]
    distinct = {(request.question, request.images) for run in runs for call in run.calls for request in call.requests}
    return {"runs": len(runs), "seconds": wall, "cpu_s": cpu, "expert_calls": len(asked) / len(distinct)}


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    url, server = start_server(options.latency)
    try:
        with tempfile.TemporaryDirectory() as place:
            root, size = Path(place), options.group_size
            warm = questions(8, root / "p0", 9000)
            await rolled(url, warm, root / "warm", 8, options.in_flight)  # connections, imports
            samples = questions(options.questions, root / "p1")
            many = await rolled(url, samples, root / "many", size, options.in_flight)
            one = await rolled(url, samples[: options.sequential], root / "one", size, 1)
    finally:
        server.kill()
        server.wait()
    waves = many["runs"] / options.in_flight
    return {"many": many, "one": one, "of_ideal": STEPS * options.latency * waves / many["seconds"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=64, help="questions that are rolled out at once")
    parser.add_argument("--sequential", type=int, default=2, help="of these, how many are run one after another too")
    parser.add_argument("--group-size", type=int, default=8)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that the endpoints take")
    options = parser.parse_args()
    found = asyncio.run(measure(options))
    many, one = found["many"], found["one"]
    print(f"{'':24}{'runs':>8}{'seconds':>10}{'runs/s':>10}{'expert calls per distinct request':>36}")
    for name, row in ((f"{options.in_flight} in flight", many), ("one after another", one)):
        print(
            f"{name:24}{row['runs']:8}{row['seconds']:10.1f}{row['runs'] / row['seconds']:10.2f}"
            f"{row['expert_calls']:36.2f}"
        )
    faster = (many["runs"] / many["seconds"]) / (one["runs"] / one["seconds"])
    print(f"faster by {faster:.1f} times; {found['of_ideal']:.1%} of the ideal (at least 90 %)")
    print(f"CPU time of a run: {1000 * many['cpu_s'] / many['runs']:.1f} ms")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

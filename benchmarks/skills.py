"""Wall time of every skill on endpoints of fixed latency, beside its longest path and a sequential run.

    python benchmarks/skills.py --latency 0.3 [--markdown FILE]

Each endpoint (an expert, four perceivers) replies after exactly the latency, from a process of its own. The longest
path counts requests that must wait for each other by the skill's own file: evidence, choice of a child, steps after
steps. "Sequential" is the same run with one request in flight at a time. The code skill runs a sandbox, whose time is
not part of the path.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from string import Template
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration"))

from openai_server import Exchange, OpenAIServer, say
from skill_stage import KINDS, SAID, pictures, run_skill, stage_registry

from maestro_graph.errors import CallFailure
from maestro_skills import FolderSkill, load_skills
from maestro_skills.sandbox import choose_sandbox

LIMIT = 1.15
RUNS = 3
"""Parallel runs of each skill; the best counts, since other work of the machine only ever adds."""
QUESTIONS: dict[str, tuple[str, int]] = {
    "geometric-problem-solver": ("How long is AB?", 1),
    "chart-problem-solver/bar": ("What is the largest value?", 1),
    "chart-problem-solver/line": ("What is the largest value?", 1),
    "chart-problem-solver/pie": ("What is the largest value?", 1),
    "science-problem-solver": ("Which organelle is it?", 1),
    "counting-problem-solver": ("How many cups are there?", 1),
    "perception-problem-solver": ("What colour is the cup?", 1),
    "ocr-problem-solver/text-recognition": ("Transcribe the text.", 1),
    "ocr-problem-solver/scene-text-qa": ("What do the street signs say?", 1),
    "ocr-problem-solver/document-chart-qa": ("According to the report, who left?", 1),
    "ocr-problem-solver/key-information-extraction": ("What is the total on the receipt?", 1),
    "ocr-problem-solver/formula-recognition": ("Write it in LaTeX.", 1),
    "diagram-reasoning/circle-contact-overlap": ("Do the circles touch?", 1),
    "diagram-reasoning/intersection-route-counting": ("How often do the lines cross?", 1),
    "diagram-reasoning/grid-structure-parsing": ("How many rows and columns?", 1),
    "diagram-reasoning/highlighted-character": ("Which letter is circled?", 1),
    "diagram-reasoning/geometric-shape-counting": ("How many pentagons are there?", 1),
    "embodied-scene-qa/trajectory-outcome": ("Where does the trajectory end?", 1),
    "embodied-scene-qa/action-adjustment": ("How must the gripper be rotated to grasp the handle?", 1),
    "embodied-scene-qa/spatial-mechanics": ("Which object would fall if the support were removed?", 1),
    "embodied-scene-qa/pointing-localization": ("Give the coordinates of the handle.", 2),
    "embodied-scene-qa/multi-view-task": ("In both views, which cup is it?", 2),
    "code-problem-solver": ("Complete `def double(x: int) -> int:`.", 1),
}


@dataclass(frozen=True)
class Row:
    skill: str
    calls: int
    path: int
    measured: float
    sequential: float
    latency: float

    @property
    def share(self) -> float:
        """Wall time over the longest path."""
        return self.measured / (self.path * self.latency)


@dataclass(frozen=True)
class Timed:
    """One run."""

    seconds: float
    calls: int
    path: int


@dataclass(frozen=True)
class Orders:
    """How the endpoints are to reply from now on; their count begins anew."""

    latency: float
    child: str
    sequential: bool


class Endpoints:
    """The server in another process, so that its work is not part of what is measured."""

    def __enter__(self) -> Endpoints:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        self.base_url: str = self._pipe.recv()
        return self

    def __exit__(self, *exception: object) -> None:
        self._pipe.send(None)
        self._process.join(10)

    def order(self, orders: Orders) -> None:
        self._pipe.send(orders)
        self._pipe.recv()

    def calls(self) -> int:
        """Requests since the last order."""
        self._pipe.send("calls")
        count: int = self._pipe.recv()
        return count


def serve(pipe: Connection) -> None:
    """Serve until told to stop; runs in the other process."""
    with OpenAIServer() as server:
        pipe.send(server.base_url)
        clocked: Clocked | None = None
        while (order := pipe.recv()) is not None:
            if isinstance(order, Orders):
                clocked = Clocked(server, order.latency, order.child, sequential=order.sequential)
            pipe.send(clocked.calls if clocked else 0)


class Clocked:
    """Replies after the latency, counts requests, and can let them through one at a time."""

    def __init__(self, server: OpenAIServer, latency: float, child: str, *, sequential: bool) -> None:
        self.calls = 0
        self._latency, self._child = latency, child
        self._gate = asyncio.Semaphore(1) if sequential else None
        for kind in KINDS:
            server.script(kind, self._behaviour(SAID[kind]))
        server.script("expert", self._behaviour(None))

    def _behaviour(self, text: str | None) -> Any:
        async def behave(exchange: Exchange) -> bool | None:
            self.calls += 1
            reply = say(text or self._reply, delay_s=self._latency)
            if self._gate is None:
                return await reply(exchange)
            async with self._gate:
                return await reply(exchange)

        return behave

    def _reply(self, body: dict[str, Any]) -> str:
        words = str(body["messages"])
        if "Choose the one way of working" in words:
            return self._child
        if "You read tests from pictures" in words:
            return "```python\nassert double(2) == 4\n```"
        if "You write a Python function" in words:
            return "```python\ndef double(x):\n    return 2 * x\n```"
        return "Answer: 7"


def longest_path(skill: FolderSkill, child: str, events: Sequence[dict[str, Any]]) -> int:
    """Requests that must wait for each other, by what the skill's file says its steps need."""
    file = skill.file.children[child] if child else skill.file
    ran = {event["step"] for event in events if event["event"] == "step"}
    chosen = int("dispatch" in ran)
    early = set(skill.file.evidence) if child else set()
    depths: dict[str, int] = {}
    for step in file.steps:
        if step.id in ran:
            slots = set(Template(file.prompts[step.id]).get_identifiers())
            slots |= {kind for picture, kind in (("crop", "zoom"), ("boxes", "detect")) if picture in step.images}
            seen = [1 if spec in early else chosen + 1 for spec in file.evidence if spec.kind in slots]
            depths[step.id] = 1 + max([chosen, *seen, *(depths[earlier] for earlier in step.after)])
    return max(depths.values())


async def measure(server: Endpoints, path: str, latency: float, folder: Path) -> Row:
    level1, _, child = path.partition("/")
    question, count = QUESTIONS[path]
    images = pictures(folder, count)
    await timed(server, level1, child, question, images, 0.0)  # warms the encoder and the client library
    runs = [await timed(server, level1, child, question, images, latency) for _ in range(RUNS)]
    best = min(runs, key=lambda run: run.seconds)
    sequential = await timed(server, level1, child, question, images, latency, sequential=True)
    return Row(path, best.calls, best.path, best.seconds, sequential.seconds, latency)


async def timed(
    server: Endpoints,
    level1: str,
    child: str,
    question: str,
    images: Sequence[Any],
    latency: float,
    *,
    sequential: bool = False,
) -> Timed:
    server.order(Orders(latency, child, sequential))
    (skill,) = load_skills([level1], None)
    registry = stage_registry(server.base_url, [skill])
    events: list[dict[str, Any]] = []
    began = time.perf_counter()
    evidence = await run_skill(registry, skill.card.protocol_name, question, images, events)
    took = time.perf_counter() - began
    chosen = [event["child"] for event in events if event["event"] == "dispatch"]
    if not evidence.ok or chosen != ([child] if child else []):
        raise SystemExit(f"{level1}/{child} did not run: {evidence.status} {evidence.text} {chosen}")
    return Timed(took, server.calls(), longest_path(skill, child, events))


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [
        "| skill | calls | longest path | measured | of the path | sequential |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.skill} | {row.calls} | {row.path} × {row.latency:g} s | {row.measured:.2f} s | {row.share:.2f} | "
        f"{row.sequential:.2f} s |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds of every reply")
    parser.add_argument("--only", nargs="*", help="skills, as in the table")
    parser.add_argument("--markdown", type=Path, help="write the table there too")
    options = parser.parse_args()
    rows: list[Row] = []
    with Endpoints() as server, tempfile.TemporaryDirectory() as folder:
        for path in options.only or QUESTIONS:
            if path == "code-problem-solver" and not has_sandbox():
                continue
            rows.append(asyncio.run(measure(server, path, options.latency, Path(folder))))
    print(table(rows))
    if options.markdown:
        options.markdown.write_text(table(rows) + "\n", encoding="utf-8")
    print(f"load of the machine after the run: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    slow = [row.skill for row in rows if row.share > LIMIT]
    print(f"within {LIMIT} times the longest path: {len(rows) - len(slow)}/{len(rows)}", *slow)
    return 1 if slow else 0


def has_sandbox() -> bool:
    try:
        choose_sandbox()
    except CallFailure as failure:
        print(f"code-problem-solver is left out: {failure.message}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

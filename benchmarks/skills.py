"""Wall time of every skill on endpoints of fixed latency, beside its longest path and a sequential run.

    python benchmarks/skills.py --latency 0.3 [--markdown FILE]

Each endpoint (an expert, four perceivers) replies after exactly the latency. The longest path counts requests that
depend on each other, measured on the server: it grows by one whenever a request arrives after a reply that it could
have waited for. "Sequential" is the same run with one request in flight at a time. The code skill runs a sandbox,
whose time is not part of the path.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration"))

from openai_server import Exchange, OpenAIServer, say
from skill_stage import KINDS, SAID, pictures, run_skill, stage_registry

from maestro_graph.errors import CallFailure
from maestro_skills import load_skills
from maestro_skills.sandbox import choose_sandbox

LIMIT = 1.15
RUNS = 3
"""Parallel runs of each skill; the median counts."""
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


class Clocked:
    """Replies after the latency, keeps arrivals, and can let requests through one at a time."""

    def __init__(self, server: OpenAIServer, latency: float, child: str, *, sequential: bool) -> None:
        self.arrivals: list[float] = []
        self._latency, self._child = latency, child
        self._gate = asyncio.Semaphore(1) if sequential else None
        for kind in KINDS:
            server.script(kind, self._behaviour(SAID[kind]))
        server.script("expert", self._behaviour(None))

    def _behaviour(self, text: str | None) -> Any:
        async def behave(exchange: Exchange) -> bool | None:
            self.arrivals.append(time.monotonic())
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

    def longest_path(self) -> int:
        """Requests one after the other: groups of arrivals that lie at least 0.9 latencies apart."""
        waves, began = 0, float("-inf")
        for at in sorted(self.arrivals):
            if at - began >= 0.9 * self._latency:
                waves, began = waves + 1, at
        return waves


async def measure(server: OpenAIServer, path: str, latency: float, folder: Path) -> Row:
    level1, _, child = path.partition("/")
    question, count = QUESTIONS[path]
    images = pictures(folder, count)
    await timed(server, level1, child, question, images, 0.0)  # warms the encoder and the client library
    runs = [await timed(server, level1, child, question, images, latency) for _ in range(RUNS)]
    measured, clocked = sorted(runs, key=lambda run: run[0])[len(runs) // 2]
    sequential, _ = await timed(server, level1, child, question, images, latency, sequential=True)
    return Row(path, len(clocked.arrivals), clocked.longest_path(), measured, sequential, latency)


async def timed(
    server: OpenAIServer,
    level1: str,
    child: str,
    question: str,
    images: Sequence[Any],
    latency: float,
    *,
    sequential: bool = False,
) -> tuple[float, Clocked]:
    clocked = Clocked(server, latency, child, sequential=sequential)
    (skill,) = load_skills([level1], None)
    registry = stage_registry(server.base_url, [skill])
    events: list[dict[str, Any]] = []
    began = time.perf_counter()
    evidence = await run_skill(registry, skill.card.protocol_name, question, images, events)
    took = time.perf_counter() - began
    chosen = [event["child"] for event in events if event["event"] == "dispatch"]
    if not evidence.ok or chosen != ([child] if child else []):
        raise SystemExit(f"{level1}/{child} did not run: {evidence.status} {evidence.text} {chosen}")
    return took, clocked


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
    with OpenAIServer() as server, tempfile.TemporaryDirectory() as folder:
        for path in options.only or QUESTIONS:
            if path == "code-problem-solver" and not has_sandbox():
                continue
            rows.append(asyncio.run(measure(server, path, options.latency, Path(folder))))
    print(table(rows))
    if options.markdown:
        options.markdown.write_text(table(rows) + "\n", encoding="utf-8")
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

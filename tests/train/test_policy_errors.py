"""What a training of a policy cannot use is said clearly, before it costs anything or where it shows."""

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

from maestro_graph.errors import MaestroError  # noqa: E402
from maestro_training.policy._train import train_policy  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_world(tmp_path_factory.mktemp("world"))


def refused(world: dict[str, Any], out: Path, **fields: Any) -> str:
    with pytest.raises(MaestroError) as caught:
        train_policy(settings(world, **fields), out / "run", shown=False)
    assert not (out / "run" / "policy").exists()
    return str(caught.value)


def test_a_wrong_model_path(world: dict[str, Any], tmp_path: Path) -> None:
    told = refused(world, tmp_path, model=str(tmp_path / "nothing"))
    assert "there is no folder" in told
    assert "nothing" in told


def test_a_model_that_is_named_by_a_variable_that_is_not_set(
    world: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_MODEL", raising=False)
    assert "SOME_MODEL, which is not set" in refused(world, tmp_path, model="$SOME_MODEL")


def test_a_folder_without_weights(world: dict[str, Any], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(world["model"], model, ignore=shutil.ignore_patterns("*.safetensors"))
    assert "cannot be loaded" in refused(world, tmp_path, model=str(model))


def test_a_policy_without_a_chat_template_and_without_chatml(world: dict[str, Any], tmp_path: Path) -> None:
    """Where a vocabulary has ChatML's control tokens, no template is needed; where it has not, one is."""
    model = tmp_path / "model"
    shutil.copytree(world["model"], model)
    (model / "chat_template.jinja").unlink()
    for file in ("tokenizer.json", "tokenizer_config.json"):
        text = (model / file).read_text()
        (model / file).write_text(text.replace("<|im_start|>", "<|begin|>").replace("<|im_end|>", "<|over|>"))
    told = refused(world, tmp_path, model=str(model))
    assert "ChatML cannot be written for it" in told
    assert "chat template" in told


def test_a_suite_without_answers(world: dict[str, Any], tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    shutil.copytree(world["suite"], suite)
    lines = [json.loads(line) for line in (suite / "questions.jsonl").read_text().splitlines()]
    lines[3]["answer"] = None
    (suite / "questions.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    told = refused(world, tmp_path, suite=str(suite))
    assert "train-3" in told
    assert "has no answer" in told


def test_too_long_prompts(world: dict[str, Any], tmp_path: Path) -> None:
    told = refused(world, tmp_path, lengths={"prompt": 40, "turn": 64, "trajectory": 512})
    assert "the prompt of sample 'little/train-" in told
    assert "the limit is 40" in told


def test_a_turn_that_is_too_short_for_any_action(world: dict[str, Any], tmp_path: Path) -> None:
    """Such turns are malformed, and a run that has no other is worth -1: it is no error, but it is seen."""
    done = train_policy(
        settings(world, steps=1, lengths={"prompt": 1024, "turn": 3, "trajectory": 512}), tmp_path / "run", shown=False
    )
    assert done.figures[0]["valid"] == 0


FULL = """
import json, sys
from pathlib import Path
from policy_world import settings
from maestro_graph.errors import MaestroError
from maestro_training.policy._train import train_policy

world, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
try:
    train_policy(settings(world, steps=2), out, shown=False)
except MaestroError as error:
    print("told:", error)
"""


def full_disk(tmp_path: Path, megabytes: float) -> list[str] | None:
    """The start of a command that sees a disk of that size at `disk`, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={int(megabytes * 1024)}k tmpfs {disk}"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        return None
    return command


def trained_on(command: list[str], world: dict[str, Any], tmp_path: Path, out: Path, **options: Any) -> str:
    (tmp_path / "world.json").write_text(json.dumps(world))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [*command, sys.executable, "-W", "ignore", "-c", FULL, str(tmp_path / "world.json"), str(out)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_full_disk(world: dict[str, Any], tmp_path: Path) -> None:
    """The first checkpoint does not fit on a disk that is as large as half of one."""
    command = full_disk(tmp_path, 0.5 * (Path(world["model"]) / "model.safetensors").stat().st_size / 2**20)
    if command is None:
        pytest.skip("no disk can be mounted here")
    told = trained_on(command, world, tmp_path, tmp_path / "disk" / "run")
    assert "there is no room left to write to" in told
    assert "goes on from the last whole checkpoint" in told


def test_a_disk_that_is_full_after_the_model_but_before_the_optimizer(world: dict[str, Any], tmp_path: Path) -> None:
    """The optimizer's state is twice the model: a file of more than the model may not be written."""
    import resource

    size = (Path(world["model"]) / "model.safetensors").stat().st_size

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(1.5 * size), int(1.5 * size)))

    told = trained_on([], world, tmp_path, tmp_path / "run", preexec_fn=limited)
    assert "there is no room left to write to" in told
    done = train_policy(settings(world, steps=2), tmp_path / "run", shown=False)
    assert [item["step"] for item in done.figures] == [0, 1]

"""A world for training a policy in seconds: a suite of little pictures, a table of outcomes, a tiny Qwen3-VL.

As a script it trains, stops at a place, says so, and waits to be killed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from maestro_evaluation.loaders import open_suite
from maestro_training.policy._config import PolicyTraining
from maestro_training.policy._tiny import build_tiny_qwen3vl

REGISTRY = """version: 1
name: two
experts:
  - {name: looker, embedded: looker, modality: [text, image], description: Looks at colours and shapes.}
  - {name: calculator, embedded: calculator, modality: [text, image], description: Calculates.}
"""
SIZES = ((64, 64), (96, 64), (64, 128))
OPTIONS = {
    "max_thought": 0,
    "max_answer": 6,
    "queries": "question",
    "answers": "evidence",
    "last_turn": "answer",
    "prompt": "brief",
    "observation_chars": 100,
}


def write_suite(folder: Path, count: int) -> Path:
    """Red pictures and blue ones, one or two a question, of three sizes."""
    (folder / "pictures").mkdir(parents=True)
    lines = []
    for number in range(count):
        red = number % 2 == 0
        images = [_picture(folder, f"{number}-{at}", red, SIZES[(number + at) % 3]) for at in range(1 + number % 2)]
        lines.append(
            {
                "id": f"train-{number}",
                "question": "What is it?",
                "images": images,
                "answer": "7" if red else "9",
                "family": "red" if red else "blue",
                "rule": "short-answer",
                "split": "train",
            }
        )
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    (folder / "suite.json").write_text(json.dumps({"name": "little", "title": "Little", "source": "this test"}))
    return folder


def _picture(folder: Path, name: str, red: bool, size: tuple[int, int]) -> str:
    image = Image.new("RGB", size, "white")
    box = (8, 8, size[0] - 8, size[1] - 8)
    ImageDraw.Draw(image).rectangle(box, fill=(200 + len(name), 20, 20) if red else (20, 20, 200))
    image.save(folder / "pictures" / f"{name}.png")
    return f"pictures/{name}.png"


def write_table(folder: Path, suite: Path) -> Path:
    """The looker is right on red pictures, the calculator on blue ones."""
    rows = []
    for sample in open_suite(str(suite)):
        for expert in ("looker", "calculator"):
            knows = (expert == "looker") == (sample.family == "red")
            answer = sample.answer if knows else "1"
            usage = {"calls": 1, "input_tokens": 0, "output_tokens": 0, "cost": 0.0}
            evidence = {
                "turn": 0,
                "call": 0,
                "expert": expert,
                "skill": None,
                "query": sample.question,
                "status": "ok",
                "text": f"It is {answer}.",
                "answer": answer,
                "confidence": 0.5,
                "seconds": 0.1,
                "attempts": 1,
                "usage": usage,
            }
            row = {"suite": sample.suite, "sample": sample.id, "fingerprint": sample.fingerprint, "plan": expert}
            row |= {"identity": "made", "status": "ok", "answer": answer, "confidence": 0.5, "score": float(knows)}
            rows.append({**row, "seconds": 0.1, "usage": usage, "evidence": [evidence]})
    folder.mkdir(parents=True)
    file = folder / "outcomes.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return file


def write_world(folder: Path, *, count: int = 8, **sizes: Any) -> dict[str, Any]:
    """Suite, table, registry and model; what a configuration says of them."""
    suite = write_suite(folder / "suite", count)
    registry = folder / "two.yaml"
    registry.write_text(REGISTRY)
    given: dict[str, Any] = {"hidden": 64, "layers": 2, "vision_hidden": 48, "vision_layers": 2, "max_side": 96}
    model = build_tiny_qwen3vl(folder / "model", registry=str(registry), **{**given, **sizes})
    table = write_table(folder / "table", suite)
    return {"model": str(model), "suite": str(suite), "outcomes": str(table), "registry": str(registry)}


def settings(world: dict[str, Any], **fields: Any) -> PolicyTraining:
    """A training of four updates on two questions each."""
    given: dict[str, Any] = {
        "options": {**OPTIONS, "max_image_side": 96},
        "steps": 4,
        "questions": 2,
        "group_size": 4,
        "micro_batch": 4,
        "learning_rate": 1e-3,
        "max_turns": 2,
        "lengths": {"prompt": 1024, "turn": 64, "trajectory": 512},
        "checkpointing": False,
        "checkpoint": 1,
        **world,
        **fields,
    }
    return PolicyTraining.model_validate(given)


def noted(file: Path) -> None:
    """Write down which questions each round asks."""
    from maestro_training.policy._runs import GraphRuns

    plain = GraphRuns.__call__

    def call(self: GraphRuns, keys: Any) -> Any:
        with file.open("a") as out:
            out.write(json.dumps({"round": self.round, "keys": list(keys)}) + "\n")
        return plain(self, keys)

    GraphRuns.__call__ = call  # type: ignore[method-assign]


def stop(place: str) -> None:
    """Say that the place was reached, and wait to be killed."""
    sys.stdout.write(f"{place}\n")
    sys.stdout.flush()
    while True:
        os.read(0, 1)


def stop_at(place: str, round_: int) -> None:
    """Have the training stop in the middle of sampling, of an update, or of writing a checkpoint."""
    from maestro_graph.routers.policy._torch_model import TorchPolicy
    from maestro_training.policy._trl import GraphGRPOTrainer

    if place == "generation":
        work, batches = TorchPolicy.work, [0]

        def working(self: Any, batch: Any) -> None:
            work(self, batch)
            batches[0] += 1
            if list(Path(sys.argv[1]).glob(f"run/rollouts/round-{round_:06d}/traces/*/*.jsonl")):
                stop(place)

        TorchPolicy.work = working  # type: ignore[method-assign]
    elif place == "update":
        loss = GraphGRPOTrainer._compute_loss

        def computing(self: Any, model: Any, inputs: Any) -> Any:
            found = loss(self, model, inputs)
            if self.state.global_step == round_:
                stop(place)
            return found

        GraphGRPOTrainer._compute_loss = computing  # type: ignore[method-assign]
    else:
        save = GraphGRPOTrainer._save_optimizer_and_scheduler

        def saving(self: Any, folder: str) -> None:
            if self.state.global_step > round_:
                Path(folder, "optimizer.pt").write_bytes(b"half")
                stop(place)
            save(self, folder)

        GraphGRPOTrainer._save_optimizer_and_scheduler = saving


if __name__ == "__main__":
    from maestro_training.policy._train import train_policy

    home = Path(sys.argv[1])
    stop_at(sys.argv[2], int(sys.argv[3]))
    train_policy(settings(json.loads((home / "world.json").read_text())), home / "run", shown=False)

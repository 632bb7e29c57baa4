"""Trials on held-out questions, scores of what was possible, and an end by the clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from policy_world import settings, write_world

from maestro_training.policy._train import train_policy

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_it_stops_by_the_clock_with_policy_and_report_and_goes_on(tmp_path: Path) -> None:
    world = write_world(tmp_path / "world")
    trials = {"split": "train", "every": 1, "some": 2, "group": 2}
    training = settings(world, max_minutes=0.001, held_out=trials, solvable=True, passes=2)
    out = tmp_path / "run"
    done = train_policy(training, out, shown=False)
    assert [figures["step"] for figures in done.figures] == [0]
    assert done.figures[0]["watched"]["score"] == pytest.approx(records(out / "held_out.jsonl")[2]["score"])
    assert (out / "policy" / "router.json").is_file()

    tried = [(record["step"], record["how"], record["questions"]) for record in records(out / "held_out.jsonl")]
    assert tried == [
        (0, "greedy", 8),
        (0, "sampled", 8),
        (1, "greedy", 2),
        (1, "sampled", 2),
        (1, "greedy", 8),
        (1, "sampled", 8),
    ]
    for record in records(out / "held_out.jsonl"):
        assert sum(record["pairs"].values()) == pytest.approx(1.0)
        assert set(record["families"]) <= {"red", "blue"}
    scores = json.loads((out / "scores.json").read_text())
    assert (scores["best pair"]["score"], scores["oracle"]["score"]) == (0.5, 1.0)
    assert {"untrained", "trained", "best plan", "oracle of one call"} <= set(scores)
    assert "| oracle | 1.000 | 1.00 | 100% |" in (out / "report.md").read_text(encoding="utf-8")

    again = train_policy(training, out, shown=False)
    assert [figures["step"] for figures in again.figures] == [0, 1]
    assert records(out / "held_out.jsonl")[-1]["step"] == 2

"""Settings, folders and the world of a training run: what is wrong is said, what is half written is not read."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.evidence import Evidence, EvidenceRecord
from maestro_graph.routers.encoder import initial_weights
from maestro_training.encoder import (
    Learner,
    Objective,
    RunFolder,
    StepFigures,
    TableWorld,
    VectorStore,
    collapse_warning,
    read_training,
    write_report,
)


def test_a_training_file_is_read_with_its_paths(tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    file = tmp_path / "t.yaml"
    file.write_text("suite: mixed\noutcomes: table/outcomes.jsonl\nreward: {calls: 0.1}\n")
    found = read_training(file)
    assert (found.suite, found.outcomes) == (str(tmp_path / "mixed"), tmp_path / "table" / "outcomes.jsonl")
    assert found.reward.calls == 0.1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suite: a\noutcomes: b\nsteps: 0\n", "steps: "),
        ("suite: a\noutcomes: b\nreward: {call: 1}\n", "reward.call: "),
        ("- a\n", "file: "),
        ("a: [\n", "no YAML"),
    ],
)
def test_a_training_file_that_is_wrong_names_the_field(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(text)
    with pytest.raises(MaestroError, match=said):
        read_training(file)


def test_training_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"maestro-graph\[train\]"):
        Learner(initial_weights(0, dimensions=4), Objective())


def test_the_folder_of_another_run_is_refused_and_half_a_checkpoint_is_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {"seed": 0})
    part, file = folder.new_checkpoint(20)
    part.write_bytes(b"half")
    again = RunFolder(tmp_path, {"seed": 0})
    assert again.checkpoints() == []
    assert not part.exists()
    for step in (20, 40, 60):
        part, file = again.new_checkpoint(step)
        part.write_bytes(b"whole")
        again.keep(part, file)
    assert [step for step, _ in again.checkpoints()] == [60, 40]
    with pytest.raises(MaestroError, match="other settings"):
        RunFolder(tmp_path, {"seed": 1})


def test_figures_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {})
    for step in range(5):
        folder.append({"step": step})
    with (tmp_path / "figures.jsonl").open("a") as out:
        out.write('{"step": 5, "rew')
    folder.rewind(3)
    assert [item["step"] for item in folder.figures()] == [0, 1, 2]


def test_a_report_of_nothing_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(MaestroError, match="holds no training run"):
        write_report(tmp_path)


def figures(**fields: object) -> StepFigures:
    given = {
        "step": 3,
        "reward": 0.0,
        "components": {},
        "valid": 1.0,
        "flat": 0.0,
        "calls": 1.0,
        "skills": {},
        **fields,
    }
    return StepFigures(**given)  # type: ignore[arg-type]


def test_collapse_is_told() -> None:
    two = [("a", None), ("b", None)]
    assert collapse_warning(figures(experts={"a": 0.5, "b": 0.5}, entropy=0.5), two) is None
    assert "a gets 95%" in (collapse_warning(figures(experts={"a": 0.95, "b": 0.05}, entropy=0.5), two) or "")
    assert "entropy" in (collapse_warning(figures(experts={"a": 0.5, "b": 0.5}, entropy=0.001), two) or "")
    assert collapse_warning(figures(experts={"a": 1.0}, entropy=0.5), [("a", None), ("a", "S")]) is None


def row(plan: str, answer: str | None, status: str = "ok") -> EvidenceRecord:
    name = plan.rpartition(" > ")[2]
    return Evidence(
        turn=0, call=0, expert=name, skill=None, query="", status=status, text=plan, answer=answer
    ).as_record()  # type: ignore[arg-type]


def test_the_table_answers_by_the_longest_plan_that_was_followed() -> None:
    sample = Sample(id="1", suite="s", question="q", images=(), answer=1, family="")
    lines = {plan: row(plan, plan) for plan in ("read", "sum", "read > sum")}
    lines["look"] = row("look", None, "refused")
    table = {("s/1", plan): {"plan": plan, "evidence": [record]} for plan, record in lines.items()}
    actions = [("read", None), ("sum", None), ("look", None)]
    found = TableWorld.build([sample], table, actions).samples[0]  # type: ignore[arg-type]
    read, look = found.reply((), ("read", None)), found.reply((), ("look", None))
    assert found.reply((), ("sum", None)).answer == "sum"
    assert found.reply((read,), ("sum", None)).answer == "read > sum"
    assert found.reply((look,), ("sum", None)).answer == "sum"
    assert found.reply((read, look), ("sum", None)).answer == "read > sum"
    with pytest.raises(MaestroError, match="no row of nobody"):
        found.reply((), ("nobody", None))
    with pytest.raises(MaestroError, match="covers none"):
        TableWorld.build([sample], table, [("nobody", None)])  # type: ignore[arg-type]


def test_vectors_are_computed_once_and_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    first = VectorStore(encode, tmp_path / "v.npz")  # type: ignore[arg-type]
    first.prepare(["a", "bb", "a"])
    again = VectorStore(encode, tmp_path / "v.npz")  # type: ignore[arg-type]
    np.testing.assert_array_equal(again(["bb", "a", "ccc"]), [[2, 1], [1, 1], [3, 1]])
    assert asked == ["a", "bb", "ccc"]
    (tmp_path / "v.npz").write_bytes(b"PK\x03\x04 cut")
    assert VectorStore(encode, tmp_path / "v.npz")(["a"]).shape == (1, 2)  # type: ignore[arg-type]

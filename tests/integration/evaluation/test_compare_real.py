"""Two runs of the same router with one changed expert, compared and reported on: real experts, the real runner."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maestro_evaluation.cli import app

pytestmark = pytest.mark.real

REGISTRY = """
version: 1
name: two
deadline_s: 60
router: encoder
experts:
  - name: sums
    embedded: {sums}
    abilities: [calculate]
    modality: [text, image]
    description: Calculates sums, differences and products of numbers that are stated in the question.
  - name: eyes
    embedded: looker
    abilities: [look]
    modality: [text, image]
    description: Looks at the colours, shapes and places of things in a picture.
"""


def invoke(*args: object) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_a_changed_expert_shows(tmp_path: Path) -> None:
    suite = tmp_path / "sums"
    suite.mkdir()
    questions = [
        {"id": str(at), "question": f"What is {at + 11} * {at + 3}?", "answer": (at + 11) * (at + 3), "images": []}
        for at in range(12)
    ]
    (suite / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)) + "\n")
    for run, expert in (("A", "calculator"), ("B", "looker")):
        (tmp_path / f"{run}.yaml").write_text(REGISTRY.format(sums=expert))
        invoke(
            *("run", "--suite", suite, "--registry", tmp_path / f"{run}.yaml", "--router", "encoder"),
            *("--out", tmp_path / run),
        )
    told = invoke("compare", tmp_path / "A", tmp_path / "B")
    assert "experts: sums changed" in told
    row = (
        next(line for line in told.splitlines() if line.startswith("sums ")).replace("[", " ").replace("]", " ").split()
    )
    assert row[1:4] == ["100.0", "0.0", "-100.0"]
    assert row[6] == "0.0005"  # 2 / 2**12
    assert "12 samples differ" in told
    full = json.loads(invoke("compare", tmp_path / "A", tmp_path / "B", "--json"))
    assert full["overall"]["difference"]["low"] <= -0.99
    assert full["overall"]["test"] == "mcnemar"
    files = invoke("report", tmp_path / "A", tmp_path / "B", "--out", tmp_path / "both").split()
    assert [Path(file).name for file in files] == ["report.md", "report.html"]
    page = Path(files[1]).read_text()
    assert "encoder (A)" in page
    assert "encoder (B)" in page
    invoke("report", tmp_path / "B")
    assert "What is 11 * 3?" in (tmp_path / "B" / "report.html").read_text()

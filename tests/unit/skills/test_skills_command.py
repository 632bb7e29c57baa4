"""`maestro skills` as its users see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maestro_graph.errors import MaestroError
from maestro_skills import load_skills
from maestro_skills._skeleton import write_skeleton
from maestro_skills.cli import app

CLI = CliRunner()


def test_list_prints_the_tree_with_every_skill() -> None:
    done = CLI.invoke(app, ["list"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "9 Level-1 skills, 18 Level-2 skills"
    assert any(line.startswith("ocr-problem-solver (@@ocr_problem_solver)") for line in lines)
    assert sum("── " in line for line in lines) == 18


def test_list_as_json() -> None:
    skills = json.loads(CLI.invoke(app, ["list", "--json"]).stdout)["skills"]
    assert len(skills) == 9
    (chart,) = [skill for skill in skills if skill["protocol_name"] == "Chart_Problem_Solver"]
    assert [child["name"] for child in chart["children"]] == ["bar", "line", "pie"]


@pytest.mark.parametrize("name", ["geometric-problem-solver", "Geometric_Problem_Solver"])
def test_show_prints_evidence_steps_and_prompts(name: str) -> None:
    out = CLI.invoke(app, ["show", name]).stdout
    for words in ("- ocr: labels of points", "- verify after integrate, solve; sees original", "--- prompts/solve.md"):
        assert words in out


@pytest.mark.parametrize("name", ["bar", "chart-problem-solver/bar"])
def test_show_finds_children(name: str) -> None:
    assert "You read bar charts exactly." in CLI.invoke(app, ["show", name]).stdout


def test_show_of_an_unknown_name_lists_what_there_is() -> None:
    done = CLI.invoke(app, ["show", "bars"])
    assert done.exit_code == 2
    assert "'chart-problem-solver/bar'" in done.stderr


def test_check_validates_the_library_and_a_given_folder(tmp_path: Path) -> None:
    write_skeleton("leaf-shapes", tmp_path)
    done = CLI.invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == ["✓ leaf-shapes", "10 valid, 0 not"]


def test_check_finds_all_mistakes_and_exits_with_two(tmp_path: Path) -> None:
    for name, trouble in (("one", "level: 1"), ("two", "protocol-name: Two")):
        path = write_skeleton(name, tmp_path) / "SKILL.md"
        path.write_text(path.read_text(encoding="utf-8").replace(trouble, "nonsense: 1"), encoding="utf-8")
    done = CLI.invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 2
    assert "✗ one" in done.stdout
    assert "✗ two" in done.stdout
    assert done.stdout.splitlines()[-1] == "9 valid, 2 not"


def test_check_finds_a_protocol_name_that_is_taken(tmp_path: Path) -> None:
    path = write_skeleton("leaf-shapes", tmp_path) / "SKILL.md"
    text = path.read_text(encoding="utf-8").replace("Leaf_Shapes", "Chart_Problem_Solver")
    path.write_text(text, encoding="utf-8")
    done = CLI.invoke(app, ["check", str(tmp_path), "--json"])
    data = json.loads(done.stdout)
    assert (done.exit_code, data["valid"]) == (2, False)
    assert "chart-problem-solver too; choose another one" in data["skills"][-1]["problem"]


def test_check_of_a_folder_without_skills(tmp_path: Path) -> None:
    done = CLI.invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 2
    assert "no folder with a SKILL.md" in done.stdout


def test_new_writes_a_skill_that_loads(tmp_path: Path) -> None:
    done = CLI.invoke(app, ["new", "leaf-shapes", "--folder", str(tmp_path)])
    assert done.exit_code == 0
    (skill,) = load_skills([f"{tmp_path}/leaf-shapes"], None)
    assert (skill.card.protocol_name, [step.id for step in skill.file.steps]) == ("Leaf_Shapes", ["observe", "answer"])
    again = CLI.invoke(app, ["new", "leaf-shapes", "--folder", str(tmp_path)])
    assert again.exit_code == 2
    assert "exists already" in again.stderr


@pytest.mark.parametrize("name", ["Leaf", "leaf_shapes", "-leaf", "leaf-", "a" * 65, "../leaf", ""])
def test_new_refuses_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(MaestroError, match="is no skill name"):
        write_skeleton(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_run_without_an_expert_that_can_says_why(tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text("name: lonely\nskills: ['*']\n", encoding="utf-8")
    done = CLI.invoke(app, ["run", "chart-problem-solver", "Which?", "--registry", str(registry)])
    assert done.exit_code == 2
    assert "no expert of 'lonely' can run chart-problem-solver" in done.stderr
    done = CLI.invoke(app, ["run", "chart", "Which?", "--registry", str(registry)])
    assert done.exit_code == 2
    assert "'chart-problem-solver'" in done.stderr


def test_dispatch_eval_prints_the_sum_last(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"level1": "ocr-problem-solver", "level2": "scene-text-qa", "question": "In LaTeX?"}\n', "utf-8")
    lines = CLI.invoke(app, ["dispatch-eval", str(path)]).stdout.splitlines()
    assert lines[-1] == "dispatch: 0/1 right"
    assert "went to formula-recognition (triggers" in lines[0]


def test_the_command_is_registered() -> None:
    from importlib.metadata import entry_points

    (point,) = entry_points(group="maestro.commands", name="skills")
    assert point.load() is app

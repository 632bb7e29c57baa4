"""What a folder skill says of itself to evaluations: its triggers, whether it passes evidence on, its identity."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import maestro_skills
from maestro_graph import load_registry
from maestro_skills import FolderSkill, load_skills

LIBRARY = Path(maestro_skills.__file__).parent / "library"


def loaded(folder: Path) -> FolderSkill:
    (skill,) = load_skills([f"{folder.parent}/{folder.name}"], None)
    assert isinstance(skill, FolderSkill)
    return skill


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(LIBRARY / "chart-problem-solver", tmp_path / "chart-problem-solver")
    return tmp_path / "chart-problem-solver"


def test_triggers_are_those_of_the_skill_and_its_children() -> None:
    skills = load_registry("embedded").skills
    chart = skills["Chart_Problem_Solver"]
    assert isinstance(chart, FolderSkill)
    assert r"\bhistogram\b" in chart.triggers
    assert chart.file.triggers == chart.triggers[: len(chart.file.triggers)] != ()
    assert len(chart.triggers) == len(chart.file.triggers) + sum(
        len(child.triggers) for child in chart.file.children.values()
    )


def test_the_identity_is_the_content_wherever_it_lies(copy: Path) -> None:
    before = loaded(copy).identity
    moved = copy.parent / "elsewhere" / copy.name
    shutil.copytree(copy, moved)
    assert loaded(moved).identity == before
    file = copy / "bar" / "SKILL.md"
    file.write_text(file.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    assert loaded(copy).identity != before


def test_a_foreign_workflow_may_read_evidence_itself(copy: Path) -> None:
    assert all(skill.passes_evidence for skill in load_registry("embedded").skills.values())  # type: ignore[attr-defined]
    file = copy / "SKILL.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    level: 1\n", "    level: 1\n    workflow: json:dumps\n", 1), encoding="utf-8")
    assert not loaded(copy).passes_evidence

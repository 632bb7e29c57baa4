"""Skill folders: what loads, what is refused, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_graph.errors import RegistryError
from maestro_skills import library_folder, load_skills, read_skill_file

FRONT = """---
name: {name}
description: Says hello.
metadata:
  maestro:
    level: 1
    protocol-name: Hello
    steps:
      - id: greet
        prompt: greet.md
      - id: again
        prompt: again.md
        after: [greet]
{extra}---

Body.
"""


def write_skill(folder: Path, *, name: str = "hello", extra: str = "", again: str = "You said: $greet") -> Path:
    skill = folder / "hello"
    skill.mkdir(exist_ok=True)
    (skill / "SKILL.md").write_text(FRONT.format(name=name, extra=extra), encoding="utf-8")
    (skill / "greet.md").write_text("Say hello.", encoding="utf-8")
    (skill / "again.md").write_text(again, encoding="utf-8")
    return skill


def test_a_folder_without_python_is_a_skill(tmp_path: Path) -> None:
    write_skill(tmp_path)
    (skill,) = load_skills([f"{tmp_path}/hello"], None)
    assert (skill.card.name, skill.card.protocol_name) == ("hello", "Hello")
    assert [step.id for step in skill.file.steps] == ["greet", "again"]
    assert skill.file.body == "Body."


def test_a_folder_of_folders_gives_all_its_skills(tmp_path: Path) -> None:
    write_skill(tmp_path)
    assert [skill.card.name for skill in load_skills([f"./{tmp_path.name}"], tmp_path.parent)] == ["hello"]


def test_the_library_validates_and_is_what_star_means() -> None:
    names = [skill.card.name for skill in load_skills(["*"], None)]
    assert names == sorted(path.parent.name for path in library_folder().glob("*/SKILL.md"))
    assert "counting-problem-solver" in names


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "other"}, ["name is 'other'", "the folder is 'hello'"]),
        ({"name": "Not Allowed"}, ["SKILL.md", "name"]),
        ({"extra": "    surprise: 1\n"}, ["SKILL.md", "surprise"]),
        ({"extra": "    workflow: nowhere:run\n"}, []),
        ({"again": "You said: $unknown"}, ["again.md", "unknown"]),
    ],
)
def test_mistakes_name_file_field_and_cure(tmp_path: Path, change: dict[str, str], words: list[str]) -> None:
    write_skill(tmp_path, **change)
    with pytest.raises(RegistryError) as caught:
        load_skills([f"{tmp_path}/hello"], None)
    for word in words:
        assert word in str(caught.value)


def test_a_prompt_cannot_leave_its_folder(tmp_path: Path) -> None:
    skill = write_skill(tmp_path)
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    text = (skill / "SKILL.md").read_text(encoding="utf-8").replace("greet.md", "../secret.md")
    (skill / "SKILL.md").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="leaves the skill's folder"):
        read_skill_file(skill)


def test_a_step_after_an_unknown_one_is_refused(tmp_path: Path) -> None:
    skill = write_skill(tmp_path)
    text = (skill / "SKILL.md").read_text(encoding="utf-8").replace("after: [greet]", "after: [nobody]")
    (skill / "SKILL.md").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="nobody"):
        read_skill_file(skill)


@pytest.mark.parametrize("text", ["", "no front matter", "---\n- a list\n---\n", "---\n{broken\n---\n"])
def test_broken_front_matter_is_a_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "SKILL.md").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="front matter"):
        read_skill_file(tmp_path / "hello")

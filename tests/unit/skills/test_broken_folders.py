"""Skill folders with a mistake: the error names the file, the field and the cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from maestro_graph.errors import RegistryError
from maestro_skills import FolderSkill, read_skill_file

Front = dict[str, Any]


def front(name: str = "leaf-shapes", level: int = 1) -> Front:
    ours: Front = {
        "level": level,
        "protocol-name": "Leaf_Shapes",
        "evidence": [{"kind": "ocr"}, {"kind": "zoom", "focus": "the leaf"}],
        "steps": [
            {"id": "look", "prompt": "look.md"},
            {"id": "answer", "prompt": "answer.md", "after": ["look"], "images": ["original", "crop"]},
        ],
    }
    return {"name": name, "description": "Tells leaves apart.", "metadata": {"maestro": ours}}


def write(folder: Path, matter: Front, prompts: dict[str, str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(f"---\n{yaml.safe_dump(matter)}---\n\nBody.\n", encoding="utf-8")
    texts = {"look.md": "Look. $pictures", "answer.md": "You saw $look and $ocr.", **(prompts or {})}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def ours(change: Callable[[Front], object]) -> Callable[[Front], None]:
    return lambda matter: (change(matter["metadata"]["maestro"]), None)[1]


def test_the_folder_is_sound_without_a_mistake(tmp_path: Path) -> None:
    file = read_skill_file(write(tmp_path / "leaf-shapes", front()))
    assert [step.id for step in file.steps] == ["look", "answer"]


MISTAKES: dict[str, tuple[Callable[[Front], None], list[str]]] = {
    "no description": (lambda m: (m.pop("description"), None)[1], ["description", "Field required"]),
    "description too long": (lambda m: m.update(description="x" * 1025), ["description", "1024"]),
    "name too long": (lambda m: m.update(name="a" * 65), ["name", "64"]),
    "name in capitals": (lambda m: m.update(name="Leaf_Shapes"), ["name"]),
    "nothing of ours": (lambda m: m.update(metadata={}), ["metadata.maestro is missing", "add level"]),
    "unknown field": (ours(lambda m: m.update(temperature=1)), ["metadata.maestro.temperature", "Extra inputs"]),
    "level 3": (ours(lambda m: m.update(level=3)), ["metadata.maestro.level", "1 or 2"]),
    "no protocol name": (ours(lambda m: m.pop("protocol-name")), ["metadata.maestro", "protocol-name is missing"]),
    "protocol name with a space": (
        ours(lambda m: m.update({"protocol-name": "Leaf Shapes"})),
        ["metadata.maestro.protocol-name", "pattern"],
    ),
    "unknown perceiver": (
        ours(lambda m: m["evidence"].append({"kind": "smell"})),
        ["metadata.maestro.evidence.2.kind", "'ocr', 'caption', 'detect' or 'zoom'"],
    ),
    "a perceiver twice": (
        ours(lambda m: m["evidence"].append({"kind": "ocr"})),
        ["metadata.maestro.evidence", "ocr twice", "one entry"],
    ),
    "evidence that nobody reads": (
        ours(lambda m: m["evidence"].append({"kind": "caption"})),
        ["metadata.maestro.evidence", "caption", "$caption"],
    ),
    "of no picture": (
        ours(lambda m: m["evidence"][0].update(images=0)),
        ["metadata.maestro.evidence.0.images", "greater than or equal to 1"],
    ),
    "two steps of one name": (
        ours(lambda m: m["steps"][1].update(id="look", after=[])),
        ["metadata.maestro.steps", "'look' is taken"],
    ),
    "a step named as evidence": (
        ours(lambda m: m["steps"][0].update(id="ocr")),
        ["metadata.maestro.steps", "'ocr' is taken"],
    ),
    "after nobody": (
        ours(lambda m: m["steps"][1].update(after=["nobody"])),
        ["metadata.maestro.steps", "nobody", "there are ['look']"],
    ),
    "before its input": (
        ours(lambda m: m["steps"].reverse()),
        ["metadata.maestro.steps", "'answer' comes after ['look']"],
    ),
    "unknown picture": (
        ours(lambda m: m["steps"][0].update(images=["thumbnail"])),
        ["metadata.maestro.steps.0.images.0", "'original', 'crop' or 'boxes'"],
    ),
    "boxes without detect": (
        ours(lambda m: m["steps"][0].update(images=["boxes"])),
        ["steps.look.images", "add detect to evidence"],
    ),
    "given without a workflow": (
        ours(lambda m: m["steps"][0].update(given=["error"])),
        ["steps.look.given", "workflow"],
    ),
    "more steps than calls": (
        ours(lambda m: m.update({"max-calls": 1})),
        ["max-calls is 1 for 2 steps", "raise it"],
    ),
    "a trigger that is no expression": (
        ours(lambda m: m.update(triggers=["(leaf"])),
        ["metadata.maestro.triggers", "'(leaf'", "escape"],
    ),
    "a workflow without a function": (
        ours(lambda m: m.update(workflow="somewhere")),
        ["metadata.maestro.workflow", "pattern"],
    ),
    "a prompt that is not there": (
        ours(lambda m: m["steps"][0].update(prompt="nothing.md")),
        ["metadata.maestro.steps.look.prompt", "nothing.md", "write the template there"],
    ),
    "a prompt outside": (
        ours(lambda m: m["steps"][0].update(prompt="../look.md")),
        ["metadata.maestro.steps.look.prompt", "leaves the skill's folder"],
    ),
    "nothing to do": (
        ours(lambda m: (m.pop("steps"), m.pop("evidence"))),
        ["there is nothing to do", "add steps"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_front_matter(tmp_path: Path, mistake: str) -> None:
    change, words = MISTAKES[mistake]
    matter = front()
    change(matter)
    folder = write(tmp_path / "leaf-shapes", matter)
    with pytest.raises(RegistryError) as caught:
        read_skill_file(folder)
    for word in [str(folder / "SKILL.md"), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("You saw $look and $smell.", ["answer.md", "smell", "'look'", "'ocr'", "steps.answer.after"]),
        ("You saw $look and $ocr for $5.", ["answer.md", "'$$'"]),
    ],
)
def test_a_mistake_in_a_prompt(tmp_path: Path, prompt: str, words: list[str]) -> None:
    folder = write(tmp_path / "leaf-shapes", front(), {"answer.md": prompt})
    with pytest.raises(RegistryError) as caught:
        read_skill_file(folder)
    for word in words:
        assert word in str(caught.value)


def test_a_workflow_that_cannot_be_imported(tmp_path: Path) -> None:
    matter = front()
    matter["metadata"]["maestro"]["workflow"] = "nowhere.at_all:run"
    file = read_skill_file(write(tmp_path / "leaf-shapes", matter))
    with pytest.raises(RegistryError, match=r"SKILL.md: metadata.maestro.workflow 'nowhere.at_all:run' .* importable"):
        FolderSkill(file)


def family(tmp_path: Path, child: Front, parent: Front | None = None) -> Path:
    matter = parent or front()
    matter["metadata"]["maestro"].pop("steps")
    folder = write(tmp_path / "leaf-shapes", matter)
    write(folder / child["name"], child)
    return folder


def test_a_child_of_level_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"oak/SKILL.md: metadata.maestro.level is 1; .* level 2"):
        read_skill_file(family(tmp_path, front("oak", level=1)))


def test_a_grandchild_is_refused(tmp_path: Path) -> None:
    folder = family(tmp_path, front("oak", level=2))
    write(folder / "oak" / "red", front("red", level=2))
    with pytest.raises(RegistryError, match=r"oak/SKILL.md: a Level-2 skill has the children \['red'\]; .* two levels"):
        read_skill_file(folder)


def test_evidence_of_parent_and_child_that_differs_would_be_paid_for_twice(tmp_path: Path) -> None:
    parent = front()
    parent["metadata"]["maestro"]["evidence"] = [{"kind": "ocr", "focus": "the label"}]
    with pytest.raises(RegistryError, match=r"metadata.maestro.evidence has ocr with another focus .* make them equal"):
        read_skill_file(family(tmp_path, front("oak", level=2), parent))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path, ending: str) -> None:
    folder = write(tmp_path / "leaf-shapes", front())
    path = folder / "SKILL.md"
    text = path.read_text(encoding="utf-8").replace("\n", ending)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_skill_file(folder).body == "Body."


def test_dashes_within_the_front_matter_and_the_body_are_no_marks(tmp_path: Path) -> None:
    folder = write(tmp_path / "leaf-shapes", {**front(), "description": "Tells --- say --- leaves apart."})
    with (folder / "SKILL.md").open("a", encoding="utf-8") as file:
        file.write("\n---\n\nMore.\n")
    file_read = read_skill_file(folder)
    assert file_read.card.description == "Tells --- say --- leaves apart."
    assert file_read.body.endswith("More.")

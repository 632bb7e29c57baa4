"""The folders that ship obey the public rules of the Agent Skills format, so that other agents read them unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from maestro_skills import library_folder

FIELDS = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
FOLDERS = sorted(path.parent for path in library_folder().rglob("SKILL.md"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_front_matter(folder: Path) -> None:
    text = (folder / "SKILL.md").read_text(encoding="utf-8")
    match = re.match(r"^---\s*\n(.*?)\n---\s*\n", text, re.DOTALL)
    assert match
    matter = yaml.safe_load(match[1])
    assert set(matter) <= FIELDS
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", matter["name"])
    assert len(matter["name"]) <= 64
    assert matter["name"] == folder.name
    assert 0 < len(matter["description"].strip()) <= 1024
    assert "<" not in matter["description"]
    assert isinstance(matter["metadata"], dict)
    assert len(text[match.end() :].strip().splitlines()) >= 2


def test_instructions_name_every_child() -> None:
    for folder in FOLDERS:
        body = (folder / "SKILL.md").read_text(encoding="utf-8").split("---\n", 2)[2]
        for child in folder.glob("*/SKILL.md"):
            assert f"`{child.parent.name}`" in body

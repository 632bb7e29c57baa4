"""What `maestro skills check` finds out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro_graph.cli._words import json_text, printable
from maestro_graph.errors import RegistryError
from maestro_graph.evidence import Json
from maestro_skills._folder_skill import FolderSkill
from maestro_skills._library import library_folder
from maestro_skills._read_skill import child_folders, read_skill_file
from maestro_skills._skill_file import FILE_NAME

__all__ = ["Checked", "check_folders", "print_checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One skill folder: how many children it has, or what is wrong."""

    folder: Path
    children: int = 0
    problem: str = ""


def check_folders(folders: Sequence[Path]) -> list[Checked]:
    """Validate the library and the given folders, each a skill or a folder of skills. All problems are found."""
    found: list[Checked] = []
    names: dict[str, Path] = {}
    for folder in (library_folder(), *folders):
        skills = [folder] if (folder / FILE_NAME).is_file() else child_folders(folder)
        if not skills:
            found.append(Checked(folder, problem=f"{folder} is no folder with a {FILE_NAME}, nor one of such folders"))
        found += [_checked(skill, names) for skill in skills]
    return found


def _checked(folder: Path, names: dict[str, Path]) -> Checked:
    try:
        file = FolderSkill(read_skill_file(folder)).file
    except RegistryError as error:
        return Checked(folder, problem=str(error))
    other = names.setdefault(file.card.protocol_name, folder) if file.level == 1 else folder
    if other.resolve() != folder.resolve():
        return Checked(
            folder,
            problem=f"{folder / FILE_NAME}: metadata.maestro.protocol-name {file.card.protocol_name!r} is that of "
            f"{other} too; choose another one",
        )
    return Checked(folder, len(file.children))


def print_checked(checked: Sequence[Checked], *, as_json: bool) -> None:
    """A line for each skill, problems below it."""
    if as_json:
        rows: list[Json] = [{"folder": str(c.folder), "children": c.children, "problem": c.problem} for c in checked]
        sys.stdout.write(json_text({"valid": not any(c.problem for c in checked), "skills": rows}) + "\n")
        return
    for item in checked:
        children = f", {item.children} children" if item.children else ""
        sys.stdout.write(printable(f"{'✗' if item.problem else '✓'} {item.folder.name}{children}") + "\n")
        for line in item.problem.splitlines():
            sys.stdout.write(printable(f"    {line}") + "\n")
    wrong = sum(bool(item.problem) for item in checked)
    sys.stdout.write(f"{len(checked) - wrong} valid, {wrong} not\n")

"""Find skills: those that ship, and folders that a registry names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from maestro_graph.errors import RegistryError
from maestro_skills._folder_skill import FolderSkill
from maestro_skills._read_skill import child_folders, read_skill_file
from maestro_skills._skill_file import FILE_NAME

__all__ = ["library_folder", "load_skills"]


def library_folder() -> Path:
    """Where the skills that ship are."""
    return Path(__file__).parent / "library"


def load_skills(wanted: Iterable[str], folder: Path | None) -> list[FolderSkill]:
    """Entry point of `maestro.skills`: the Level-1 skills among `wanted`.

    Args:
        wanted: names of skills that ship, `*` for all of them, or paths (with a slash): a skill's folder, or a folder
            of such folders.
        folder: where relative paths start.

    Raises:
        RegistryError: a path holds no skill, or a skill does not validate.
    """
    found: dict[Path, FolderSkill] = {}
    for name in wanted:
        for path in _folders(name, folder or Path()):
            file = read_skill_file(path)
            if file.level == 1:
                found.setdefault(path.resolve(), FolderSkill(file))
    return list(found.values())


def _folders(name: str, start: Path) -> list[Path]:
    if "/" in name:
        path = start / Path(name).expanduser()
        folders = [path] if (path / FILE_NAME).is_file() else child_folders(path)
        if not folders:
            raise RegistryError(f"skills: {name!r} is neither a folder with a {FILE_NAME} nor a folder of such folders")
        return folders
    shipped = {path.name: path for path in child_folders(library_folder())}
    if name == "*":
        return list(shipped.values())
    return [shipped[name]] if name in shipped else []

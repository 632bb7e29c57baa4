"""A new skill that works from the start."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from maestro_graph.errors import MaestroError
from maestro_skills._skill_file import FILE_NAME

__all__ = ["write_skeleton"]

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def write_skeleton(name: str, folder: Path) -> Path:
    """Make `folder/name` with a SKILL.md and two prompts.

    Raises:
        MaestroError: the name is not allowed, is taken, or the folder cannot be written.
    """
    if not NAME.fullmatch(name) or len(name) > 64:
        raise MaestroError(
            f"{name!r} is no skill name; use at most 64 lower-case letters, digits and hyphens, as in leaf-shapes"
        )
    target = folder / name
    texts = files("maestro_skills") / "templates" / "new"
    slots = {
        "name": name,
        "title": name.replace("-", " ").capitalize(),
        "protocol_name": name.replace("-", "_").title(),
    }
    try:
        (target / "prompts").mkdir(parents=True)
        matter = Template((texts / FILE_NAME).read_text(encoding="utf-8")).substitute(slots)
        (target / FILE_NAME).write_text(matter, encoding="utf-8")
        for prompt in ("observe.md", "answer.md"):
            text = (texts / "prompts" / prompt).read_text(encoding="utf-8")
            (target / "prompts" / prompt).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise MaestroError(f"{target} exists already; choose another name or --folder") from error
    except OSError as error:
        raise MaestroError(f"{target} cannot be written: {error}; choose another --folder") from error
    return target

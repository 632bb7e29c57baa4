"""The two-tier skill library: SKILL.md folders that run as workflows on any expert.

Tools are imported when they are first used: a registry that loads skills pays for no agent's machinery.
"""

from typing import TYPE_CHECKING, Any

from maestro_skills._folder_skill import FolderSkill
from maestro_skills._library import library_folder, load_skills
from maestro_skills._read_skill import read_skill_file
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import Workbench, workbench

if TYPE_CHECKING:
    from maestro_skills._tools import expert_tools, skill_tools

__all__ = [
    "FolderSkill",
    "SkillFile",
    "Workbench",
    "expert_tools",
    "library_folder",
    "load_skills",
    "read_skill_file",
    "skill_tools",
    "workbench",
]


def __getattr__(name: str) -> Any:
    if name in ("expert_tools", "skill_tools"):
        from maestro_skills import _tools

        return getattr(_tools, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

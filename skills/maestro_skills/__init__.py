"""The two-tier skill library: SKILL.md folders that run as workflows on any expert."""

from maestro_skills._folder_skill import FolderSkill
from maestro_skills._library import library_folder, load_skills
from maestro_skills._read_skill import read_skill_file
from maestro_skills._skill_file import SkillFile
from maestro_skills._tools import expert_tools, skill_tools

__all__ = [
    "FolderSkill",
    "SkillFile",
    "expert_tools",
    "library_folder",
    "load_skills",
    "read_skill_file",
    "skill_tools",
]

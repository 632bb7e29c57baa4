"""The two-tier skill library: SKILL.md folders that run as workflows on any expert."""

from maestro_skills._folder_skill import FolderSkill
from maestro_skills._library import library_folder, load_skills
from maestro_skills._skill_file import SkillFile, read_skill_file

__all__ = ["FolderSkill", "SkillFile", "library_folder", "load_skills", "read_skill_file"]

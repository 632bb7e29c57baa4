"""Run generated code where it can do no harm, and judge it where it cannot cheat."""

from maestro_skills.sandbox._base import Limits, Run, Sandbox
from maestro_skills.sandbox._bubblewrap import Bubblewrap
from maestro_skills.sandbox._check import Check, CheckResult, Verdict, check_asserts, split_asserts
from maestro_skills.sandbox._choose import UNSAFE_VARIABLE, choose_sandbox
from maestro_skills.sandbox._folder import FolderRow, check_folder
from maestro_skills.sandbox._subprocess import UnsafeSubprocess

__all__ = [
    "UNSAFE_VARIABLE",
    "Bubblewrap",
    "Check",
    "CheckResult",
    "FolderRow",
    "Limits",
    "Run",
    "Sandbox",
    "UnsafeSubprocess",
    "Verdict",
    "check_asserts",
    "check_folder",
    "choose_sandbox",
    "split_asserts",
]

"""A plain subprocess: limits of resources, and no protection of anything else. Only by explicit order."""

from __future__ import annotations

import shutil
import sys
import tempfile

from maestro_skills.sandbox._base import Limits, Run
from maestro_skills.sandbox._process import run_command

__all__ = ["UnsafeSubprocess"]


class UnsafeSubprocess:
    """Runs the program as this user, with its files and its network.

    A model's code can read, delete and send whatever this process can. For machines that are sandboxes themselves.
    """

    name = "unsafe-subprocess"

    async def run(self, source: str, *, limits: Limits) -> Run:
        """Run the source in an empty folder with an empty environment."""
        command = [sys.executable, "-I", "-S", "-B", "-"]
        if shutil.which("prlimit"):
            bounds = [f"--as={limits.memory_bytes}", f"--cpu={limits.cpu_seconds}", f"--fsize={limits.file_bytes}"]
            command = ["prlimit", *bounds, "--core=0", *command]
        with tempfile.TemporaryDirectory() as folder:
            return await run_command(
                ["env", "-C", folder, *command], source=source, limits=limits, environment={"PATH": "/usr/bin:/bin"}
            )

"""bubblewrap: no network, a read-only root of system libraries, a private /tmp, an unprivileged user, hard limits."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from maestro_skills.sandbox._base import Limits, Run
from maestro_skills.sandbox._process import run_command

__all__ = ["Bubblewrap", "missing_tools"]

TOOLS = ("bwrap", "prlimit", "setpriv")
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
INSIDE = "/opt/python"
NOBODY = 60_123
"""A user that owns nothing: for root, limits on processes do not hold, so the program never runs as root."""


def missing_tools() -> list[str]:
    """The commands that this sandbox needs and the machine lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


class Bubblewrap:
    """The sandbox of choice on Linux (Debian packages bubblewrap and util-linux)."""

    name = "bubblewrap"

    async def run(self, source: str, *, limits: Limits) -> Run:
        """Run the source with the interpreter's own prefix and nothing of the home directory."""
        command = [*self.command(limits), "-"]
        return await run_command(command, source=source, limits=limits, environment={"PATH": "/usr/bin:/bin"})

    def command(self, limits: Limits) -> list[str]:
        """The command line up to and including the interpreter."""
        is_root = os.geteuid() == 0
        prefix, python = _interpreter()
        command = [
            shutil.which("bwrap") or "bwrap",
            *(["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]),
            *("--die-with-parent", "--new-session", "--clearenv"),
            *_read_only(prefix),
            *("--proc", "/proc", "--dev", "/dev"),
            *("--size", str(limits.disk_bytes), "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - its own one
            *("--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"),  # noqa: S108
            *("--chdir", "/tmp", "--hostname", "sandbox"),  # noqa: S108
        ]
        if not is_root:
            command += ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
        command.append("--")
        if is_root:
            user = str(NOBODY)
            command += ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
            command += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        command += [
            "/usr/bin/prlimit",
            f"--as={limits.memory_bytes}",
            f"--cpu={limits.cpu_seconds}",
            f"--nproc={limits.processes}",
            f"--fsize={limits.file_bytes}",
            "--core=0",
            "--nofile=64",
        ]
        return [*command, python, "-I", "-S", "-B"]


def _interpreter() -> tuple[Path | None, str]:
    """The prefix to bind at `INSIDE` (`None` if it is the system's own), and the interpreter's path inside."""
    python, prefix = Path(sys.executable).resolve(), Path(sys.base_prefix).resolve()
    if any(python.is_relative_to(name) for name in SYSTEM):
        return None, str(python)
    return prefix, str(Path(INSIDE) / python.relative_to(prefix))


def _read_only(prefix: Path | None) -> list[str]:
    """Binds of the system's libraries and of the interpreter's prefix, at a path that tells nothing of the home."""
    binds: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            binds += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            binds += ["--ro-bind", name, name]
    if prefix is not None:
        binds += ["--perms", "0755", "--dir", "/opt", "--ro-bind", str(prefix), INSIDE]
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        if Path(name).exists():
            binds += ["--ro-bind", name, name]
    return binds

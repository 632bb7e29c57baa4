"""The sandbox as scorers use it: found at the entry point `maestro.sandboxes`, asked in plain words."""

from __future__ import annotations

import secrets

from maestro_skills.sandbox._base import Limits, Sandbox
from maestro_skills.sandbox._check import check_asserts, split_asserts
from maestro_skills.sandbox._choose import choose_sandbox

__all__ = ["CodeJudge", "open_judge"]

START_SECONDS = 3.0
"""What starting the sandbox may take beside the program's own time."""

PROGRAM = """
import os as _os, signal as _signal, sys as _sys
_out, _write = _os.dup(1), _os.write
_sys.stdout = _sys.stderr = open(_os.devnull, "w")
_signal.setitimer(_signal.ITIMER_REAL, {seconds!r})
exec(compile({source!r}, "<program>", "exec"), {{}})
_write(_out, {mark!r})
"""


class CodeJudge:
    """Runs programs in a sandbox and says whether they passed.

    Args:
        sandbox: where they run.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def runs_to_end(self, source: str, *, seconds: float) -> bool:
        """Whether the program reaches its last line within `seconds`: no exception, no exit, whatever its status."""
        mark = secrets.token_hex(16).encode()
        program = PROGRAM.format(seconds=seconds, source=source, mark=mark)
        run = await self._sandbox.run(program, limits=self._limits(seconds))
        return run.outcome == "finished" and mark in run.stdout

    async def checks_hold(self, source: str, checks: str, *, seconds: float) -> bool | None:
        """Whether the asserts hold, compared outside; `None` where they are not of the form `f(arguments) == value`."""
        try:
            split_asserts(checks)
        except ValueError:
            return None
        result = await check_asserts(source, checks, self._sandbox, limits=self._limits(seconds))
        return result.verdict == "pass"

    @staticmethod
    def _limits(seconds: float) -> Limits:
        return Limits(seconds=seconds + START_SECONDS, cpu_seconds=int(seconds) + 3)


def open_judge() -> CodeJudge:
    """A judge with the sandbox of this machine.

    Raises:
        CallFailure: `refused`, where there is none; it names what to install.
    """
    return CodeJudge(choose_sandbox())

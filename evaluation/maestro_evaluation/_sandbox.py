"""The sandbox for code that a model wrote: whatever is installed at the entry point `maestro.sandboxes`.

This package and the skills do not import each other; the sandbox is found as anybody's would be.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol

from maestro_graph.errors import CallFailure, MaestroError

__all__ = ["CodeSandbox", "run_code"]

GROUP = "maestro.sandboxes"


class CodeSandbox(Protocol):
    """What a scorer asks of a sandbox. `maestro.sandboxes` names functions without arguments that give one."""

    async def runs_to_end(self, source: str, *, seconds: float) -> bool:
        """Whether the program reaches its last line in time, with no exception and no exit on the way."""
        ...

    async def checks_hold(self, source: str, checks: str, *, seconds: float) -> bool | None:
        """Whether the asserts hold, judged outside the program; `None` where they cannot be."""
        ...


def run_code(source: str, solution: str, checks: str, *, seconds: float) -> bool:
    """Whether the program runs to its end and its asserts, if there are any, hold when judged outside.

    Raises:
        MaestroError: there is no sandbox on this machine.
    """
    return _run(_passes(_sandbox(), source, solution, checks, seconds))


async def _passes(sandbox: CodeSandbox, source: str, solution: str, checks: str, seconds: float) -> bool:
    if not await sandbox.runs_to_end(source, seconds=seconds):
        return False
    return not checks or await sandbox.checks_hold(solution, checks, seconds=seconds) is not False


@cache
def _sandbox() -> CodeSandbox:
    for point in entry_points(group=GROUP):
        try:
            sandbox: CodeSandbox = point.load()()
        except CallFailure as failure:
            raise MaestroError(f"code cannot be scored: {failure.message}") from failure
        return sandbox
    raise MaestroError(f"code cannot be scored: no package offers a sandbox at the entry point {GROUP!r}")


def _run(work: Coroutine[Any, Any, bool]) -> bool:
    """Run to the end in a thread of its own: the caller may be inside an event loop."""
    results: list[bool] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="maestro-sandbox")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]

"""Run a command with bounds on its time and output. Cancelling ends it with everything that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from maestro_skills.sandbox._base import Limits, Outcome, Run

__all__ = ["run_command"]

CHUNK = 1 << 16


async def run_command(command: Sequence[str], *, source: str, limits: Limits, environment: dict[str, str]) -> Run:
    """Run `command` with `source` on its standard input."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    pipes = _Pipes(process, limits.output_bytes)
    outcome: Outcome = "finished"
    try:
        async with asyncio.timeout(limits.seconds):
            if await pipes.talk(source):
                outcome = "too_much_output"
            else:
                await process.wait()
    except TimeoutError:
        outcome = "timeout"
    finally:
        _kill(process)
        await asyncio.shield(pipes.drained())
        await asyncio.shield(process.wait())
    code = process.returncode if process.returncode is not None else -signal.SIGKILL
    if outcome == "finished" and (code < 0 or code > 128):
        outcome = "killed"
    return Run(
        outcome=outcome,
        exit_code=code,
        stdout=bytes(pipes.out),
        stderr=bytes(pipes.err),
        seconds=time.monotonic() - began,
    )


class _Pipes:
    """Feeds a process and reads it to the end of its streams, keeping no more than `most` bytes of each."""

    def __init__(self, process: asyncio.subprocess.Process, most: int) -> None:
        self._process, self._most = process, most
        self.out, self.err = bytearray(), bytearray()
        self._flooded = asyncio.Event()
        self._reading = asyncio.gather(self._read(process.stdout, self.out), self._read(process.stderr, self.err))

    async def talk(self, source: str) -> bool:
        """Write the source and wait for the end of both streams; `True` as soon as one of them is too long."""
        flooded = asyncio.ensure_future(self._flooded.wait())
        try:
            await self._write(source)
            waited: set[asyncio.Future[Any]] = {flooded, self._reading}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            return self._flooded.is_set()
        finally:
            flooded.cancel()

    async def drained(self) -> None:
        """Read on until the streams end, which the end of the process brings about: else it is never reaped."""
        await self._reading

    async def _write(self, source: str) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._process.stdin.write(source.encode("utf-8", "replace"))
                await self._process.stdin.drain()
                self._process.stdin.close()

    async def _read(self, stream: asyncio.StreamReader | None, into: bytearray) -> None:
        while stream is not None and (chunk := await stream.read(CHUNK)):
            into += chunk[: self._most - len(into)]
            if len(into) >= self._most:
                self._flooded.set()


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and its group; a sandbox's own process takes its inside with it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()

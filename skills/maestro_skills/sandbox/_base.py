"""The sandbox seam: run a program that nobody trusts, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Limits", "Outcome", "Run", "Sandbox"]

Outcome = Literal["finished", "timeout", "killed", "too_much_output"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use.

    Attributes:
        seconds: wall-clock; `cpu_seconds` of processor time.
        memory_bytes: address space of each process.
        processes: processes and threads at a time.
        file_bytes: size of a file; `disk_bytes` of the private /tmp.
        output_bytes: what is read of its output.
    """

    seconds: float = 10.0
    cpu_seconds: int = 10
    memory_bytes: int = 512 << 20
    processes: int = 32
    file_bytes: int = 16 << 20
    disk_bytes: int = 64 << 20
    output_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a program.

    Attributes:
        outcome: how it ended: by itself, by the clock, by a signal (a limit), by the bound on its output.
        exit_code: its exit status, negative for the number of the signal. No verdict rests on it: code can fake it.
        stdout, stderr: what it wrote, up to the limit.
        seconds: wall time.
    """

    outcome: Outcome
    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float


@runtime_checkable
class Sandbox(Protocol):
    """Runs Python source. Implementations: bubblewrap, an unsafe subprocess; a container or a remote one can follow."""

    @property
    def name(self) -> str: ...

    async def run(self, source: str, *, limits: Limits) -> Run:
        """Run the source as a program of its own, with no arguments and an empty standard input."""
        ...

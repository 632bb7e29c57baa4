"""Exit codes, and errors as one line on stderr."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from maestro_graph.cli._words import one_line
from maestro_graph.errors import CallFailure, MaestroError

__all__ = ["ExitCode", "complain", "errors_told"]


class ExitCode(enum.IntEnum):
    """What the shell learns of a command."""

    OK = 0
    NO_ANSWER = 1
    BAD_INPUT = 2
    UNREACHABLE = 3
    BUG = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


def complain(message: str) -> None:
    """Say what is wrong in one line on stderr, whatever the message holds."""
    if sys.stderr is not None:
        sys.stderr.write(f"maestro: {one_line(message)}\n")
        sys.stderr.flush()


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn what a user can mend into one line and exit code 2, an interrupt into 130."""
    try:
        yield
    except MaestroError as error:
        complain(str(error))
        raise typer.Exit(ExitCode.BAD_INPUT) from error
    except CallFailure as failure:
        complain(f"{failure.kind}: {failure.message}")
        raise typer.Exit(ExitCode.UNREACHABLE) from failure
    except KeyboardInterrupt as stop:
        complain("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from stop

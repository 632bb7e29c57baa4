"""Standard output belongs to the result: whatever libraries print there goes to stderr meanwhile."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["ensure_streams", "stdout_reserved"]


def ensure_streams() -> None:
    """Put the null device where the shell closed a standard stream.

    Otherwise the next file or connection gets the free number, and what a library prints goes into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process


@contextmanager
def stdout_reserved() -> Iterator[None]:
    """Send Python's and native code's standard output to standard error until the block ends.

    Native libraries write to descriptor 1 directly, so the descriptor itself is exchanged where there is one.
    """
    before = sys.stdout
    descriptor = _descriptor()
    kept = None
    if before is not None:
        before.flush()
    if descriptor is not None:
        kept = os.dup(descriptor)
        os.dup2(2, descriptor)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = before
        if descriptor is not None and kept is not None:
            os.dup2(kept, descriptor)
            os.close(kept)


def _descriptor() -> int | None:
    """Descriptor 1, where it is what `sys.stdout` writes to and stderr is open too."""
    if sys.stdout is None:
        return None
    with suppress(io.UnsupportedOperation, OSError, ValueError, AttributeError):
        if sys.stdout.fileno() == 1:
            os.fstat(2)
            return 1
    return None

"""Append a line to a file that other runs and processes append to as well."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows: lines of up to a few kB are appended whole there too
    fcntl = None  # type: ignore[assignment]

__all__ = ["append_line"]


def append_line(path: Path, line: bytes) -> None:
    """Append `line` (without its line end) so that no other line gets into it, however long it is.

    A last line that a killed writer left unfinished is closed first: it is lost, but nothing is glued to it.

    Raises:
        OSError: the file cannot be written, or is no regular file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Read and write: opening a pipe for writing alone would wait for a reader.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file")
        if fcntl is not None:
            with suppress(OSError):  # file systems without locks: one write call is the best there is
                fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
        left = memoryview(line + b"\n" if whole else b"\n" + line + b"\n")
        while left:  # a full disk or a signal may cut a write short
            left = left[os.write(handle, left) :]
    finally:
        os.close(handle)

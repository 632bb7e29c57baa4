"""Records in a file, one a line, that survive being killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from maestro_graph.errors import MaestroError

__all__ = ["RecordLog", "read_records"]


class RecordLog:
    """An append-only file of JSON lines with one writer.

    Every record is one write of one whole line. A last line that a killed writer left unfinished is cut off when the
    file is opened again: its record was never there, and is made again.

    Raises:
        MaestroError: the file cannot be written, another process writes it, or a line within it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _opened(path)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record; it is in the file's pages when this returns."""
        line = json.dumps(record, ensure_ascii=True, allow_nan=False).encode() + b"\n"
        try:
            left = memoryview(line)
            while left:  # a signal or a full disk may cut a write short
                left = left[os.write(self._file.fileno(), left) :]
        except OSError as error:
            raise MaestroError(f"{self.path} cannot be written: {error}; make room and resume") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file; a last line without its end is passed over.

    Raises:
        MaestroError: another line is no record.
    """
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError(f"it holds a {type(record).__name__}")
            except ValueError as error:
                raise MaestroError(
                    f"{path}, line {number} is no record: {error}; take the line out and resume, or start anew"
                ) from error
            yield record


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise MaestroError(f"{path} cannot be written: {error}; give another --out") from error
    if not _locked(file):
        file.close()
        raise MaestroError(f"{path} is being written by another process; wait for it, or give another --out")
    size = os.fstat(file.fileno()).st_size
    whole = _end_of_last_line(file, size)
    if whole < size:
        os.ftruncate(file.fileno(), whole)
    return file


def _locked(file: IO[bytes]) -> bool:
    try:
        import fcntl
    except ImportError:  # not on Windows
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_of_last_line(file: IO[bytes], size: int) -> int:
    """Where the last whole line ends."""
    end = size
    while end > 0:
        start = max(0, end - 65536)
        at = os.pread(file.fileno(), end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0

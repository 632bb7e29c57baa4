"""A full disk, said plainly: the libraries that write checkpoints each have an error of their own for it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from maestro_graph.errors import MaestroError

__all__ = ["disk_watched"]

NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SAID = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "PytorchStreamWriter failed writing",
    "inline_container.cc",  # torch.save, of a file that is shorter than what it wrote
)
"""How safetensors and torch put it, which keep no error number."""


@contextmanager
def disk_watched(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk into one that says what to do.

    Raises:
        MaestroError: something could not be written for want of room.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if not _is_full(error):
            raise
        raise MaestroError(
            f"there is no room left to write to {str(folder)!r} ({error}); make room and give the same command again: "
            f"it goes on from the last whole checkpoint"
        ) from error


def _is_full(error: Exception) -> bool:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in NUMBERS:
            return True
        if any(said in str(found) for said in SAID):
            return True
        found = found.__cause__ or found.__context__
    return False

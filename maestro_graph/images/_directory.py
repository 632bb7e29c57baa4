"""Encoded pictures on disk, one file per content hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from maestro_graph.errors import ImageError
from maestro_graph.images._files import read_file

__all__ = ["PREFIX", "ContentDirectory", "default_directory"]

PREFIX = "sha256:"
DIGEST = re.compile(r"[0-9a-f]{64}")
STALE_SECONDS = 3600.0


def default_directory() -> Path:
    """`MAESTRO_IMAGE_DIR`, or `maestro-graph/images` in the user's cache folder."""
    chosen = os.environ.get("MAESTRO_IMAGE_DIR")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if sys.platform == "darwin":
        cache = os.path.expanduser("~/Library/Caches")  # noqa: PTH111 - Path.expanduser raises without a home
    elif not os.path.isabs(cache):  # noqa: PTH117 - XDG: relative paths are ignored
        cache = os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(cache) / "maestro-graph" / "images"


class ContentDirectory:
    """Bytes by their SHA-256. Made at the first `add`; several processes may share it."""

    def __init__(self, path: Path, max_bytes: int | None) -> None:
        self.path, self._max_bytes = path, max_bytes

    def add(self, data: bytes) -> str:
        """Keep `data`; its hex digest. Written aside and moved, so that no reader sees a part."""
        digest = hashlib.sha256(data).hexdigest()
        target = self.path / digest
        try:
            self._make()
            if not self._holds(target, data):
                self._write(target, data)
        except OSError as error:
            raise ImageError(
                f"{PREFIX}{digest}",
                f"it cannot be kept in {str(self.path)!r} ({error.strerror or error})",
                "free space there, or name a folder that can be written in MAESTRO_IMAGE_DIR",
            ) from error
        if self._max_bytes is not None:
            self.purge(self._max_bytes, keep=digest)
        return digest

    def read(self, ref: str, max_bytes: int) -> bytes:
        """The bytes behind `sha256:…`, checked against their hash.

        Raises:
            ImageError: the reference is malformed, or the store does not hold it, or holds it damaged.
        """
        digest = self.digest_of(ref)
        target = self.path / digest
        if not self.holds(ref):
            raise ImageError(ref, f"the store in {str(self.path)!r} does not hold it", "ingest the picture again")
        data, _ = read_file(str(target), ref, max_bytes)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ImageError(ref, "the stored bytes do not match their hash", "remove it and ingest it again")
        with contextlib.suppress(OSError):  # a store that can only be read still serves
            os.utime(target)
        return data

    def holds(self, ref: str) -> bool:
        """Whether the picture is there."""
        return os.path.exists(self.path / self.digest_of(ref))  # noqa: PTH110 - Path.exists may raise

    def remove(self, ref: str) -> bool:
        """Remove one picture; whether it was there."""
        try:
            (self.path / self.digest_of(ref)).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ImageError(ref, f"it cannot be removed ({error.strerror})", "check the folder's rights") from error
        return True

    def purge(self, max_bytes: int, *, keep: str | None = None) -> int:
        """Remove the least recently used pictures until at most `max_bytes` remain; the bytes removed."""
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        removed = 0
        for _, size, path in entries:
            if total - removed <= max_bytes:
                break
            if path.name != keep:
                with contextlib.suppress(OSError):  # another process was faster, or it is not ours to remove
                    path.unlink()
                    removed += size
        return removed

    def digest_of(self, ref: str) -> str:
        """The digest in `sha256:…`; anything but 64 lower-case hexadecimal digits is refused."""
        digest = ref.removeprefix(PREFIX)
        if DIGEST.fullmatch(digest) is None:
            raise ImageError(
                ref,
                "it is no content hash",
                "sha256: takes 64 hexadecimal digits; a file of such a name is ./…",
            )
        return digest

    def _entries(self) -> list[tuple[int, int, Path]]:
        """(last use, bytes, path) of every picture. Leftovers of killed writers are removed on the way."""
        found: list[tuple[int, int, Path]] = []
        if not self.path.is_dir():
            return found
        for path in self.path.iterdir():
            with contextlib.suppress(OSError):
                status = path.stat()
                if DIGEST.fullmatch(path.name):
                    found.append((status.st_mtime_ns, status.st_size, path))
                elif path.name.endswith(".partial") and time.time() - status.st_mtime > STALE_SECONDS:
                    path.unlink()
        return found

    def _make(self) -> None:
        if str(self.path).startswith("~"):
            raise OSError("there is no home folder")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @staticmethod
    def _holds(target: Path, data: bytes) -> bool:
        try:
            same = target.stat().st_size == len(data) and target.read_bytes() == data
        except FileNotFoundError:
            return False
        if same:
            with contextlib.suppress(OSError):
                os.utime(target)
        return same

    def _write(self, target: Path, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f"{target.name[:16]}.", suffix=".partial", dir=self.path)
        temporary = Path(name)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(data)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

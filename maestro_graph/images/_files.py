"""Reading a file that somebody named: only regular files, never blocking, never more than the limit."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from maestro_graph.errors import ImageError

__all__ = ["FileKey", "file_key", "read_file", "shorten", "to_path"]

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
REASONS = {
    errno.ENOENT: ("there is no such file", "check the path"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "check the path"),
    errno.EACCES: ("permission to read it is denied", "change its permissions or run as its owner"),
    errno.EPERM: ("permission to read it is denied", "change its permissions or run as its owner"),
    errno.ELOOP: ("its symbolic links go round in a circle", "give the path of the file itself"),
    errno.ENAMETOOLONG: ("the name is too long for a file", "give a path; for data use ingest()"),
}
LONGEST_SHOWN = 300
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True, slots=True)
class FileKey:
    """What tells an unchanged file: a new key means that the file must be read again."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


def shorten(ref: str) -> str:
    """A reference for an error message: whole where it is a name, its beginning where it is data."""
    return ref if len(ref) <= LONGEST_SHOWN else f"{ref[:60]}… ({len(ref):,} characters)"


def to_path(ref: str) -> str:
    """The file system path of a reference that is no URL and no content hash.

    Raises:
        ImageError: it is empty, or has a scheme that is not read.
    """
    if not ref:
        raise ImageError(ref, "the reference is empty", "give the path of an image file")
    scheme = SCHEME.match(ref)
    if scheme is not None:
        if scheme[1].lower() != "file":
            raise ImageError(
                ref,
                f"{scheme[1]}:// is not read",
                "give a path (./… for a file of such a name) or an https URL",
            )
        host, slash, path = ref[scheme.end() :].partition("/")
        if host not in ("", "localhost"):
            raise ImageError(ref, f"the file is on another host, {host!r}", "write file:///path")
        return unquote(slash + path, errors="surrogateescape") or "/"
    if ref.startswith("~") and not os.path.lexists(ref):
        return os.path.expanduser(ref)  # noqa: PTH111 - Path.expanduser raises where there is no such user
    return ref


def file_key(path: str, ref: str) -> FileKey:
    """The key of a regular file.

    Raises:
        ImageError: there is none, or it is not a regular file.
    """
    try:
        found = Path(path).stat() if "\0" not in path else None
    except OSError as error:
        raise _error(ref, error) from error
    except ValueError as error:  # half of a surrogate pair: no file has such a name
        raise ImageError(ref, "no file can have such a name", "check the path") from error
    if found is None:
        raise ImageError(ref, "the name holds a NUL character", "give a path; for data use ingest()")
    return _key(path, ref, found)


def read_file(path: str, ref: str, max_bytes: int) -> tuple[bytes, FileKey]:
    """The bytes of a regular file, and its key as it was when they were read.

    Raises:
        ImageError: it cannot be read, is empty, or has more than `max_bytes`.
    """
    # A pipe or a device must not even be opened: hence stat first, and again on what was opened.
    file_key(path, ref)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            key = _key(path, ref, os.fstat(descriptor))
            if key.size > max_bytes:
                raise _too_large(ref, key.size, max_bytes)
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise _error(ref, error) from error
    if len(data) > max_bytes:
        raise _too_large(ref, len(data), max_bytes)
    return data, key


def _key(path: str, ref: str, found: os.stat_result) -> FileKey:
    if not stat.S_ISREG(found.st_mode):
        what = next((name for test, name in KINDS if test(found.st_mode)), "no regular file")
        raise ImageError(ref, f"it is {what}", "give the path of an image file")
    return FileKey(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _error(ref: str, error: OSError) -> ImageError:
    problem, cure = REASONS.get(
        error.errno or 0, (f"it cannot be read ({error.strerror or error})", "check the path and the disk")
    )
    return ImageError(shorten(ref), problem, cure)


def _too_large(ref: str, size: int, limit: int) -> ImageError:
    return ImageError(
        ref,
        f"it has {size:,} bytes or more, the limit is {limit:,}",
        "scale or compress the picture, or raise max_file_bytes",
    )

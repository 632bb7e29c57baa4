"""What of a run is kept, where, and for how long."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from maestro_graph.errors import TraceError

__all__ = ["Pictures", "TraceSettings", "expanded"]

Pictures = Literal["reference", "copy", "none"]


def expanded(path: str | Path) -> Path:
    """`path` with `~` expanded, where there is a home."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises without a home


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings:
    """Settings of a trace.

    Attributes:
        path: a file that runs are appended to (`.jsonl`, or any file that exists), or a folder that gets one file
            a run.
        texts: keep questions, replies, prompts and tokens; `False` keeps their lengths only. Names of experts and
            skills, statuses, numbers and what `pictures` says stay.
        pictures: `reference` keeps hash and reference, `copy` also a copy of the file beside the trace, once for
            each content, `none` the hash alone.
        keep_days: with a folder, traces (and copied pictures that no trace names any more) whose last record is
            older than this are removed when a run starts; `None` keeps them.
    """

    path: Path
    texts: bool = True
    pictures: Pictures = "reference"
    keep_days: float | None = None

    def __post_init__(self) -> None:
        if self.pictures not in get_args(Pictures):
            raise TraceError(f"pictures is {self.pictures!r}; it must be one of {', '.join(get_args(Pictures))}")
        if self.keep_days is not None and not (math.isfinite(self.keep_days) and self.keep_days >= 0):
            raise TraceError(f"keep_days is {self.keep_days!r}; give a number of days, or None to keep traces")
        object.__setattr__(self, "path", expanded(self.path))

    @property
    def is_folder(self) -> bool:
        """Whether every run gets a file of its own."""
        return self.path.suffix != ".jsonl" and not self.path.is_file()

    @property
    def picture_folder(self) -> Path:
        """Where copies of pictures go."""
        return self.path / "pictures" if self.is_folder else self.path.with_name(f"{self.path.stem}.pictures")

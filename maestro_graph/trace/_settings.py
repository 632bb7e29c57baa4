"""What of a run is kept, where, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["TraceSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings:
    """Settings of a trace.

    Attributes:
        path: a `.jsonl` file that runs are appended to, or a folder that gets one file a run.
        texts: keep questions, replies and prompts; `False` keeps their lengths only.
        pictures: `reference` keeps hash and reference, `copy` also a copy beside the trace, `none` the hash alone.
        keep_days: with a folder, traces older than this are removed when a run starts; `None` keeps them.
    """

    path: Path
    texts: bool = True
    pictures: Literal["reference", "copy", "none"] = "reference"
    keep_days: float | None = None

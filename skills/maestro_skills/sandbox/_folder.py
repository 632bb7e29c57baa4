"""Run a folder of programs through the sandbox and compare with what its manifest expects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from maestro_graph.errors import MaestroError
from maestro_skills.sandbox._base import Limits, Sandbox
from maestro_skills.sandbox._check import CheckResult, Verdict, check_asserts

__all__ = ["FolderRow", "check_folder"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str
    check: str = Field(alias="assert")
    expect: Verdict


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One program: what was expected, what became of it, and whether that agrees.

    `fail` and `blocked` agree with each other: both say that the code did not pass.
    """

    file: str
    expect: Verdict
    result: CheckResult

    @property
    def agrees(self) -> bool:
        return (self.expect == "pass") == (self.result.verdict == "pass")


async def check_folder(folder: Path, sandbox: Sandbox, *, limits: Limits | None = None) -> list[FolderRow]:
    """Run every program of `manifest.json` (a list of `{"file", "assert", "expect"}`), one after the other.

    Raises:
        MaestroError: the manifest or a program cannot be read.
    """
    path = folder / "manifest.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        entries = TypeAdapter(list[_Entry]).validate_python(data)
        sources = [(folder / entry.file).read_text(encoding="utf-8") for entry in entries]
    except (OSError, ValueError, ValidationError) as error:
        raise MaestroError(
            f"{path} cannot be used: {error}; "
            f"it is a list of objects with file, assert and expect (pass, fail or blocked)"
        ) from error
    return [
        FolderRow(entry.file, entry.expect, await check_asserts(source, entry.check, sandbox, limits=limits))
        for entry, source in zip(entries, sources, strict=True)
    ]

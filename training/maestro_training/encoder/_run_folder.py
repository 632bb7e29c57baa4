"""The folder of a training run: figures, checkpoints, and the policy that comes out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from maestro_graph.errors import MaestroError

__all__ = ["RunFolder", "write_whole"]

KEPT = 2


def write_whole(file: Path, text: str) -> None:
    """Write a text so that the file holds all of it or what it held before."""
    part = file.with_name(f"{file.name}.part")
    with part.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


class RunFolder:
    """`training.json` (what was asked for), `figures.jsonl`, `checkpoints/`, the policy, and the report.

    Args:
        path: made if it is not there.
        settings: of this run; the folder of another run is refused.

    Raises:
        MaestroError: the folder belongs to a run with other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        file = path / "training.json"
        text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
        if file.is_file() and file.read_text(encoding="utf-8") != text:
            raise MaestroError(f"{path} holds a training run with other settings; give another --out, or delete it")
        write_whole(file, text)
        self._figures = path / "figures.jsonl"
        self._checkpoints = path / "checkpoints"
        self._checkpoints.mkdir(exist_ok=True)
        for part in self._checkpoints.glob("*.part"):
            part.unlink()

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Steps done and file, newest first. A checkpoint is written whole or not at all."""
        found = [(int(file.stem.removeprefix("step-")), file) for file in self._checkpoints.glob("step-*.pt")]
        return sorted(found, reverse=True)

    def new_checkpoint(self, step: int) -> tuple[Path, Path]:
        """The file to write, and the name it gets by `keep`."""
        file = self._checkpoints / f"step-{step:06d}.pt"
        return file.with_name(f"{file.name}.part"), file

    def keep(self, part: Path, file: Path) -> None:
        """A written checkpoint takes its place; older ones go."""
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)
        for _, old in self.checkpoints()[KEPT:]:
            old.unlink()

    def rewind(self, step: int) -> None:
        """Drop the figures of rounds that were played after the checkpoint of `step`."""
        kept = [record for record in self.figures() if record["step"] < step]
        write_whole(self._figures, "".join(json.dumps(record) + "\n" for record in kept))

    def append(self, record: Mapping[str, Any]) -> None:
        """Add the figures of a round."""
        with self._figures.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")

    def figures(self) -> Iterator[dict[str, Any]]:
        """The figures so far; a line that was cut by a kill is passed over."""
        if not self._figures.is_file():
            return
        for line in self._figures.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

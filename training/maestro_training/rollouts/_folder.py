"""The folder of rollouts: one trace file for each run, so that what is there need not be run again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.trace import RunTrace, read_trace
from maestro_training.trajectory import Trajectory

__all__ = ["RolloutFolder"]

SETTINGS, FAILURES, TRACES = "rollout.json", "failures.jsonl", "traces"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class RolloutFolder:
    """`rollout.json` (what was asked for), `traces/SAMPLE/MEMBER.jsonl`, and `failures.jsonl`.

    Args:
        path: made if it is not there.
        settings: of these rollouts; a folder of others is refused. `None` reads what is there.

    Raises:
        MaestroError: the folder holds rollouts with other settings, or none where none were given.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any] | None = None) -> None:
        self.path = path
        file = path / SETTINGS
        if settings is None:
            if not file.is_file():
                raise MaestroError(
                    f"{path} holds no rollouts (no {SETTINGS}); make some by: maestro rollout --out {path}"
                )
            return
        text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
        if file.is_file() and file.read_text(encoding="utf-8") != text:
            was = _read(file)
            other = sorted(key for key in {*was, *settings} if was.get(key) != settings.get(key))
            raise MaestroError(
                f"{path} holds rollouts with another {', '.join(other) or 'setting'}; give another --out, or delete it"
            )
        path.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{SETTINGS}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)

    def trace_file(self, sample: Sample, fingerprint: str, member: int) -> Path:
        """Where the run of one member is traced; a sample that has changed has another folder."""
        digest = hashlib.sha256(f"{sample.key}\n{fingerprint}".encode()).hexdigest()[:10]
        return self.path / TRACES / f"{_UNSAFE.sub('-', sample.key)[:60]}-{digest}" / f"{member}.jsonl"

    def finished(self, file: Path) -> RunTrace | None:
        """The run of a trace file, if it is all there."""
        if not file.is_file():
            return None
        try:
            runs = read_trace(file)
        except MaestroError:
            return None
        whole = [run for run in runs if run.complete and not run.damaged]
        return whole[-1] if whole else None

    def keep_failure(self, trajectory: Trajectory, member: int, file: Path) -> None:
        """Note why a run came to nothing, in one whole line."""
        record = {
            "sample": trajectory.sample,
            "member": member,
            "trace": file.relative_to(self.path).as_posix(),
            "problem": trajectory.problem,
        }
        with (self.path / FAILURES).open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")

    def failures(self) -> dict[str, str]:
        """Reasons by trace file (relative), the latest of each."""
        file = self.path / FAILURES
        found: dict[str, str] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
            try:
                record = json.loads(line)
                found[str(record["trace"])] = str(record["problem"])
            except (ValueError, KeyError, TypeError):
                continue  # cut by a kill: that run is made again
        return found


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

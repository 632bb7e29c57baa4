"""Which checkpoint a training goes on from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

__all__ = ["last_checkpoint"]

STATE = "trainer_state.json"
"""What transformers writes last into a checkpoint."""


def last_checkpoint(folder: Path, *, clear: bool = True) -> tuple[Path | None, int]:
    """The last whole checkpoint and its updates.

    Args:
        clear: delete what a killed or failed save left behind.
    """
    found: tuple[Path | None, int] = (None, 0)
    for checkpoint in folder.glob("checkpoint-*"):
        done = _updates(checkpoint)
        if done is None:
            if clear:
                shutil.rmtree(checkpoint)
        elif done > found[1]:
            found = checkpoint, done
    return found


def _updates(checkpoint: Path) -> int | None:
    try:
        state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return int(state["global_step"])

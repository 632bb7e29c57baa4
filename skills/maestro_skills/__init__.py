"""The two-tier skill library."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from maestro_graph.skills import Skill

__all__ = ["load_skills"]


def load_skills(wanted: Iterable[str], folder: Path | None) -> list[Skill]:
    """Entry point of `maestro.skills`."""
    return []

"""A kind of geometry question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["GeometryTask"]


@dataclass(frozen=True, slots=True)
class GeometryTask:
    """What is drawn, what is given and how it is solved.

    Attributes:
        asked: `angle`, `length`, `area` or `unknown`: which wordings fit.
        build: draws a figure at random: `figure`, `given` (numbers), `measure` (what in the drawing is the answer) and,
            if the wording needs them, `words` (names of points).
        solve: from what is given to the unknown, as a sympy expression.
    """

    name: str
    asked: str
    build: Callable[[Random], dict[str, Any]]
    solve: Callable[[dict[str, Any]], Any]

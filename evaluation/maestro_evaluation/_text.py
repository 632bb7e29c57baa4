"""Arbitrary values as text and numbers, without exceptions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["as_alternatives", "as_int", "as_options", "as_text", "hit", "to_float"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def as_text(value: Any) -> str:
    """The value as text; nothing is the empty text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return str(value)
    except (ValueError, RecursionError):  # an integer of too many digits, a list that holds itself
        return ""


def as_alternatives(answer: Any) -> list[str]:
    """The accepted answers: the items of a list, or the one answer."""
    if isinstance(answer, (list, tuple)):
        return [as_text(item) for item in answer]
    return [as_text(answer)]


def as_int(value: Any) -> int | None:
    """A whole number from a number or its digits, else `None`."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def to_float(text: Any) -> float | None:
    """What Python's `float` makes of it, `None` where it refuses."""
    try:
        return float(text)
    except (TypeError, ValueError, OverflowError):
        return None


def as_options(options: Any) -> dict[str, str]:
    """Options by upper-case letter, from a mapping or a list; missing ones (`None`, NaN) are left out."""
    if isinstance(options, (list, tuple)):
        options = dict(zip(LETTERS, options, strict=False))
    if not isinstance(options, Mapping):
        return {}
    return {
        key: as_text(value)
        for key, value in options.items()
        if isinstance(key, str) and len(key) == 1 and key in LETTERS and not _is_missing(value)
    }


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def hit(correct: bool) -> float:
    """1.0 or 0.0."""
    return 1.0 if correct else 0.0

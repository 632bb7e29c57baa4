"""Nouns by whether colour and form can tell the thing: coins can be counted so, towers cannot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from maestro_graph.embedded.counter._question import Target, singular

__all__ = ["tellable"]


@cache
def _countable() -> frozenset[str]:
    """Nouns of small things that come in numbers and look alike, and words for things of any kind."""
    lines = Path(__file__).with_name("countable.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def tellable(target: Target) -> bool:
    """Whether a target is a form, a thing of any kind, or a kind of small uniform things."""
    noun = target.noun
    return (
        target.form is not None
        or not noun
        or not _countable().isdisjoint({noun, singular(noun), noun.removesuffix("es"), noun.removesuffix("ves") + "f"})
    )

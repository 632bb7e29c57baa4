"""Where things lie and what they are: no two touch, and so many are what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from maestro_evaluation.synthetic._generator import Rejected

__all__ = ["HEIGHT", "WIDTH", "Thing", "lay_out", "scatter"]

WIDTH, HEIGHT = 640, 480
LARGE, SMALL = (25, 31), (12, 15)
"""Radii in pixels: the smallest thing covers some 280 pixels."""

GAP = 7
MARGIN = 8
CLEAR = 24
"""A thing counts as left of or above another one if its centre is so many pixels past the other's."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing in the scene; `angle` in degrees."""

    shape: str
    colour: str
    large: bool
    x: float
    y: float
    radius: float
    angle: float

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def scatter(rng: Random, sizes: Sequence[bool]) -> list[tuple[float, float, float]]:
    """Centres and radii of things that do not touch; the large ones are placed first.

    Raises:
        Rejected: there is no room.
    """
    radii = [rng.uniform(*(LARGE if large else SMALL)) for large in sizes]
    placed: dict[int, tuple[float, float, float]] = {}
    for index in sorted(range(len(radii)), key=lambda place: -radii[place]):
        radius = radii[index]
        for _ in range(200):
            x = rng.uniform(MARGIN + radius, WIDTH - MARGIN - radius)
            y = rng.uniform(MARGIN + radius, HEIGHT - MARGIN - radius)
            if all((x - a) ** 2 + (y - b) ** 2 > (radius + r + GAP) ** 2 for a, b, r in placed.values()):
                placed[index] = (x, y, radius)
                break
        else:
            raise Rejected
    return [placed[index] for index in range(len(radii))]


def lay_out(
    rng: Random, wanted: Sequence[tuple[str, str, bool]], others: Sequence[tuple[str, str, bool]]
) -> list[Thing]:
    """Things of these shapes, colours and sizes at random places, the order telling nothing."""
    kinds = [*wanted, *others]
    rng.shuffle(kinds)
    return [
        Thing(shape, colour, large, round(x, 2), round(y, 2), round(radius, 2), round(rng.uniform(0, 360), 2))
        for (shape, colour, large), (x, y, radius) in zip(kinds, scatter(rng, [kind[2] for kind in kinds]), strict=True)
    ]

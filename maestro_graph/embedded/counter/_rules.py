"""Grids and crossings of a whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded.colours import colour_distance
from maestro_graph.embedded.counter._checkered import checkered
from maestro_graph.embedded.counter._ground import Ink, find_ink, noise_of
from maestro_graph.embedded.counter._scene import find_scene
from maestro_graph.embedded.counter._strokes import count_crossings, count_self_crossings, grid_size
from maestro_graph.embedded.counter._things import Box

__all__ = ["Grid", "crossings", "grid"]

Byte = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows and columns, and how they were found."""

    rows: int
    columns: int
    method: str
    confidence: float


def grid(pixels: Byte) -> Grid | None:
    """The rows and columns of a ruled grid, or of things that stand in rows and columns."""
    ink = find_ink(pixels, noise_of(pixels))
    for mask in (ink.labels >= 0, *(ink.labels == i for i in range(min(4, len(ink.colours))))):
        size = grid_size(mask)
        if size is not None:
            return Grid(*size, "the rules between rows and columns", 0.85)
    board = checkered(pixels)
    if board is not None:
        return Grid(*board, "the edges between fields", 0.75)
    things = find_scene(ink).things
    if len(things) < 2:
        return None
    rows = _bands([(t.box[1], t.box[3]) for t in things])
    columns = _bands([(t.box[0], t.box[2]) for t in things])
    full = len(things) / (rows * columns)
    return Grid(rows, columns, "the places of the things", 0.7 * full) if 0.6 < full <= 1.0 else None


def _bands(spans: list[tuple[int, int]]) -> int:
    """How many groups of spans there are that no gap runs through."""
    bands, end = 0, -1
    for low, high in sorted(spans):
        if low >= end:
            bands += 1
            end = high
        end = max(end, high)
    return bands


def crossings(pixels: Byte, colours: list[str]) -> list[Box]:
    """Where lines of two colours cross, or, with fewer than two colours named, lines of any."""
    ink = find_ink(pixels, noise_of(pixels))
    names = _rgb_of(ink)
    if not names:
        raise refuse("no lines were found")
    if len(colours) == 2:
        picked = [min(names, key=lambda i: colour_distance(names[i], colour)) for colour in colours]
        gaps = [colour_distance(names[i], c) for i, c in zip(picked, colours, strict=True)]
        if max(gaps) > 0.12 or picked[0] == picked[1]:
            raise refuse(f"there are no {colours[0]} and {colours[1]} lines in the picture")
        return count_crossings(ink.labels == picked[0], ink.labels == picked[1])
    if len(names) == 2:
        first, second = names
        return count_crossings(ink.labels == first, ink.labels == second)
    return count_self_crossings(ink.labels >= 0)


def _rgb_of(ink: Ink) -> dict[int, tuple[float, float, float]]:
    """Colour of each ink that covers more than dirt would."""
    out: dict[int, tuple[float, float, float]] = {}
    total = max(1, int((ink.labels >= 0).sum()))
    for index in range(len(ink.colours)):
        own = ink.labels == index
        if own.sum() < 0.05 * total:
            continue
        clear = own & (ink.gaps >= np.percentile(ink.gaps[own], 55))
        red, green, blue = np.median(ink.rgb[clear], axis=0)
        out[index] = (float(red), float(green), float(blue))
    return out

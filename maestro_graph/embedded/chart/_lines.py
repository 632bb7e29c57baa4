"""Lines: thin curves of one colour, traced column by column."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._pixels import Colours

__all__ = ["Line", "find_lines"]


@dataclass(frozen=True, slots=True)
class Line:
    """A traced curve.

    Attributes:
        colour: index into the palette.
        xs: columns, ascending, whole pixels.
        top, bottom: for each column, the ends of the ink (floats, bottom exclusive).
        thickness: of the stroke, in pixels.
    """

    colour: int
    xs: NDArray[np.int64]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    thickness: float

    def at(self, x: float, reach: float) -> float | None:
        """Height (pixel) of the curve at `x`: its corner where it turns there; `None` farther than `reach` away."""
        if x < self.xs[0] - reach or x > self.xs[-1] + reach:
            return None
        x = float(np.clip(x, self.xs[0], self.xs[-1]))
        near = int(np.clip(np.searchsorted(self.xs, x), 0, len(self.xs) - 1))
        if near and abs(self.xs[near - 1] - x) < abs(self.xs[near] - x):
            near -= 1
        middle = (self.top + self.bottom) / 2
        if abs(self.xs[near] - x) > 1.5:
            return float(np.interp(x, self.xs, middle))
        span = self.bottom[near] - self.top[near]
        if span <= 1.6 * self.thickness + 1:
            return float(middle[near])
        before, after = self._side(x, -1), self._side(x, +1)
        sides = [s for s in (before, after) if s is not None]
        half = self.thickness / 2
        if not sides:
            return float(middle[near])
        if all(s > middle[near] for s in sides) and len(sides) == 2:
            return float(self.top[near] + half)
        if all(s < middle[near] for s in sides) and len(sides) == 2:
            return float(self.bottom[near] - half)
        if len(sides) == 1:  # an end of the curve: the end of the ink away from the rest
            return float(self.top[near] + half if sides[0] > middle[near] else self.bottom[near] - half)
        return float(middle[near])

    def _side(self, x: float, direction: int) -> float | None:
        a, b = sorted((x + direction * 2.0, x + direction * 5.0))
        chosen = (self.xs >= a) & (self.xs <= b)
        if not chosen.any():
            return None
        return float(((self.top + self.bottom) / 2)[chosen].mean())


def find_lines(colours: Colours, area: tuple[float, float, float, float], keep_out: NDArray[np.bool_]) -> list[Line]:
    """The curves inside a plot area (left, top, right, bottom), the widest first."""
    left, top, right, bottom = (round(v) for v in area)
    height, width = colours.labels.shape
    left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if right - left < 20 or bottom - top < 15:
        return []
    labels = colours.labels[top:bottom, left:right].copy()
    labels[keep_out[top:bottom, left:right]] = -1
    masks = _ink(colours, labels)
    found = []
    for colour, mask in masks.items():
        line = _trace(mask, colour, left, top, bottom - top)
        if line is not None:
            found.append(line)
    return sorted(found, key=lambda line: -(line.xs[-1] - line.xs[0]))


def _ink(colours: Colours, labels: NDArray[np.int16]) -> dict[int, NDArray[np.uint8]]:
    """A mask for each colour that is not merely the soft edge of another one."""
    marks = [k for k in colours.marks if (labels == k).sum() >= 12]
    masks = {k: (labels == k).astype(np.uint8) for k in marks}
    background = [colours.palette[k] for k in colours.background]
    kept: dict[int, NDArray[np.uint8]] = {}
    grown: dict[int, NDArray[np.uint8]] = {}
    seen = np.zeros(labels.shape, np.uint8)
    for colour in sorted(marks, key=lambda k: -colours.contrast(k)):
        mask = masks[colour]
        near = {k: float((mask & area).sum()) / float(mask.sum()) for k, area in grown.items()}
        host = max(near, key=lambda k: near[k], default=None)
        if (
            host is not None
            and near[host] > 0.75
            and any(_between(colours.palette[colour], colours.palette[host], b) for b in background)
        ):
            kept[host] = np.maximum(kept[host], mask)
            continue
        if colours.contrast(colour) < 45 or float((mask & seen).sum()) > 0.85 * float(mask.sum()):
            continue
        kept[colour] = mask
        grown[colour] = np.asarray(cv2.dilate(mask, np.ones((5, 5), np.uint8)), np.uint8)
        if _spread(mask):
            seen |= grown[colour]
    return kept


def _spread(mask: NDArray[np.uint8]) -> bool:
    """Whether ink reaches over much of the width: only such ink can have soft edges that look like a line."""
    return float(mask.any(axis=0).mean()) > 0.25


def _between(colour: NDArray[np.float32], strong: NDArray[np.float32], page: NDArray[np.float32]) -> bool:
    """Whether a colour is a mixture of ink and page."""
    axis = strong - page
    share = float(np.dot(colour - page, axis) / max(1.0, float(np.dot(axis, axis))))
    return 0.05 < share < 0.98 and float(np.linalg.norm(page + share * axis - colour)) < 30


def _trace(mask: NDArray[np.uint8], colour: int, left: int, top: int, height: int) -> Line | None:
    columns = np.flatnonzero(mask.any(axis=0))
    width = mask.shape[1]
    reach = columns[-1] - columns[0] if len(columns) else 0
    if len(columns) < max(8, 0.3 * reach) or reach < 0.3 * width:
        return None
    rows = mask.sum(axis=1)
    if rows.max() > 0.9 * len(columns) and (rows > 0).sum() > 6 and np.median(mask.sum(axis=0)[columns]) > 0.5 * height:
        return None
    runs = [_runs(mask[:, x]) for x in columns]
    longest = np.array([max(b - a for a, b in r) for r in runs])
    thickness = float(np.percentile(longest, 25))
    if np.median(longest) > 0.25 * height or thickness > max(14.0, 0.08 * height):
        return None
    if np.median([len(r) for r in runs]) > 2:
        return None
    if _is_ruling(mask, columns, runs):
        return None
    tops, bottoms = _follow(runs, columns)
    return Line(colour, columns + left, tops + top, bottoms + top, max(1.0, thickness))


def _runs(column: NDArray[np.uint8]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], column, [0]])))
    runs: list[tuple[int, int]] = []
    for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and a - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], b)
        else:
            runs.append((a, b))
    return runs


def _is_ruling(mask: NDArray[np.uint8], columns: NDArray[np.int64], runs: list[list[tuple[int, int]]]) -> bool:
    """Grid lines and frames: the same few rows carry nearly all the ink, or whole columns are full."""
    total = float(mask.sum())
    rows = np.sort(mask.sum(axis=1))[::-1]
    in_rows = float(rows[rows >= 0.85 * len(columns)].sum())
    per_column = mask.sum(axis=0)
    in_columns = float(per_column[per_column >= 0.85 * mask.shape[0]].sum())
    if (in_rows + in_columns) >= 0.75 * total:
        # a flat curve is ruled too, but it is one, and it does not reach over the whole width
        one = in_columns == 0 and (rows >= 0.85 * len(columns)).sum() <= 6 and np.median([len(r) for r in runs]) == 1
        return not (one and len(columns) < 0.985 * mask.shape[1])
    return False


def _follow(
    runs: list[list[tuple[int, int]]], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One run for each column: the path with the least jumps (dynamic programming)."""
    cost = [np.array([-0.5 * (b - a) for a, b in runs[0]])]
    back: list[NDArray[np.int64]] = []
    for k in range(1, len(runs)):
        here = np.array(runs[k], float)
        there = np.array(runs[k - 1], float)
        gap = np.maximum(0.0, np.maximum(here[:, None, 0] - there[None, :, 1], there[None, :, 0] - here[:, None, 1]))
        step = gap / max(1, columns[k] - columns[k - 1]) + cost[-1][None, :]
        back.append(step.argmin(axis=1))
        cost.append(step.min(axis=1) - 0.05 * np.minimum(here[:, 1] - here[:, 0], 6))
    path = [int(cost[-1].argmin())]
    for links in reversed(back):
        path.append(int(links[path[-1]]))
    path.reverse()
    chosen = np.array([runs[k][p] for k, p in enumerate(path)], float)
    return chosen[:, 0], chosen[:, 1]

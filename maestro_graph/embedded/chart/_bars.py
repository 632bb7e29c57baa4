"""Bars: rectangles of one colour that stand on a common line, or on one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._axes import Scale
from maestro_graph.embedded.chart._pixels import Colours

__all__ = ["Bar", "BarField", "find_bars"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in the bar's own directions: `across` the categories, `along` the values, in pixels."""

    colour: int
    across: tuple[float, float]
    along: tuple[float, float]

    @property
    def middle(self) -> float:
        return (self.across[0] + self.across[1]) / 2

    @property
    def width(self) -> float:
        return self.across[1] - self.across[0]

    @property
    def length(self) -> float:
        return self.along[1] - self.along[0]


@dataclass(frozen=True, slots=True)
class BarField:
    """The bars of a chart.

    Attributes:
        vertical: bars go up (their values run along y).
        bars: all of them, stacked ones as parts.
        baseline: the pixel along the values on which they stand.
        stacked: parts stand on one another.
        standing: how many stand on the baseline.
    """

    vertical: bool
    bars: tuple[Bar, ...]
    baseline: float
    stacked: bool
    standing: int


def find_bars(colours: Colours, scale: Scale | None, *, vertical: bool, keep_out: NDArray[np.bool_]) -> BarField | None:
    """The bars in one direction, or `None`.

    Args:
        scale: the value axis, if there is one: bars begin at its zero or at its end.
        keep_out: (H, W), true where no bar can be (titles, tick labels, legends).
    """
    rectangles = [bar for colour in colours.marks for bar in _rectangles(colours, colour, vertical, keep_out)]
    if not rectangles:
        return None
    baseline = _baseline(rectangles, scale)
    if baseline is None:
        return None
    slack = max(2.5, 0.006 * max(colours.rgb.shape[:2]))
    rectangles = [part for bar in rectangles for part in _split(colours, bar, baseline, vertical, slack)]
    rectangles = [bar for bar in rectangles if _is_solid(colours, bar, vertical)]
    rectangles = _joined(rectangles, colours, vertical, slack)
    standing = [bar for bar in rectangles if min(abs(edge - baseline) for edge in bar.along) <= slack]
    standing = _same_width(standing)
    if not standing:
        return None
    chosen = list(standing)
    pool = [bar for bar in rectangles if bar not in chosen]
    grown = True
    while grown:
        grown = False
        for bar in list(pool):
            if any(_stands_on(bar, other, slack) for other in chosen):
                chosen.append(bar)
                pool.remove(bar)
                grown = True
    refined = tuple(_refined(colours, bar, vertical) for bar in chosen)
    ends = [edge for bar in refined for edge in bar.along if abs(edge - baseline) <= slack]
    return BarField(vertical, refined, float(np.median(ends)), len(chosen) > len(standing), len(standing))


def _rectangles(colours: Colours, colour: int, vertical: bool, keep_out: NDArray[np.bool_]) -> list[Bar]:
    mask = colours.mask(colour)
    if mask.sum() < 12:
        return []
    mask[keep_out] = 0
    size = max(3, round(0.008 * min(mask.shape)) | 1)
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    # a gap between bars of one colour must stay open: closing may fill text, hatches and lines, never page
    page = np.isin(colours.labels, list(colours.background)) & ~colours.text
    closed[page] = 0
    closed = np.maximum(closed, mask)
    # opening with an even kernel moves the picture unless the anchors are opposite
    pair = np.ones((2, 2), np.uint8)
    closed = cv2.dilate(cv2.erode(closed, pair, anchor=(0, 0)), pair, anchor=(1, 1))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    bars = []
    for left, top, width, height, area in stats[1:count]:
        if min(width, height) < 3 and max(width, height) < 6:
            continue
        if area < 0.5 * width * height or min(width, height) < 2:
            continue
        xs, ys = (float(left), float(left + width)), (float(top), float(top + height))
        bars.append(Bar(colour, xs, ys) if vertical else Bar(colour, ys, xs))
    return bars


def _baseline(bars: list[Bar], scale: Scale | None) -> float | None:
    """The line that most bars touch, weighted by their width; the axis' zero where bars touch that."""
    edges = np.array([edge for bar in bars for edge in bar.along])
    weights = np.array([min(bar.width, 60.0) for bar in bars for _ in bar.along])
    slack = 2.5
    if scale is not None and not scale.log:
        zero = scale.pixel(0.0)
        near = np.abs(edges - zero) <= 4.0
        if near.any() and weights[near].sum() >= 0.3 * max(
            weights[np.abs(edges - edge) <= slack].sum() for edge in edges
        ):
            return float(np.median(edges[near]))
    support = [weights[np.abs(edges - edge) <= slack].sum() for edge in edges]
    if scale is not None:
        reach = 0.15 * (scale.high - scale.low) + 4
        inside = (edges >= scale.low - reach) & (edges <= scale.high + reach)
        support = [s if ok else 0.0 for s, ok in zip(support, inside, strict=True)]
    best = int(np.argmax(support))
    if support[best] <= 0:
        return None
    return float(np.median(edges[np.abs(edges - edges[best]) <= slack]))


def _split(colours: Colours, bar: Bar, baseline: float, vertical: bool, slack: float) -> list[Bar]:
    """A stepped shape (bars that touch) as single bars; rectangles stay whole."""
    lo, hi = (round(v) for v in bar.across)
    start, end = (round(v) for v in bar.along)
    patch = colours.labels[start:end, lo:hi] if vertical else colours.labels[lo:hi, start:end].T
    own = (patch == bar.colour) | (colours.text[start:end, lo:hi] if vertical else colours.text[lo:hi, start:end].T)
    page = np.isin(patch, list(colours.background)) & ~own
    if own.size == 0 or own.mean() > 0.93 or page.mean() < 0.05 or hi - lo < 8:
        return [bar]
    own = ~page
    tops = np.where(own.any(axis=0), own.argmax(axis=0), own.shape[0])
    bottoms = np.where(own.any(axis=0), own.shape[0] - own[::-1].argmax(axis=0), 0)
    up = abs(end - baseline) <= abs(start - baseline)
    far = tops if up else bottoms
    cuts = [0, *(np.flatnonzero(np.abs(np.diff(far)) > slack) + 1).tolist(), hi - lo]
    parts = []
    for a, b in pairwise(cuts):
        if b - a < 3:
            continue
        level = float(np.median(far[a:b]))
        if not (own.shape[0] - level if up else level) > 0:
            continue
        along = (start + level, float(end)) if up else (float(start), start + level)
        parts.append(Bar(bar.colour, (lo + a, lo + b), along))
    if not parts or len(parts) > 60:
        return [bar]
    return parts


def _is_solid(colours: Colours, bar: Bar, vertical: bool) -> bool:
    """Whether a rectangle is filled: with its colour, text or a hatch, and hardly with page."""
    a, b, c, d = (round(v) for v in (*bar.along, *bar.across))
    patch = colours.labels[a:b, c:d] if vertical else colours.labels[c:d, a:b]
    text = colours.text[a:b, c:d] if vertical else colours.text[c:d, a:b]
    if patch.size == 0:
        return False
    bare = (patch == bar.colour) & ~text
    if float(bare.mean()) < 0.2 or float(text.mean()) > 0.8:
        return False
    own = (patch == bar.colour) | text
    page = np.isin(patch, list(colours.background)) & ~text
    return float(own.mean()) > 0.62 and float(page.mean()) < 0.12


def _joined(bars: list[Bar], colours: Colours, vertical: bool, slack: float) -> list[Bar]:
    """Pieces of one bar that a line or a label cut, put together."""
    ordered = sorted(bars, key=lambda b: (b.colour, b.middle, b.along))
    out: list[Bar] = []
    for bar in ordered:
        for k, other in enumerate(out):
            if other.colour != bar.colour or abs(other.middle - bar.middle) > slack:
                continue
            if abs(other.width - bar.width) > 2 * slack:
                continue
            gap_start, gap_end = sorted([max(bar.along[0], other.along[0]), min(bar.along[1], other.along[1])])
            if gap_end - gap_start <= slack or _text_between(colours, bar, gap_start, gap_end, vertical):
                out[k] = replace(
                    other,
                    along=(min(bar.along[0], other.along[0]), max(bar.along[1], other.along[1])),
                    across=(min(bar.across[0], other.across[0]), max(bar.across[1], other.across[1])),
                )
                break
        else:
            out.append(bar)
    return out


def _text_between(colours: Colours, bar: Bar, start: float, end: float, vertical: bool) -> bool:
    a, b, c, d = int(start), int(end) + 1, int(bar.across[0]), int(bar.across[1]) + 1
    patch = colours.text[a:b, c:d] if vertical else colours.text[c:d, a:b]
    return bool(patch.size) and float(patch.mean()) > 0.5


def _same_width(bars: list[Bar]) -> list[Bar]:
    """The bars of the commonest width: swatches, frames and letters have others."""
    if len(bars) < 2:
        return bars
    widths = np.array([bar.width for bar in bars])
    lengths = np.array([bar.length for bar in bars])
    best, score = np.ones(len(bars), bool), -1.0
    for width in widths:
        near = np.abs(widths - width) <= max(2.5, 0.16 * width)
        weight = float((near * np.minimum(widths, 40) * np.sqrt(lengths)).sum())
        if weight > score:
            best, score = near, weight
    return [bar for bar, ok in zip(bars, best, strict=True) if ok]


def _refined(colours: Colours, bar: Bar, vertical: bool) -> Bar:
    """The bar with its ends to a fraction of a pixel: the last, soft row tells how much of it is bar."""
    rgb = colours.rgb if vertical else colours.rgb.transpose(1, 0, 2)
    quarter = bar.width / 4
    lo, hi = round(bar.across[0] + quarter), max(round(bar.across[0] + quarter) + 1, round(bar.across[1] - quarter))
    own = colours.palette[bar.colour]

    def soft(edge: int, direction: int) -> float:
        near, far = edge, edge + direction
        if not (0 <= near < rgb.shape[0] and 0 <= far < rgb.shape[0]):
            return 0.0
        colour = np.median(rgb[near, lo:hi].reshape(-1, 3), axis=0)
        beyond = np.median(rgb[far, lo:hi].reshape(-1, 3), axis=0)
        axis = own - beyond
        size = float(np.dot(axis, axis))
        if size < 900:
            return 0.0
        share = float(np.dot(colour - beyond, axis)) / size
        off = float(np.linalg.norm(beyond + share * axis - colour))
        return share if 0.08 < share < 1.0 and off < 30 else 0.0

    start, end = bar.along
    return replace(bar, along=(start - soft(round(start) - 1, -1), end + soft(round(end), 1)))


def _stands_on(bar: Bar, other: Bar, slack: float) -> bool:
    if bar is other or abs(bar.middle - other.middle) > slack or abs(bar.width - other.width) > 2 * slack:
        return False
    return min(abs(bar.along[1] - other.along[0]), abs(bar.along[0] - other.along[1])) <= slack

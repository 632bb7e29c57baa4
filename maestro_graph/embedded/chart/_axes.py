"""Axis calibration: tick labels to pixels by a robust fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from maestro_graph.embedded.chart._numbers import Number, parse_number
from maestro_graph.embedded.ocr import TextBox

__all__ = ["Scale", "Tick", "find_scales"]


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick label: where it stands (its centre along the axis, pixels) and what it says."""

    box: TextBox
    at: float
    number: Number


@dataclass(frozen=True, slots=True)
class Scale:
    """Pixels to values along one axis: `value = slope * pixel + offset`, or 10 to that on a log axis.

    Attributes:
        vertical: whether it runs along y.
        ticks: the labels that agree with it, in order of pixels.
        residual: median distance of the labels from the fit, in pixels.
        side: pixel of the labels' edge towards the plot (their right end for an axis at the left).
    """

    vertical: bool
    slope: float
    offset: float
    log: bool
    ticks: tuple[Tick, ...]
    residual: float
    side: float
    unit: str = ""

    def value(self, pixel: float) -> float:
        linear = self.slope * pixel + self.offset
        return float(10.0 ** min(linear, 300.0)) if self.log else linear

    def pixel(self, value: float) -> float:
        if self.log:
            value = math.log10(value) if value > 0 else self.slope * self.ticks[0].at + self.offset
        return (value - self.offset) / self.slope

    @property
    def low(self) -> float:
        """Smallest pixel of a tick."""
        return self.ticks[0].at

    @property
    def high(self) -> float:
        """Largest pixel of a tick."""
        return self.ticks[-1].at

    @property
    def resolution(self) -> float:
        """What a pixel is worth; on a log axis, in its middle."""
        middle = (self.low + self.high) / 2
        return abs(self.value(middle + 0.5) - self.value(middle - 0.5))

    def scaled(self, factor: float) -> Scale:
        """The same axis with every value multiplied (the `1e6` that some libraries print above an axis)."""
        ticks = tuple(
            Tick(t.box, t.at, Number(t.number.value * factor, t.number.unit, (), t.number.decimals)) for t in self.ticks
        )
        slope, offset = (
            (self.slope, self.offset + math.log10(factor)) if self.log else (self.slope * factor, self.offset * factor)
        )
        return Scale(self.vertical, slope, offset, self.log, ticks, self.residual, self.side, self.unit)


def find_scales(boxes: tuple[TextBox, ...], *, vertical: bool) -> list[Scale]:
    """All calibrated axes in one direction, best first: three labels that agree, or two where no third is near."""
    numbers = [(box, number) for box in boxes if (number := parse_number(box.text)) is not None]
    scales: dict[frozenset[int], Scale] = {}
    for group in _aligned(numbers, vertical=vertical):
        scale = _fit(group, vertical=vertical)
        if scale is not None:
            scales.setdefault(frozenset(id(t.box) for t in scale.ticks), scale)
    ranked = sorted(scales.values(), key=lambda s: (-len(s.ticks), s.residual))
    kept: list[Scale] = []
    for scale in ranked:
        mine = {id(t.box) for t in scale.ticks}
        if all(not mine & {id(t.box) for t in other.ticks} for other in kept):
            kept.append(scale)
    return kept


def _aligned(numbers: list[tuple[TextBox, Number]], *, vertical: bool) -> list[list[tuple[TextBox, Number]]]:
    """Groups of numbers that stand in one column (or row): by either edge or by their centres."""
    groups: list[list[tuple[TextBox, Number]]] = []
    first, last = (0, 2) if vertical else (1, 3)
    edges: tuple[Callable[[TextBox], float], ...] = (
        lambda b: b.box[last],
        lambda b: b.box[first],
        lambda b: (b.box[first] + b.box[last]) / 2,
    )
    for edge in edges:
        ordered = sorted(numbers, key=lambda item: edge(item[0]))
        for start in range(len(ordered)):
            at = edge(ordered[start][0])
            slack = 0.7 * _thickness(ordered[start][0])
            group = [item for item in ordered[start:] if edge(item[0]) - at <= slack]
            if len(group) >= 2:
                groups.append(group)
    return groups


def _thickness(box: TextBox) -> float:
    left, top, right, bottom = box.box
    return max(4.0, min(bottom - top, right - left))


def _fit(group: list[tuple[TextBox, Number]], *, vertical: bool) -> Scale | None:
    centre = 1 if vertical else 0
    at = np.array([box.center[centre] for box, _ in group])
    tolerance = max(1.6, 0.3 * float(np.median([_thickness(box) for box, _ in group])))
    best: tuple[int, float, bool, list[tuple[int, float]]] | None = None
    for log in (False, True):
        if log and sum(number.value > 0 for _, number in group) < 3:
            continue
        found = _consensus(at, [number for _, number in group], tolerance, log=log, vertical=vertical)
        if found is None:
            continue
        inliers, error = found
        bonus = 1 if log else 0  # a log axis must explain more labels than a linear one
        if best is None or (len(inliers) - bonus, -error) > (best[0], -best[1]):
            best = (len(inliers) - bonus, error, log, inliers)
    if best is None:
        return None
    _, _, log, inliers = best
    return _scale(group, at, inliers, log=log, vertical=vertical)


def _consensus(
    at: np.ndarray, numbers: list[Number], tolerance: float, *, log: bool, vertical: bool
) -> tuple[list[tuple[int, float]], float] | None:
    """The largest set of (index, value) on one line, and its summed error in pixels."""
    best: tuple[list[tuple[int, float]], float] | None = None
    count = len(numbers)
    for i in range(count):
        for j in range(i + 1, count):
            a, b = numbers[i].value, numbers[j].value
            if a == b or abs(at[i] - at[j]) < 2 * tolerance or (log and min(a, b) <= 0):
                continue
            if log:
                a, b = math.log10(a), math.log10(b)
            slope = (b - a) / (at[j] - at[i])
            offset = a - slope * at[i]
            inliers, error = [], 0.0
            for k, number in enumerate(numbers):
                for rank, value in enumerate((number.value, *number.others)):
                    if log and value <= 0:
                        continue
                    miss = abs(((math.log10(value) if log else value) - offset) / slope - at[k])
                    if miss <= tolerance:
                        inliers.append((k, value))
                        error += miss + (tolerance if rank else 0.0)
                        break
            if (slope > 0) == vertical:  # values grow upwards and to the right; lost signs could mean both
                error += 2 * tolerance * count
            if best is None or (len(inliers), -error) > (len(best[0]), -best[1]):
                best = (inliers, error)
    if best is None or len(best[0]) < 2:
        return None
    return best


def _scale(
    group: list[tuple[TextBox, Number]], at: np.ndarray, inliers: list[tuple[int, float]], *, log: bool, vertical: bool
) -> Scale | None:
    xs = np.array([at[k] for k, _ in inliers])
    ys = np.array([math.log10(v) if log else v for _, v in inliers])
    if len(set(ys.tolist())) < 2:
        return None
    slope, offset = np.polyfit(xs, ys, 1)
    if slope == 0 or not np.isfinite(slope):
        return None
    residual = float(np.median(np.abs((ys - offset) / slope - xs)))
    ticks = sorted(
        (Tick(group[k][0], float(at[k]), Number(v, group[k][1].unit, (), group[k][1].decimals)) for k, v in inliers),
        key=lambda t: t.at,
    )
    units = Counter(t.number.unit for t in ticks if t.number.unit)
    unit = units.most_common(1)[0][0] if units and units.total() >= len(ticks) / 2 else ""
    side = float(np.median([t.box.box[2 if vertical else 1] for t in ticks]))
    return Scale(vertical, float(slope), float(offset), log, tuple(ticks), residual, side, unit)

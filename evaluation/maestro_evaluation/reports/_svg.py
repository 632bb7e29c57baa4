"""Charts as inline SVG, in colours of the page's style: they follow its light and dark themes and need no script.

They hold numbers and fixed words only; names of routers stand in the page's text, by number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from maestro_evaluation.stats import Calibration

__all__ = ["Point", "points_of", "reliability", "scatter"]

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A router in a plane: `number` stands beside it; `low` and `high` are of its accuracy."""

    number: int
    cost: float
    accuracy: float
    low: float
    high: float
    front: bool


@dataclass(frozen=True, slots=True)
class _Axes:
    """From values to places in the picture."""

    least: float
    most: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.least) / (self.most - self.least)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.bottom) / (self.top - self.bottom)


def scatter(points: Sequence[Point], *, unit: str) -> Markup:
    """Accuracy over cost; the Pareto front as a line of steps, its routers as full dots."""
    costs = [point.cost for point in points]
    most = max(costs) * 1.08 or 1.0
    least = 0.0
    if min(costs) > 0.5 * max(costs) > 0.0:  # far from zero: show what there is
        least, most = min(costs) - 0.08 * max(costs), max(costs) * 1.04
    low = min(point.low for point in points)
    high = max(point.high for point in points)
    pad = max(0.02, 0.06 * (high - low))
    axes = _Axes(least, most, max(0.0, low - pad), min(1.0, high + pad))
    front = [point for point in points if point.front]
    parts = [*_grid(axes, unit), _steps(axes, sorted(front, key=lambda point: point.cost))]
    for point in points:
        x, y = axes.x(point.cost), axes.y(point.accuracy)
        kind = "front" if point.front else "beaten"
        parts.append(
            _line("whisker", x, axes.y(point.low), x, axes.y(point.high))
            + f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        )
    placed = _label_places([(axes.x(point.cost), axes.y(point.accuracy)) for point in points])
    for point, (x, y) in zip(points, placed, strict=True):
        parts.append(f'<text class="number" x="{x:.1f}" y="{y:.1f}">{point.number}</text>')
    return _svg(parts, f"Accuracy over {unit}, {len(points)} routers")


def reliability(found: Calibration) -> Markup:
    """Accuracy of each bin of confidence against the diagonal; below, how many answers each bin holds."""
    axes = _Axes(0.0, 1.0, 0.0, 1.0)
    largest = max(each.n for each in found.bins)
    parts = [*_grid(axes, "confidence", ticks=[0, 0.2, 0.4, 0.6, 0.8, 1.0])]
    parts.append(_line("ideal", axes.x(0), axes.y(0), axes.x(1), axes.y(1)))
    for each in found.bins:
        if each.accuracy is None or each.confidence is None:
            continue
        left, right = axes.x(each.low) + 1, axes.x(each.high) - 1
        tall = 0.16 * (HEIGHT - TOP - BOTTOM) * each.n / largest
        parts.append(
            f'<rect class="many" x="{left:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}" width="{right - left:.1f}" '
            f'height="{tall:.1f}"/>'
        )
        x, y = axes.x(each.confidence), axes.y(each.accuracy)
        radius = 3 + 5 * math.sqrt(each.n / largest)
        parts.append(_line("gap", x, y, x, axes.y(each.confidence)))
        parts.append(
            f'<circle class="front" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{each.n} answers of confidence {each.confidence:.2f}: {each.accuracy:.2f} right</title></circle>"
        )
    return _svg(parts, "Accuracy over confidence")


def _grid(axes: _Axes, unit: str, *, ticks: Sequence[float] = ()) -> list[str]:
    parts = []
    for value in _ticks(axes.bottom, axes.top):
        y = axes.y(value)
        parts.append(_line("grid", LEFT, y, WIDTH - RIGHT, y))
        parts.append(f'<text class="tick end" x="{LEFT - 6}" y="{y + 4:.1f}">{_short(value * 100)} %</text>')
    for value in ticks or _ticks(axes.least, axes.most):
        x = axes.x(value)
        parts.append(_line("grid", x, TOP, x, HEIGHT - BOTTOM))
        parts.append(f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}">{_short(value)}</text>')
    parts.append(f'<text class="axis middle" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}">{unit}</text>')
    return parts


def _steps(axes: _Axes, front: Sequence[Point]) -> str:
    if len(front) < 2:
        return ""
    path = [f"M{axes.x(front[0].cost):.1f} {axes.y(front[0].accuracy):.1f}"]
    path += [f"H{axes.x(point.cost):.1f}V{axes.y(point.accuracy):.1f}" for point in front[1:]]
    return f'<path class="steps" d="{"".join(path)}"/>'


def _label_places(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A place beside each point where its number covers no other number or point, as far as there is one."""
    around = ((9, 4), (-9, 4), (0, -9), (0, 17), (12, -8), (-12, -8), (12, 16), (-12, 16), (20, 4), (-20, 4), (0, -22))
    taken = list(points)
    placed: list[tuple[float, float]] = []
    for x, y in points:
        wanted = [(x + dx, y + dy) for dx, dy in around if LEFT < x + dx < WIDTH - 4 and TOP < y + dy < HEIGHT - BOTTOM]

        def room(place: tuple[float, float], own: tuple[float, float] = (x, y)) -> float:
            others = [other for other in taken if other != own]
            return min((math.hypot(place[0] - ox, place[1] - 4 - oy) for ox, oy in others), default=99.0)

        free = [place for place in wanted if room(place) >= 11]
        best = free[0] if free else max(wanted, key=room, default=(x + 9, y + 4))
        placed.append(best)
        taken.append((best[0], best[1] - 4))
    return placed


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _ticks(low: float, high: float) -> list[float]:
    """Round values within the range, four to eight of them."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _short(value: float) -> str:
    return f"{value:.4g}"


def _svg(parts: Sequence[str], label: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and fixed words
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def points_of(
    values: Mapping[str, tuple[float, float]],
    bounds: Mapping[str, tuple[float, float]],
    front: Sequence[str],
    numbers: Mapping[str, int],
) -> list[Point]:
    """The points of a plane, in the order of their numbers."""
    return [
        Point(
            number=numbers[name],
            cost=values[name][0],
            accuracy=values[name][1],
            low=bounds[name][0],
            high=bounds[name][1],
            front=name in front,
        )
        for name in sorted(values, key=numbers.__getitem__)
    ]

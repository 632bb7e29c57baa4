"""A labelled figure: what it consists of, how it is measured and how it is drawn."""

from __future__ import annotations

import math
from typing import Any

from PIL import Image

from maestro_evaluation.synthetic._canvas import Canvas, Point

__all__ = ["Figure", "angle_at", "draw_figure", "figure", "measure", "triangle"]

Figure = dict[str, Any]
"""`points` by name (y upwards); `lines`, `circles` (centre, radius), `dashes`; `angles` and `sides` with labels;
`rights`, `ticks` (equal sides) and `arrows` (parallels) by the points that they lie between."""

MARGIN = 66.0
ANGLE_RADIUS = 24.0
SPAN = 30.0


def figure(points: dict[str, Point], lines: list[str], **parts: Any) -> Figure:
    """A figure of points with one-letter names; lines are given as two letters."""
    empty: Figure = {
        kind: [] for kind in ("circles", "dashes", "angles", "sides", "rights", "ticks", "arrows", "hidden")
    }
    return {"points": {name: list(point) for name, point in points.items()}, "lines": lines, **empty, **parts}


def triangle(at_a: float, at_b: float, length: float) -> dict[str, Point]:
    """The triangle ABC with angles in degrees at A and B and the length of AB, which is horizontal."""
    at_c = 180 - at_a - at_b
    side = length * math.sin(math.radians(at_b)) / math.sin(math.radians(at_c))
    top = (side * math.cos(math.radians(at_a)), side * math.sin(math.radians(at_a)))
    return {"A": (0.0, 0.0), "B": (length, 0.0), "C": top}


def angle_at(points: dict[str, Any], at: str, first: str, last: str) -> float:
    """The angle at a point between two others, 0 to 180 degrees."""
    x, y = points[at]
    turns = [math.atan2(points[name][1] - y, points[name][0] - x) for name in (first, last)]
    found = math.degrees(abs(turns[0] - turns[1])) % 360
    return min(found, 360 - found)


def measure(drawn: Figure, what: dict[str, Any]) -> float:
    """What the drawing says: an angle, a length, or the area of a polygon or sector, then (… - minus) / over."""
    points, names = drawn["points"], what["of"]
    if what["kind"] == "angle":
        found = angle_at(points, names[1], names[0], names[2])
    elif what["kind"] == "length":
        found = math.dist(points[names[0]], points[names[1]])
    elif what["kind"] == "sector":
        turn = math.radians(angle_at(points, names[1], names[0], names[2]))
        found = turn / 2 * math.dist(points[names[1]], points[names[0]]) ** 2
    else:
        corners = [points[name] for name in names]
        ring = zip(corners, corners[1:] + corners[:1], strict=True)
        found = abs(sum(one[0] * other[1] - other[0] * one[1] for one, other in ring)) / 2
    return float((found - what.get("minus", 0)) / what.get("over", 1))


def draw_figure(drawn: Figure, style: dict[str, Any], turn: float, names: dict[str, str]) -> Image.Image:
    """The figure turned by `turn` degrees, to scale, with its points called as `names` says."""
    at, unit, size = _place(drawn, style["size"], math.radians(turn))
    canvas = Canvas(*size, style["paper"])
    ink, width = style["ink"], style["width"]
    for circle in drawn["circles"]:
        canvas.ring(at[circle[0]], circle[1] * unit, ink, width)
    for line in drawn["lines"]:
        canvas.line([at[line[0]], at[line[1]]], ink, width)
    for line in drawn["dashes"]:
        canvas.dashes(at[line[0]], at[line[1]], ink, width)
    for mark in drawn["rights"]:
        _right(canvas, [at[name] for name in mark], ink, width)
    for line, count in drawn["ticks"]:
        _ticks(canvas, at[line[0]], at[line[1]], count, ink, width)
    for line in drawn["arrows"]:
        _arrow(canvas, at[line[0]], at[line[1]], ink, width)
    middle = _middle(list(at.values()))
    for mark in drawn["angles"]:
        _angle(canvas, [at[name] for name in mark["of"]], mark["label"], style)
    for mark in drawn["sides"]:
        first, last = mark["of"]
        inner = at[mark["inner"]] if "inner" in mark else middle
        _beside(canvas, (at[first], at[last]), inner, mark, style)
    for name, point in at.items():
        if name not in drawn["hidden"]:
            canvas.disc(point, width + 0.6, ink)
            _name(canvas, point, [at[other] for other in _joined(drawn, name)] or [middle], names[name], style)
    return canvas.image()


def _place(drawn: Figure, size: int, turn: float) -> tuple[dict[str, Point], float, tuple[int, int]]:
    """Points in pixels, pixels to a unit, and the picture's size."""
    turned = {
        name: (x * math.cos(turn) - y * math.sin(turn), -x * math.sin(turn) - y * math.cos(turn))
        for name, (x, y) in drawn["points"].items()
    }
    xs, ys = [x for x, _ in turned.values()], [y for _, y in turned.values()]
    for centre, radius in drawn["circles"]:
        x, y = turned[centre]
        xs += [x - radius, x + radius]
        ys += [y - radius, y + radius]
    unit = (size - 2 * MARGIN) / max(max(xs) - min(xs), max(ys) - min(ys))
    at = {name: (MARGIN + (x - min(xs)) * unit, MARGIN + (y - min(ys)) * unit) for name, (x, y) in turned.items()}
    width, height = ((max(side) - min(side)) * unit + 2 * MARGIN for side in (xs, ys))
    return at, unit, (round(width), max(220, round(height)))


def _joined(drawn: Figure, name: str) -> list[str]:
    return [line[1 - line.index(name)] for line in [*drawn["lines"], *drawn["dashes"]] if name in line]


def _middle(points: list[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _toward(start: Point, end: Point, length: float) -> Point:
    far = math.dist(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * length / far, start[1] + (end[1] - start[1]) * length / far


def _right(canvas: Canvas, corner: list[Point], ink: str, width: float) -> None:
    first, at, last = corner
    one, other = _toward(at, first, 13), _toward(at, last, 13)
    canvas.line([one, (one[0] + other[0] - at[0], one[1] + other[1] - at[1]), other], ink, width * 0.7)


def _ticks(canvas: Canvas, first: Point, last: Point, count: int, ink: str, width: float) -> None:
    middle = _middle([first, last])
    across = _toward((0, 0), (first[1] - last[1], last[0] - first[0]), 7)
    for place in range(count):
        x, y = _toward(middle, last, (place - (count - 1) / 2) * 6)
        canvas.line([(x - across[0], y - across[1]), (x + across[0], y + across[1])], ink, width)


def _arrow(canvas: Canvas, first: Point, last: Point, ink: str, width: float) -> None:
    start = (first[0] + (last[0] - first[0]) * 0.86, first[1] + (last[1] - first[1]) * 0.86)
    turn = math.atan2(last[1] - first[1], last[0] - first[0])
    for side in (0.45, -0.45):
        back = (start[0] - 11 * math.cos(turn + side), start[1] - 11 * math.sin(turn + side))
        canvas.line([start, back], ink, width)


def _angle(canvas: Canvas, corner: list[Point], label: str, style: dict[str, Any]) -> None:
    first, at, last = corner
    turns = sorted(math.degrees(math.atan2(point[1] - at[1], point[0] - at[0])) % 360 for point in (first, last))
    start, end = turns if turns[1] - turns[0] <= 180 else (turns[1], turns[0] + 360)
    wide = max(end - start, 8.0)
    canvas.arc(at, ANGLE_RADIUS, start, end, style["ink"], style["width"] * 0.7)
    half = math.radians((start + end) / 2)
    _, _, across, down = canvas.text_box((0, 0), label, size=style["text"], face=style["face"], anchor="la")
    room = (across / 2 + style["text"] * 0.4) / math.sin(math.radians(min(wide, 120) / 2))
    clear = ANGLE_RADIUS + 6 + abs(math.cos(half)) * across / 2 + abs(math.sin(half)) * down / 2
    far = max(clear, min(room, 4.2 * ANGLE_RADIUS))
    middle = (at[0] + far * math.cos(half), at[1] + far * math.sin(half))
    canvas.text(middle, label, style["ink"], size=style["text"], face=style["face"])


def _beside(
    canvas: Canvas, ends: tuple[Point, Point], inner: Point, mark: dict[str, Any], style: dict[str, Any]
) -> None:
    """The label on the side away from a point; with `span`, a line with end marks says how far it reaches."""
    first, last = ends
    place = mark.get("share", 0.5)
    middle = (first[0] + (last[0] - first[0]) * place, first[1] + (last[1] - first[1]) * place)
    across = (first[1] - last[1], last[0] - first[0])
    if (inner[0] - middle[0]) * across[0] + (inner[1] - middle[1]) * across[1] > 0:
        across = (-across[0], -across[1])
    unit = _toward((0, 0), across, 1)
    away = 8.0
    if mark.get("span"):
        away += SPAN
        lines = [[(x + unit[0] * far, y + unit[1] * far) for far in (SPAN - 5, SPAN, SPAN + 5)] for x, y in ends]
        for line in [*lines, [lines[0][1], lines[1][1]]]:
            canvas.line(line, style["ink"], 1.0)
    _, _, right, bottom = canvas.text_box((0, 0), mark["label"], size=style["text"], face=style["face"], anchor="la")
    far = away + abs(unit[0]) * right / 2 + abs(unit[1]) * bottom / 2
    at = (middle[0] + unit[0] * far, middle[1] + unit[1] * far)
    canvas.text(at, mark["label"], style["ink"], size=style["text"], face=style["face"])


def _name(canvas: Canvas, point: Point, others: list[Point], name: str, style: dict[str, Any]) -> None:
    """In the middle of the widest angle without a line."""
    turns = sorted(math.atan2(y - point[1], x - point[0]) for x, y in others)
    gaps = [(after - before, before) for before, after in zip(turns, [*turns[1:], turns[0] + 2 * math.pi], strict=True)]
    gap, before = max(gaps)
    turn = before + gap / 2
    far = style["text"] * 1.0
    at = (point[0] + far * math.cos(turn), point[1] + far * math.sin(turn))
    canvas.text(at, name, style["ink"], size=style["text"], face=style["names"])

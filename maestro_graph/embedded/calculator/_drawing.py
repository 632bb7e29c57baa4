"""Drawings with labels: which side or corner a label belongs to, and what follows for the asked quantity."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._evaluate import evaluate, symbol, sympify_fraction
from maestro_graph.embedded.calculator._format import Outcome, Style, write_value
from maestro_graph.embedded.calculator._labels import Label, Written
from maestro_graph.embedded.calculator._parser import parse
from maestro_graph.embedded.calculator._relations import scenes, solve_unknown

if TYPE_CHECKING:
    from maestro_graph.embedded.calculator._outline import Outline
    from maestro_graph.images import MaestroImage

__all__ = ["solve_drawing"]

Expr = Any
Point = tuple[float, float]

_ANGLE = re.compile(r"\bangles?\b|°", re.IGNORECASE)
_MEASURES = {
    "area": re.compile(r"\barea\b", re.IGNORECASE),
    "perimeter": re.compile(r"\bperimeter\b|distance around", re.IGNORECASE),
    "circumference": re.compile(r"\bcircumference\b", re.IGNORECASE),
    "diameter": re.compile(r"\bdiameter\b", re.IGNORECASE),
    "radius": re.compile(r"\bradius\b", re.IGNORECASE),
    "hypotenuse": re.compile(r"\bhypotenuse\b|\blongest side\b", re.IGNORECASE),
    "diagonal": re.compile(r"\bdiagonal\b", re.IGNORECASE),
    "side": re.compile(r"\bsides?\b|\blegs?\b|\blength\b|\bhow long\b|\bx\b|\?|\bmissing\b|\bunknown\b", re.IGNORECASE),
}
_IN_DEGREES = re.compile(r"\bin degrees\b|\bhow many degrees\b|\bnumber of degrees\b", re.IGNORECASE)
_RIGHT = re.compile(
    r"\bright[- ](?:angled? )?triangle|\bright-angled\b|\bhypotenuse\b|\bpythagor|\blegs?\b", re.IGNORECASE
)
SCALE_TOLERANCE = 5.0  # degrees by which a drawn angle may differ from its label and still be "to scale"
RIGHT_TOLERANCE = 3.0
ALIKE = 0.025  # by which two sides that are drawn equal may differ


@dataclass(frozen=True, slots=True)
class _Drawing:
    outline: Outline | None
    rays: list[tuple[Point, list[float]]]
    line_count: int
    ink: Any

    @property
    def mask(self) -> Any:
        return self.ink.drawn

    @property
    def scale(self) -> float:
        return float(self.ink.scale)


def solve_drawing(
    question: str,
    labels: Sequence[Label],
    rest: Sequence[Written],
    lines: Sequence[Written],
    image: MaestroImage,
    style: Style,
) -> Outcome | None:
    """The asked angle, side, area … of the drawing; `None` where its labels do not determine it."""
    if any(len(item.text.split()) > 8 for item in rest):
        return None
    drawing = _look(lines, image)
    asked = next((name for name, pattern in _MEASURES.items() if pattern.search(question)), None)
    about_angle = _ANGLE.search(question) is not None or (asked == "side" and _unknown_is_angle(labels))
    if about_angle and asked not in ("area", "perimeter", "circumference"):
        return _angle(labels, drawing, _as_asked(question, labels, style))
    if asked is None or drawing.outline is None:
        return None
    if drawing.outline.circle is not None:
        return _circle(asked, labels, drawing, style)
    return _polygon(asked, labels, drawing, style, right=_RIGHT.search(question) is not None)


def _as_asked(question: str, labels: Sequence[Label], style: Style) -> Style:
    """An angle without its sign where the question names the unit, or the figure writes it behind the unknown."""
    signed = any(label.expression and label.degrees for label in labels)
    return replace(style, plain=signed or _IN_DEGREES.search(question) is not None)


def _unknown_is_angle(labels: Sequence[Label]) -> bool:
    return any(label.degrees for label in labels) and not any(
        label.value is not None and not label.degrees for label in labels
    )


def _look(lines: Sequence[Written], image: MaestroImage) -> _Drawing:
    import numpy as np

    from maestro_graph.embedded.calculator._outline import ink_of, lines_of, meeting_points, outline_of

    ink = ink_of(np.asarray(image.rgb()), [item.box for item in lines])
    strokes = lines_of(ink.strokes, ink.scale)
    slack = 0.02 * max(image.width, image.height)
    return _Drawing(outline_of(ink.drawn, ink.scale), meeting_points(strokes[:12], slack), len(strokes), ink)


# Angles


def _angle(labels: Sequence[Label], drawing: _Drawing, style: Style) -> Outcome | None:
    plain = [label for label in labels if label.degrees or (label.unit is None and not label.name)]
    signed = [label for label in plain if label.degrees or label.expression]
    for angles in (plain, signed) if len(signed) not in (0, len(plain)) else (plain,):
        known = [_mended(label) for label in angles if label.value is not None]
        unknown = [label for label in angles if label.expression]
        if len({re.sub(r"[^a-zα-ω?]", "", label.expression) for label in unknown}) > 1:
            continue
        outcome = _by_polygon(known, unknown, drawing, style)
        if outcome is None and unknown:
            outcome = _by_scale(known, unknown, drawing, style)
        if outcome is not None:
            return outcome
    return None


def _mended(label: Label) -> Label:
    """`500` in a figure of angles is 50°, its sign read as a nought."""
    value = label.value
    if value is not None and value > 180 and value % 10 == 0:
        return replace(label, value=value / 10, degrees=True)
    return label


def _by_polygon(known: Sequence[Label], unknown: Sequence[Label], drawing: _Drawing, style: Style) -> Outcome | None:
    """All interior angles of a polygon but one are labelled."""
    outline = drawing.outline
    if outline is None or not 3 <= len(outline.corners) <= 8 or any(len(rays) > 2 for _, rays in drawing.rays):
        return None
    corners = len(outline.corners)
    if drawing.line_count > corners + 1 or not all(
        _inside(label.center, outline.corners) for label in [*known, *unknown]
    ):
        return None
    taken = {_nearest(label.center, outline.corners) for label in [*known, *unknown]}
    if len(taken) != len(known) + len(unknown):
        return None
    right = [
        index
        for index, degrees in enumerate(outline.angles())
        if index not in taken and abs(degrees - 90) < RIGHT_TOLERANCE and _has_mark(outline, index, drawing)
    ]
    if len(taken) + len(right) + (0 if unknown else 1) != corners:
        return None  # a lone "x" is easily overlooked: then the corner without a label is the unknown one
    total = 180 * (corners - 2) - 90 * len(right)
    value = _solve_sum(unknown, total - sum((label.value or Fraction(0) for label in known), Fraction(0)))
    if value is None:
        return None
    confidence = (0.93 if _agrees(known, outline) else 0.85) - (0.0 if unknown else 0.1)
    parts = " + ".join([*(str(label.value) for label in known), *(["90"] * len(right))])
    working = f"the angles of a figure with {corners} corners add up to {180 * (corners - 2)}; known: {parts}"
    return Outcome(write_value(value, "degree", style), working, confidence)


def _solve_sum(unknown: Sequence[Label], total: Fraction) -> Expr | None:
    """The unknown where the labels with it add up to `total`."""
    import sympy

    if total <= 0:
        return None
    if not unknown or (len(unknown) == 1 and len(unknown[0].expression) == 1):
        return sympify_fraction(total)
    letters = {letter for label in unknown for letter in re.findall(r"[a-z]", label.expression)}
    if len(letters) != 1:
        return None
    letter = letters.pop()
    left = sum(evaluate(parse(label.expression, variables=True)).number for label in unknown)
    found = sympy.solve(left - sympify_fraction(total), symbol(letter))
    return found[0] if len(found) == 1 and found[0].is_positive else None


def _agrees(known: Sequence[Label], outline: Outline) -> bool:
    drawn = outline.angles()
    return all(
        abs(drawn[_nearest(label.center, outline.corners)] - float(label.value or 0)) < SCALE_TOLERANCE
        for label in known
    )


def _by_scale(known: Sequence[Label], unknown: Sequence[Label], drawing: _Drawing, style: Style) -> Outcome | None:
    """Lines that cross, a straight line, parallels: the relation that fits the drawing, if it is to scale."""
    if len(unknown) != 1 or len(unknown[0].expression) != 1 or not 1 <= len(known) <= 3:
        return None
    sectors = [_sector(label, drawing) for label in known]
    target = _sector(unknown[0], drawing)
    if target is None or any(sector is None for sector in sectors):
        return None
    for label, sector in zip(known, sectors, strict=True):
        if sector is not None and abs(sector - float(label.value or 0)) > SCALE_TOLERANCE:
            return None
    values = [label.value for label in known if label.value is not None]
    fitting = {
        value: why
        for value, why in _candidates(values, drawing.outline).items()
        if abs(float(value) - target) < SCALE_TOLERANCE
    }
    if len(fitting) != 1:
        return None
    value, why = next(iter(fitting.items()))
    return Outcome(write_value(sympify_fraction(value), "degree", style), f"{why}, as drawn", 0.8)


def _candidates(values: Sequence[Fraction], outline: Outline | None) -> dict[Fraction, str]:
    """What may follow from labelled angles alone; the drawing decides which of it does."""
    total = sum(values, Fraction(0))
    found = {
        Fraction(180) - total: "together with the labelled angles a straight angle",
        Fraction(90) - total: "together with the labelled angles a right angle",
        Fraction(360) - total: "together with the labelled angles a full turn",
    }
    if len(values) == 1:
        found = _of_one_angle(values[0], outline) | found
    if len(values) == 2:
        found[total] = "exterior angle: the sum of the two labelled ones"
        found[abs(values[0] - values[1])] = "difference of the labelled angles"
    return {value: why for value, why in found.items() if 0 < value < 360}


def _of_one_angle(value: Fraction, outline: Outline | None) -> dict[Fraction, str]:
    found: dict[Fraction, str] = {}
    if outline is not None and _two_sides_alike(outline):
        found[180 - 2 * value] = "at the tip of a triangle with two equal sides"
        found[(180 - value) / 2] = "at the base of a triangle with two equal sides"
    if outline is not None and outline.circle is not None:
        found[value / 2] = "at the circle, half of the angle at its centre"
        found[2 * value] = "at the centre, twice the angle at the circle"
    return found | {value: "equal to the labelled angle"}


def _two_sides_alike(outline: Outline) -> bool:
    lengths = sorted(math.dist(*side) for side in outline.sides())
    return len(lengths) == 3 and any(long < (1 + ALIKE) * short for short, long in pairwise(lengths))


def _sector(label: Label, drawing: _Drawing) -> float | None:
    """The drawn angle in which a label stands, degrees."""
    if not drawing.rays:
        return None
    x, y = label.center
    point, rays = min(drawing.rays, key=lambda item: math.dist(item[0], (x, y)))
    if len(rays) < 2:
        return None
    towards = math.degrees(math.atan2(y - point[1], x - point[0])) % 360
    for first, second in zip(rays, [*rays[1:], rays[0] + 360], strict=True):
        if first <= towards <= second or first <= towards + 360 <= second:
            size = second - first
            return size if len(rays) > 2 or size < 180 else 360 - size
    return None


# Sides


def _circle(asked: str, labels: Sequence[Label], drawing: _Drawing, style: Style) -> Outcome | None:
    lengths = [label for label in labels if label.value is not None and not label.degrees]
    outline = drawing.outline
    if len(lengths) != 1 or outline is None or outline.circle is None:
        return None
    label = lengths[0]
    given = {"r": "radius", "radius": "radius", "d": "diameter", "diameter": "diameter", "c": "circumference"}.get(
        label.name
    )
    given = given or _drawn_line(outline.circle, drawing)
    wanted = {"perimeter": "circumference", "side": "radius" if given == "diameter" else "diameter"}.get(asked, asked)
    if given is None or wanted not in ("area", "circumference", "radius", "diameter"):
        return None
    return _relation("circle", {given: label}, wanted, style)


def _drawn_line(circle: tuple[float, float, float], drawing: _Drawing) -> str | None:
    """Whether the line in the circle is a radius or a diameter, by how much of the horizontal or any chord is inked."""
    import cv2
    import numpy as np

    x, y, radius = (value * drawing.scale for value in circle)
    inner = np.zeros_like(drawing.ink.strokes)
    cv2.circle(inner, (round(x), round(y)), max(1, round(radius * 0.9)), 255, -1)
    points = cv2.findNonZero(cv2.bitwise_and(drawing.ink.strokes, inner))
    if points is None:
        return None
    offsets = points.reshape(-1, 2) - np.array([x, y])
    reach = np.hypot(offsets[:, 0], offsets[:, 1]) > 0.5 * radius
    if int(reach.sum()) < 5 or int(reach.sum()) > 0.2 * int(inner.sum() // 255):
        return None
    far = np.degrees(np.arctan2(offsets[reach, 1], offsets[reach, 0])) % 360
    main = float(np.median(far)) if np.ptp(far) < 180 else float(far[0])
    turn = np.abs((far - main + 180) % 360 - 180)
    opposite = float((turn > 150).mean())
    along = float((turn < 30).mean())
    if along + opposite < 0.9:
        return None
    return "diameter" if min(along, opposite) > 0.2 else "radius" if max(along, opposite) > 0.9 else None


def _polygon(asked: str, labels: Sequence[Label], drawing: _Drawing, style: Style, *, right: bool) -> Outcome | None:
    outline = drawing.outline
    if outline is None:
        return None
    lengths = [label for label in labels if not label.degrees]
    sides = outline.sides()
    on_side: dict[int, Label] = {}
    loose: list[Label] = []
    for label in lengths:
        index = _side_of(label, sides)
        if index is None or index in on_side:
            loose.append(label)
        else:
            on_side[index] = label
    if len(sides) == 3:
        return _triangle(asked, on_side, loose, drawing, style, right=right)
    if len(sides) == 4 and all(abs(degrees - 90) < RIGHT_TOLERANCE * 1.5 for degrees in outline.angles()):
        return _rectangle(asked, on_side, loose, outline, style)
    if asked == "perimeter" and len(on_side) == len(sides) and not loose:
        return _sum_of_sides(list(on_side.values()), style)
    if asked == "perimeter" and len(lengths) == 1 and len(sides) >= 5 and _regular(outline):
        label = lengths[0]
        return _sum_of_sides([label] * len(sides), style)
    return None


def _regular(outline: Outline) -> bool:
    lengths = [math.dist(*side) for side in outline.sides()]
    return max(lengths) < 1.1 * min(lengths)


def _triangle(
    asked: str, on_side: dict[int, Label], loose: Sequence[Label], drawing: _Drawing, style: Style, *, right: bool
) -> Outcome | None:
    """A triangle's sides; `right`: the question calls it a right one, so that the corner needs no mark."""
    outline = drawing.outline
    if outline is None:
        return None
    known = {index: label for index, label in on_side.items() if label.value is not None}
    if asked == "perimeter" and len(known) == 3 and not loose:
        return _sum_of_sides(list(known.values()), style)
    square = [
        index
        for index, degrees in enumerate(outline.angles())
        if abs(degrees - 90) < RIGHT_TOLERANCE and (right or _has_mark(outline, index, drawing))
    ]
    if len(square) != 1:
        return _with_height(asked, known, loose, outline, style)
    corner = square[0]
    names = {(corner - 1) % 3: "leg_a", corner: "leg_b", (corner + 1) % 3: "hypotenuse"}
    given = {names[index]: label for index, label in known.items()}
    unlabelled = [name for name in ("leg_a", "leg_b", "hypotenuse") if name not in given]
    if asked in ("area", "perimeter", "hypotenuse"):
        return _relation("right triangle", given, asked, style)
    asked_sides = [names[index] for index, label in on_side.items() if label.expression]
    wanted = asked_sides or unlabelled
    if asked == "side" and len(wanted) == 1 and len(given) == 2:
        return _relation("right triangle", given, wanted[0], style)
    return None


def _with_height(
    asked: str, known: dict[int, Label], loose: Sequence[Label], outline: Outline, style: Style
) -> Outcome | None:
    """A triangle with its altitude drawn inside: area by base and height."""
    if asked != "area" or len(loose) != 1 or loose[0].value is None or len(known) not in (1, 3):
        return None
    flattest = min(range(3), key=lambda index: _slope(outline.sides()[index]))
    base = known.get(flattest)
    if base is None or not _inside(loose[0].center, outline.corners):
        return None
    return _relation("triangle", {"base": base, "height": loose[0]}, "area", style)


def _slope(side: tuple[Point, Point]) -> float:
    return abs(side[1][1] - side[0][1]) / max(math.dist(*side), 1e-9)


def _rectangle(
    asked: str, on_side: dict[int, Label], loose: Sequence[Label], outline: Outline, style: Style
) -> Outcome | None:
    if any(label.value is None for label in on_side.values()) or not on_side:
        return None
    first = [label for index, label in on_side.items() if index % 2 == 0]
    second = [label for index, label in on_side.items() if index % 2 == 1]
    if any(len({(label.value, label.unit) for label in pair}) > 1 for pair in (first, second)):
        return None
    wanted = {"side": "diagonal" if loose else ""}.get(asked, asked)
    if wanted not in ("area", "perimeter", "diagonal") or any(label.value is not None for label in loose):
        return None
    if first and second:
        return _relation("rectangle", {"length": first[0], "width": second[0]}, wanted, style)
    if _regular(outline):
        return _relation("square", {"side": (first or second)[0]}, wanted, style)
    return None


def _sum_of_sides(labels: Sequence[Label], style: Style) -> Outcome | None:
    units = {label.unit for label in labels}
    if len(units) != 1:
        return None
    total = sum((label.value or Fraction(0) for label in labels), Fraction(0))
    unit = units.pop()
    symbol_text = None if unit is None else _units.unit(unit).symbol
    working = " + ".join(str(label.value) for label in labels)
    return Outcome(write_value(sympify_fraction(total), symbol_text, style), f"perimeter = {working}", 0.9)


def _relation(scene_name: str, given: dict[str, Label], wanted: str, style: Style) -> Outcome | None:
    scene = next(item for item in scenes() if item.name == scene_name)
    units = {label.unit for label in given.values() if label.unit is not None}
    if len(units) > 1 or not given:
        return None
    known = {slot: sympify_fraction(label.value) for slot, label in given.items() if label.value is not None}
    if len(known) != len(given) or solve_unknown(scene.relations, scene.names, known, wanted) is None:
        return None
    power = {"area": "²"}.get(wanted, "")
    unit = None if not units else _units.unit(units.pop()).symbol + power
    steps = ", ".join(f"{slot} = {label.text}" for slot, label in given.items())
    return Outcome(write_value(known[wanted], unit, style), f"{scene_name} with {steps}: {wanted}", 0.88)


def _side_of(label: Label, sides: Sequence[tuple[Point, Point]]) -> int | None:
    """The side beside whose middle the label stands, `None` where it stands by none."""
    height = label.box[3] - label.box[1]
    width = label.box[2] - label.box[0]
    best: tuple[float, int] | None = None
    for index, (start, end) in enumerate(sides):
        length = math.dist(start, end)
        if length == 0:
            continue
        along = (
            (label.center[0] - start[0]) * (end[0] - start[0]) + (label.center[1] - start[1]) * (end[1] - start[1])
        ) / length**2
        if not 0.12 < along < 0.88:
            continue
        foot = (start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1]))
        dx, dy = abs(label.center[0] - foot[0]), abs(label.center[1] - foot[1])
        gap = math.hypot(max(0.0, dx - width / 2), max(0.0, dy - height / 2))
        if gap < max(2.0 * height, 0.12 * length) and (best is None or gap < best[0]):
            best = (gap, index)
    return None if best is None else best[1]


def _nearest(point: Point, corners: Sequence[Point]) -> int:
    return min(range(len(corners)), key=lambda index: math.dist(point, corners[index]))


def _inside(point: Point, corners: Sequence[Point]) -> bool:
    import cv2
    import numpy as np

    return bool(cv2.pointPolygonTest(np.array(corners, np.float32).reshape(-1, 1, 2), point, False) >= 0)


def _has_mark(outline: Outline, index: int, drawing: _Drawing) -> bool:
    """Whether the corner holds a right-angle mark: two short strokes that close a small square with the sides."""
    import cv2
    import numpy as np

    corner = np.array(outline.corners[index])
    before = np.array(outline.corners[index - 1]) - corner
    after = np.array(outline.corners[(index + 1) % len(outline.corners)]) - corner
    shortest = min(float(np.hypot(*before)), float(np.hypot(*after)))
    u, v = before / np.hypot(*before), after / np.hypot(*after)
    mask = cv2.dilate(drawing.ink.strokes, np.ones((3, 3), np.uint8))
    height, width = mask.shape

    def inked(a: float, b: float) -> bool:
        x, y = (corner + a * u + b * v) * drawing.scale
        return bool(0 <= round(y) < height and 0 <= round(x) < width and mask[round(y), round(x)])

    along = np.linspace(0.35, 0.95, 9)
    least = 5 / drawing.scale
    for size in np.arange(least, 0.4 * shortest, 0.5 / drawing.scale):
        first = sum(inked(size, step * size) for step in along)
        second = sum(inked(step * size, size) for step in along)
        hollow = not inked(0.5 * size, 0.5 * size) or not inked(1.4 * size, 1.4 * size)
        if first >= 8 and second >= 8 and hollow:
            return True
    return False

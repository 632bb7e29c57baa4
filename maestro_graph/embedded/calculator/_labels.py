"""What is written in a figure: sums and equations, angles, lengths, unknowns, and lines of text that only accompany."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._numbers import clean
from maestro_graph.embedded.calculator._parser import NotAnExpression, parse

__all__ = ["Label", "Written", "is_stroke", "labels_of", "rows_of"]

Box = tuple[float, float, float, float]

_DEGREE = re.compile(r"^(?P<body>.+?)\s*(?:°|deg(?:rees?)?)$", re.IGNORECASE)
_MEASURE = re.compile(
    r"^(?:(?P<name>[A-Za-z]{1,9})\s*[=:]\s*)?(?P<number>\d+(?:[.,]\d+)?(?:/\d+)?)\s*(?P<unit>[A-Za-zµ\"']{1,12}\.?)?$"
)
_UNKNOWN = re.compile(
    r"^(?:(?P<name>[A-Za-z])\s*=\s*)?(?:\?+|(?P<letter>[a-zXαβγθ]))\s*(?:°|(?P<unit>cm|mm|m|km|in|ft))?$"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A line of text as it was read, with its box."""

    text: str
    box: Box

    @property
    def center(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a figure.

    Attributes:
        text: as written.
        box: where, pixels.
        value: the number, `None` for an unknown or an expression.
        degrees: it has a degree sign.
        unit: full name of its unit, if any.
        name: what stands before "=" ("r = 5").
        expression: text of the expression, for unknowns and expressions in an unknown ("2x + 10").
    """

    text: str
    box: Box
    value: Fraction | None = None
    degrees: bool = False
    unit: str | None = None
    name: str = ""
    expression: str = ""

    @property
    def center(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def is_stroke(text: str) -> bool:
    """Whether the "text" is a drawn line that was read as letters: `wwwwwwww`, `----`."""
    letters = text.replace(" ", "")
    return not letters.strip("-_=—–|/\\~.'`一") or (len(letters) > 5 and len(set(letters.lower())) <= 2)


def labels_of(lines: Sequence[Written]) -> tuple[list[Label], list[Written]]:
    """The labels among the lines, and the lines that are none (titles, names of corners)."""
    labels: list[Label] = []
    rest: list[Written] = []
    for line in _joined(lines):
        label = _label(line)
        if label is None:
            rest.append(line)
        else:
            labels.append(label)
    return labels, rest


def _joined(lines: Sequence[Written]) -> list[Written]:
    """A number and the unit beside it that were read as two."""
    merged: list[Written] = []
    for line in sorted(lines, key=lambda item: item.box[0]):
        unit = _units.find(line.text.strip().rstrip("."))
        left = next((item for item in merged if unit is not None and _beside(item, line)), None)
        if left is None:
            merged.append(line)
        else:
            merged.remove(left)
            box = (left.box[0], min(left.box[1], line.box[1]), line.box[2], max(left.box[3], line.box[3]))
            merged.append(Written(f"{left.text} {line.text}", box))
    return merged


def _beside(number: Written, unit: Written) -> bool:
    height = number.box[3] - number.box[1]
    gap = unit.box[0] - number.box[2]
    level = abs(unit.center[1] - number.center[1]) < 0.5 * height
    return level and -0.3 * height < gap < height and re.fullmatch(r"\d+(?:[.,]\d+)?", number.text.strip()) is not None


def _label(line: Written) -> Label | None:
    text = clean(line.text).strip(" .,;")
    degrees = _DEGREE.match(text)
    body = degrees.group("body").strip() if degrees else text
    if match := _UNKNOWN.match(text):
        letter = match.group("letter") or match.group("name") or "?"
        return Label(line.text, line.box, degrees=bool(degrees), expression=letter.lower())
    if match := _MEASURE.match(body):
        return _measured(line, match, bool(degrees))
    if 2 <= len(body) <= 16 and re.search(r"\d", body) and re.search(r"[a-z]", body) and "=" not in body:
        try:
            parse(body, variables=True)
        except NotAnExpression:
            return None
        if len(set(re.findall(r"[a-z]", body))) == 1:
            return Label(line.text, line.box, degrees=bool(degrees), expression=body)
    return None


def _measured(line: Written, match: re.Match[str], degrees: bool) -> Label | None:
    unit_text = (match.group("unit") or "").rstrip(".")
    value = Fraction(match.group("number").replace(",", "."))
    name = (match.group("name") or "").lower()
    if unit_text in ("o", "O", "'", '"') and not degrees:
        return Label(line.text, line.box, value, True, None, name)  # a degree sign that was read as a letter
    if not unit_text:
        return Label(line.text, line.box, value, degrees, None, name)
    unit = _units.find(unit_text) or _units.find(unit_text.lower())
    if unit is None and len(unit_text) > 2:
        unit = _units.find(unit_text[:-1])  # a stroke of the figure that was read as a letter
    if unit is not None:
        return Label(line.text, line.box, value, degrees or unit.name == "degree", unit.name, name)
    if len(unit_text) == 1 and unit_text.islower():
        return Label(line.text, line.box, degrees=degrees, expression=match.group("number") + unit_text)
    return None


def rows_of(lines: Sequence[Written]) -> list[str]:
    """The lines joined to rows of text, top to bottom, left to right."""
    rows: list[list[Written]] = []
    for line in sorted(lines, key=lambda item: item.center[1]):
        height = line.box[3] - line.box[1]
        if rows and abs(line.center[1] - rows[-1][-1].center[1]) < 0.5 * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [" ".join(item.text for item in sorted(row, key=lambda item: item.box[0])) for row in rows]

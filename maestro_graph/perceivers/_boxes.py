"""Boxes that a model wrote: parsed as data, never evaluated, always inside the picture."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Json

__all__ = ["Box", "Coordinates", "described", "parse_boxes"]

Coordinates = Literal["auto", "absolute", "relative", "thousandths"]
"""How a model writes coordinates: pixels, 0 to 1, 0 to 1000, or to be told from the numbers."""

MAX_BOXES = 1000
MAX_STARTS = 200
XY_KEYS = ("bbox_2d", "bbox", "box", "xyxy", "bounding_box")
YX_KEYS = ("box_2d",)  # Gemini's order: top, left, bottom, right
LABEL_KEYS = ("label", "name", "class", "text", "description")


@dataclass(frozen=True, slots=True)
class Box:
    """A region in pixels: `left < right <= width`, `top < bottom <= height` of its picture."""

    left: float
    top: float
    right: float
    bottom: float
    label: str = ""

    def to_json(self) -> dict[str, Json]:
        return {
            "left": self.left,
            "top": self.top,
            "right": self.right,
            "bottom": self.bottom,
            "label": self.label,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Box:
        return cls(
            float(data["left"]), float(data["top"]), float(data["right"]), float(data["bottom"]), str(data["label"])
        )


def parse_boxes(text: str, width: int, height: int, *, coordinates: Coordinates = "auto") -> tuple[Box, ...]:
    """Read the boxes in a model's reply.

    Takes the first JSON value in the text (also in a code fence) that holds boxes: lists of four numbers, or objects
    with `bbox_2d`, `bbox`, `box` … (left, top, right, bottom) or `box_2d` (top, left, bottom, right) and a label.
    Swapped corners are put right, what lies outside is clamped, what is empty then is dropped. An empty list is an
    answer: there is nothing.

    Args:
        text: the reply.
        width, height: of the picture, in pixels.
        coordinates: how the model writes them. `auto` takes numbers up to 1 as relative, numbers beyond the picture
            but not beyond 1000 as thousandths, all others as pixels.

    Raises:
        CallFailure: `unusable`, if there are no boxes to be read.
    """
    for value in _json_values(text):
        found = list(_walk(value, ""))
        if found or value == []:
            numbers = [number for corners, _ in found for number in corners]
            x_unit, y_unit = _units(numbers, width, height, coordinates)
            boxes = (_placed(corners, label, x_unit, y_unit, width, height) for corners, label in found[:MAX_BOXES])
            return tuple(box for box in boxes if box is not None)
    raise CallFailure("unusable", f"the reply holds no boxes as JSON: {text[:120]!r}")


def _json_values(text: str) -> Iterator[Any]:
    """Every JSON array or object that begins somewhere in the text, outermost first."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    at, starts = 0, 0
    while starts < MAX_STARTS:
        candidates = [place for place in (text.find("[", at), text.find("{", at)) if place >= 0]
        if not candidates:
            return
        at, starts = min(candidates), starts + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield value
        at = end


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no coordinate")


def _walk(value: Any, label: str) -> Iterator[tuple[tuple[float, float, float, float], str]]:
    """All boxes in a JSON value, as (left, top, right, bottom) in the model's units."""
    if isinstance(value, dict):
        own = next((str(value[key])[:200] for key in LABEL_KEYS if isinstance(value.get(key), str)), label)
        for key, inner in value.items():
            corners = _corners(inner)
            if corners is not None and key in YX_KEYS:
                top, left, bottom, right = corners
                yield (left, top, right, bottom), own
            elif corners is not None and key in XY_KEYS:
                yield corners, own
            elif isinstance(inner, (list, dict)) and corners is None:
                yield from _walk(inner, own)
    elif isinstance(value, list):
        corners = _corners(value)
        if corners is not None:
            yield corners, label
        else:
            for inner in value:
                yield from _walk(inner, label)


def _corners(value: Any) -> tuple[float, float, float, float] | None:
    if not (isinstance(value, list) and len(value) == 4):
        return None
    numbers: list[float] = []
    for item in value:
        if isinstance(item, bool) or not isinstance(item, (int, float)) or abs(item) > 1e9 or not math.isfinite(item):
            return None
        numbers.append(float(item))
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _units(numbers: list[float], width: int, height: int, coordinates: Coordinates) -> tuple[float, float]:
    """Pixels for one unit of the model's x and y."""
    if coordinates == "auto":
        largest = max((abs(number) for number in numbers), default=0.0)
        if largest <= 1.0:
            coordinates = "relative"
        elif max(width, height) < largest <= 1000.0:
            coordinates = "thousandths"
    if coordinates == "relative":
        return float(width), float(height)
    if coordinates == "thousandths":
        return width / 1000.0, height / 1000.0
    return 1.0, 1.0


def _placed(
    corners: tuple[float, float, float, float], label: str, x_unit: float, y_unit: float, width: int, height: int
) -> Box | None:
    """The box in pixels, corners in order, inside the picture; `None` if nothing of it is."""
    xs = sorted(min(max(x * x_unit, 0.0), float(width)) for x in (corners[0], corners[2]))
    ys = sorted(min(max(y * y_unit, 0.0), float(height)) for y in (corners[1], corners[3]))
    if xs[1] <= xs[0] or ys[1] <= ys[0]:
        return None
    return Box(xs[0], ys[0], xs[1], ys[1], label)


def described(boxes: Sequence[Box]) -> str:
    """Boxes in words, for prompts."""
    if not boxes:
        return "nothing was found"
    return "\n".join(
        f"{number}. {box.label or 'object'} at [{box.left:.0f}, {box.top:.0f}, {box.right:.0f}, {box.bottom:.0f}]"
        for number, box in enumerate(boxes, start=1)
    )

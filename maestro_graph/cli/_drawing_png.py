"""A drawing as PNG, by Pillow with the font that it ships."""

from __future__ import annotations

import io
import itertools

from PIL import Image, ImageDraw, ImageFont

from maestro_graph.cli._drawing import LINE, NOTE_SIZE, TITLE_SIZE, Arrow, Box, Curve, Drawing, Point
from maestro_graph.cli._drawing_svg import arrow_head, first_line

__all__ = ["to_png"]

SCALE = 2
SMOOTH = 2  # drawn larger by this, then scaled down
STEPS = 96
DASH, DASH_GAP = 6.0, 4.0
PAGE, FILL, EDGE, INK, QUIET, LINES = "#ffffff", "#eef3fb", "#2f5aa8", "#16233a", "#4a5a72", "#5b6b82"


def to_png(drawing: Drawing) -> bytes:
    """The drawing at twice its size, for sharp screens."""
    factor = SCALE * SMOOTH
    size = (round(drawing.width * factor), round(drawing.height * factor))
    picture = Image.new("RGB", size, PAGE)
    pen = _Pen(ImageDraw.Draw(picture), factor)
    for arrow in drawing.arrows:
        pen.arrow(arrow)
    for box in drawing.boxes:
        pen.box(box)
    small = picture.resize((size[0] // SMOOTH, size[1] // SMOOTH), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


class _Pen:
    """Draws in units of the drawing."""

    def __init__(self, draw: ImageDraw.ImageDraw, factor: float) -> None:
        self._draw, self._factor = draw, factor
        self._title = ImageFont.load_default(TITLE_SIZE * factor)
        self._note = ImageFont.load_default(NOTE_SIZE * factor)

    def arrow(self, arrow: Arrow) -> None:
        points = [_at(arrow.points, step / STEPS) for step in range(STEPS + 1)]
        for run in _dashes(points) if arrow.dashed else [points]:
            self._draw.line([self._scaled(p) for p in run], fill=LINES, width=round(1.8 * self._factor), joint="curve")
        self._draw.polygon([self._scaled(p) for p in arrow_head(arrow)], fill=LINES)

    def box(self, box: Box) -> None:
        corners = (*self._scaled((box.x, box.y)), *self._scaled((box.x + box.width, box.y + box.height)))
        middle = box.x + box.width / 2
        if box.kind == "node":
            self._draw.rounded_rectangle(
                corners, radius=9 * self._factor, fill=FILL, outline=EDGE, width=round(1.6 * self._factor)
            )
            y = first_line(box)
            self._text((middle, y), box.title, INK, title=True)
            for number, note in enumerate(box.notes, 1):
                self._text((middle, y + number * NOTE_SIZE * LINE + 2), note, QUIET)
            return
        if box.kind == "start":
            self._draw.ellipse(corners, fill=LINES)
        else:
            self._draw.ellipse(corners, outline=LINES, width=round(1.8 * self._factor))
            inset = 4 * self._factor
            left, top, right, bottom = corners
            self._draw.ellipse((left + inset, top + inset, right - inset, bottom - inset), fill=LINES)
        self._text((middle, box.y + box.height + 17), box.title, QUIET)

    def _text(self, at: Point, text: str, colour: str, *, title: bool = False) -> None:
        font = self._title if title else self._note
        bold = round(0.35 * self._factor) if title else 0  # the font comes in one weight
        self._draw.text(self._scaled(at), text, fill=colour, font=font, anchor="ms", stroke_width=bold)

    def _scaled(self, point: Point) -> Point:
        return point[0] * self._factor, point[1] * self._factor


def _at(points: Curve, t: float) -> Point:
    """A point of the Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(weight * point[0] for weight, point in zip(weights, points, strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, points, strict=True)),
    )


def _dashes(points: list[Point]) -> list[list[Point]]:
    """The stretches of a line that are drawn when it is dashed."""
    runs: list[list[Point]] = [[]]
    walked = 0.0
    for before, point in itertools.pairwise(points):
        drawn = walked % (DASH + DASH_GAP) < DASH
        if drawn:
            if not runs[-1]:
                runs[-1].append(before)
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
        walked += ((point[0] - before[0]) ** 2 + (point[1] - before[1]) ** 2) ** 0.5
    return [run for run in runs if len(run) > 1]

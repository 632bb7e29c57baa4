"""A canvas with smooth edges: drawn larger with Pillow and made smaller, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from maestro_evaluation.synthetic._fonts import Face, font

__all__ = ["Canvas", "Point"]

Point = tuple[float, float]

FINER = 3
"""Subpixels in a pixel's side."""


class Canvas:
    """Coordinates and widths are in pixels of the finished picture, y downwards."""

    def __init__(self, width: int, height: int, background: str = "white", *, finer: int = FINER) -> None:
        self.width, self.height, self._finer = width, height, finer
        self._image = Image.new("RGB", (width * finer, height * finer), background)
        self._pen = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[Point], colour: str, width: float = 1.0) -> None:
        """A polyline with round ends and joints."""
        scaled = [self._at(point) for point in points]
        thick = max(1, round(width * self._finer))
        self._pen.line(scaled, fill=colour, width=thick)
        if thick > 2:
            for x, y in scaled:
                self._disc(x, y, thick / 2, colour)

    def dashes(self, start: Point, end: Point, colour: str, width: float = 1.0, dash: float = 7.0) -> None:
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        steps = max(1, round(length / dash))
        for step in range(0, steps, 2):
            first, last = step / steps, min(1.0, (step + 1) / steps)
            self.line([_between(start, end, first), _between(start, end, last)], colour, width)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        x, y = self._at(centre)
        self._disc(x, y, radius * self._finer, colour)

    def ring(self, centre: Point, radius: float, colour: str, width: float = 1.0) -> None:
        """A circle's outline; the width lies half inside the radius."""
        self.oval(centre, radius, radius, colour, width)

    def oval(self, centre: Point, across: float, down: float, colour: str, width: float = 1.0) -> None:
        """An ellipse's outline with its two half axes; the width lies half inside them."""
        x, y = self._at(centre)
        thick = max(1, round(width * self._finer))
        a, b = across * self._finer + thick / 2, down * self._finer + thick / 2
        self._pen.ellipse((x - a, y - b, x + a, y + b), outline=colour, width=thick)

    def arc(self, centre: Point, radius: float, start: float, end: float, colour: str, width: float = 1.0) -> None:
        """Part of a circle, clockwise in degrees from three o'clock."""
        x, y = self._at(centre)
        r = (radius + width / 2) * self._finer
        self._pen.arc((x - r, y - r, x + r, y + r), start, end, fill=colour, width=max(1, round(width * self._finer)))

    def polygon(
        self, points: Sequence[Point], *, fill: str | None = None, colour: str | None = None, width: float = 1.0
    ) -> None:
        if fill is not None:
            self._pen.polygon([self._at(point) for point in points], fill=fill)
        if colour is not None:
            self.line([*points, points[0]], colour, width)

    def box(
        self, corner: Point, opposite: Point, *, fill: str | None = None, colour: str | None = None, width: float = 1.0
    ) -> None:
        (left, top), (right, bottom) = corner, opposite
        self.polygon(
            [(left, top), (right, top), (right, bottom), (left, bottom)], fill=fill, colour=colour, width=width
        )

    def text(
        self,
        at: Point,
        text: str,
        colour: str = "black",
        *,
        face: Face = "DejaVuSans",
        size: float = 14.0,
        anchor: str = "mm",
    ) -> None:
        """Text at a point; `anchor` as Pillow has it, by default the middle."""
        self._pen.text(self._at(at), text, fill=colour, font=font(face, size * self._finer), anchor=anchor)

    def text_box(
        self, at: Point, text: str, *, face: Face = "DejaVuSans", size: float = 14.0, anchor: str = "mm"
    ) -> tuple[float, float, float, float]:
        """Left, top, right and bottom that the text would take."""
        found = self._pen.textbbox(self._at(at), text, font=font(face, size * self._finer), anchor=anchor)
        left, top, right, bottom = (side / self._finer for side in found)
        return left, top, right, bottom

    def image(self) -> Image.Image:
        """The finished picture."""
        return self._image.resize((self.width, self.height), Image.Resampling.BOX)

    def _at(self, point: Point) -> Point:
        return point[0] * self._finer, point[1] * self._finer

    def _disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share

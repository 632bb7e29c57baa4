"""Draw the figures with real measures; needs altair, vl-convert-python, pandas and vega_datasets.

python tests/data/pictures/draw_measures.py
"""

from __future__ import annotations

import math
from pathlib import Path

import altair as alt
import pandas as pd
from vega_datasets import data

HERE = Path(__file__).parent
EARTH = 6371  # km
AIRPORTS = ("SEA", "DEN", "MSP")


def frame(chart: alt.LayerChart) -> alt.LayerChart:
    return chart.properties(width=580, height=430).configure_view(stroke=None)


def axis(field: str, low: float, high: float) -> dict[str, alt.X | alt.Y]:
    kind = alt.X if field == "x" else alt.Y
    return {field: kind(f"{field}:Q", axis=None, scale=alt.Scale(domain=[low, high], nice=False))}


def lines(points: list[tuple[float, float]], xs: tuple[float, float], ys: tuple[float, float]) -> alt.Chart:
    table = pd.DataFrame([{"x": x, "y": y, "order": i} for i, (x, y) in enumerate(points)])
    mark = alt.Chart(table).mark_line(color="black", strokeWidth=2.5)
    return mark.encode(order="order", **axis("x", *xs), **axis("y", *ys))


def texts(labels: list[tuple[float, float, str]]) -> alt.Chart:
    table = pd.DataFrame([{"x": x, "y": y, "text": text} for x, y, text in labels])
    return alt.Chart(table).mark_text(fontSize=20).encode(x="x:Q", y="y:Q", text="text")


def pitch() -> None:
    """A football pitch by the Laws of the Game: 105 by 68 metres."""
    outline = lines([(0, 0), (105, 0), (105, 68), (0, 68), (0, 0)], (-20, 125), (-20, 88))
    frame(outline + texts([(52.5, -7, "105"), (113, 34, "68")])).save(HERE / "pitch.png")


def airports() -> None:
    """Seattle, Denver and Minneapolis with their distances in kilometres, from the table of airports."""
    table = data.airports().set_index("iata").loc[list(AIRPORTS)]
    places = {
        n: (float(row.longitude) * math.cos(math.radians(43)), float(row.latitude)) for n, row in table.iterrows()
    }
    corners = [places[name] for name in AIRPORTS]
    middle = (sum(x for x, _ in corners) / 3, sum(y for _, y in corners) / 3)
    labels = []
    for first, second in zip(AIRPORTS, (*AIRPORTS[1:], AIRPORTS[0]), strict=True):
        (x1, y1), (x2, y2) = places[first], places[second]
        away = math.hypot((x1 + x2) / 2 - middle[0], (y1 + y2) / 2 - middle[1])
        out = 1 + 1.1 / away
        x, y = ((a + b) / 2 for a, b in ((x1, x2), (y1, y2)))
        labels.append(
            (middle[0] + out * (x - middle[0]), middle[1] + out * (y - middle[1]), str(distance(table, first, second)))
        )
    xs = (min(x for x, _ in corners) - 3, max(x for x, _ in corners) + 3)
    ys = (min(y for _, y in corners) - 3, max(y for _, y in corners) + 3)
    frame(lines([*corners, corners[0]], xs, ys) + texts(labels)).save(HERE / "airports.png")


def diamond() -> None:
    """Half of a baseball diamond: 90 feet from base to base, and the way from home to second base across it."""
    xs, ys = square_scales(45, 40, 150)
    path = lines([(0, 0), (90, 0), (90, 90), (0, 0)], xs, ys) + lines([(82, 0), (82, 8), (90, 8)], xs, ys)
    frame(path + texts([(45, -7, "90"), (99, 45, "90"), (38, 52, "x")])).save(HERE / "diamond.png")


def centre_circle() -> None:
    """The centre circle of a football pitch by the Laws of the Game: a radius of 9.15 metres."""
    turns = [math.radians(degrees) for degrees in range(0, 361, 3)]
    xs, ys = square_scales(0, 0, 29)
    ring = lines([(9.15 * math.cos(turn), 9.15 * math.sin(turn)) for turn in turns], xs, ys)
    radius = lines([(0, 0), (9.15, 0)], xs, ys)
    frame(ring + radius + texts([(4.6, 0.9, "9.15 m")])).save(HERE / "centre-circle.png")


def court() -> None:
    """A basketball court by the rules of FIBA: 28 by 15 metres, with its diagonal."""
    xs, ys = square_scales(14, 7.5, 40)
    outline = lines([(0, 0), (28, 0), (28, 15), (0, 15), (0, 0)], xs, ys) + lines([(0, 0), (28, 15)], xs, ys)
    frame(outline + texts([(14, -1.4, "28 m"), (30.5, 7.5, "15 m"), (12.5, 8.6, "x")])).save(HERE / "court.png")


def square_scales(x: float, y: float, width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Domains around a middle on which both axes have one scale."""
    height = width * 430 / 580
    return (x - width / 2, x + width / 2), (y - height / 2, y + height / 2)


def distance(table: pd.DataFrame, first: str, second: str) -> int:
    a, b = (math.radians(table.latitude[name]) for name in (first, second))
    turn = math.radians(table.longitude[first] - table.longitude[second])
    return round(EARTH * math.acos(math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)))


if __name__ == "__main__":
    pitch()
    airports()
    diamond()
    centre_circle()
    court()

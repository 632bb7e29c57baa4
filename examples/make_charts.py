"""Draw the charts of `examples/images` again from their real tables.

Needs `pip install altair vl-convert-python vega-datasets pygal cairosvg`; run `python examples/make_charts.py`.
The tables come with vega_datasets, so nothing is fetched. Two libraries draw, neither of them matplotlib.
"""

from __future__ import annotations

import json
from pathlib import Path

import altair as alt
import cairosvg
import pygal
import vega_datasets
from pygal.style import LightSolarizedStyle

IMAGES = Path(__file__).parent / "images"
TABLES = Path(vega_datasets.__file__).parent / "_data"


def iowa(year: int) -> list[dict[str, object]]:
    """Net generation of electricity in Iowa in one year, in gigawatt hours, by source."""
    lines = (TABLES / "iowa-electricity.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    return [{"source": s, "GWh": int(n)} for day, s, n in rows if day.startswith(str(year))]


def wheat(first: int, last: int) -> list[dict[str, object]]:
    """Playfair's price of wheat, in shillings a quarter, by year."""
    rows = json.loads((TABLES / "wheat.json").read_text())
    return [{"year": int(r["year"]), "price": r["wheat"]} for r in rows if first <= int(r["year"]) <= last]


def seattle(year: int) -> dict[str, int]:
    """How many days of the year had which weather in Seattle."""
    days: dict[str, int] = {}
    for line in (TABLES / "seattle-weather.csv").read_text().splitlines()[1:]:
        fields = line.split(",")
        if fields[0].startswith(str(year)):
            days[fields[-1]] = days.get(fields[-1], 0) + 1
    return days


def bar_chart() -> None:
    chart = (
        alt.Chart(alt.Data(values=iowa(2017)), width=480, height=300)
        .mark_bar()
        .encode(
            x=alt.X("source:N", title="Source", sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("GWh:Q", title="Net generation (GWh)"),
        )
        .properties(title="Electricity generated in Iowa, 2017")
    )
    chart.save(IMAGES / "iowa_electricity.png", scale_factor=1.5)


def line_chart() -> None:
    chart = (
        alt.Chart(alt.Data(values=wheat(1700, 1800)), width=520, height=300)
        .mark_line(point=alt.OverlayMarkDef(color="firebrick"), color="firebrick")
        .encode(
            x=alt.X("year:Q", title="Year", axis=alt.Axis(format="d"), scale=alt.Scale(zero=False)),
            y=alt.Y("price:Q", title="Price (shillings per quarter)"),
        )
        .properties(title="Price of wheat in England, 1700 to 1800")
    )
    chart.save(IMAGES / "wheat_price.png", scale_factor=1.5)


def pie_chart() -> None:
    pie = pygal.Pie(width=800, height=500, style=LightSolarizedStyle, print_values=True, value_formatter=str)
    pie.title = "Weather in Seattle, days of 2015"
    for kind, days in sorted(seattle(2015).items()):
        pie.add(kind, days)
    cairosvg.svg2png(pie.render(), write_to=str(IMAGES / "seattle_weather.png"))


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    bar_chart()
    line_chart()
    pie_chart()


if __name__ == "__main__":
    main()

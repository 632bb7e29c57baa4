"""Real tables to draw, and parts of them that fit on a chart."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Rejected

__all__ = ["APART", "Table", "tables_of"]

APART = 1.08
"""Values to be told apart differ by at least this factor: more than the 5 % of the rule, and visible."""

Kind = Literal["name", "year", "month"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by label, columns by series.

    Attributes:
        noun: what a label is ("state"), and `series_noun` what a series is.
        quantity: what the numbers are, as a question says it; `unit` as an axis says it.
        comparable: whether the columns share a scale.
        additive: whether a share of a sum makes sense.
    """

    name: str
    title: str
    noun: str
    series_noun: str
    quantity: str
    unit: str
    label_kind: Kind
    series_kind: Kind
    comparable: bool
    additive: bool
    labels: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def column(self, name: str, *, title: str = "", quantity: str = "", unit: str = "") -> Table:
        """The table of one column."""
        return replace(
            self,
            title=title or f"{self.title}, {name}",
            quantity=quantity or self.quantity,
            unit=unit or self.unit,
            series=(name,),
            values=(self.values[self.series.index(name)],),
        )

    def turned(self) -> Table:
        """Columns as rows."""
        return replace(
            self,
            noun=self.series_noun,
            series_noun=self.noun,
            label_kind=self.series_kind,
            series_kind=self.label_kind,
            labels=self.series,
            series=self.labels,
            values=tuple(zip(*self.values, strict=True)),
        )

    def crowned(self, rng: Random, labels: int, *, largest: bool) -> Table:
        """Labels of which one, each that can be with equal chance, has the first column's largest or smallest value.

        Raises:
            Rejected: the table has too few labels.
        """
        column = self.values[0]
        labels = min(labels, len(column) // 2)
        beaten = [
            [other for other, value in enumerate(column) if (value * APART < top if largest else value > APART * top)]
            for top in column
        ]
        winners = [row for row, others in enumerate(beaten) if len(others) >= labels - 1]
        if labels < 3 or len(winners) < 5:
            raise Rejected
        winner = rng.choice(winners)
        rows = [winner, *rng.sample(beaten[winner], labels - 1)]
        rng.shuffle(rows)
        return self._rows(rows if self.label_kind == "name" else sorted(rows))

    def _rows(self, rows: list[int]) -> Table:
        return replace(
            self,
            labels=tuple(self.labels[row] for row in rows),
            values=tuple(tuple(column[row] for row in rows) for column in self.values),
        )

    def cut(self, rng: Random, labels: int, series: int) -> Table:
        """A part with so many labels and series: a stretch of years or months, names in any order."""
        rows = _pick(rng, len(self.labels), labels, in_order=self.label_kind != "name")
        return self.columns(rng, series)._rows(rows)

    def columns(self, rng: Random, series: int) -> Table:
        """The table with so many of its columns."""
        columns = _pick(rng, len(self.series), series, in_order=self.series_kind != "name")
        return replace(
            self,
            series=tuple(self.series[column] for column in columns),
            values=tuple(self.values[column] for column in columns),
        )


def _pick(rng: Random, there: int, wanted: int, *, in_order: bool) -> list[int]:
    if not in_order:
        return rng.sample(range(there), min(wanted, there))
    wanted = min(wanted, there)
    step = rng.choice([step for step in (1, 1, 2, 5) if (wanted - 1) * step < there])
    start = rng.randrange(there - (wanted - 1) * step)
    return list(range(start, start + wanted * step, step))


@cache
def tables_of(split: Split) -> tuple[Table, ...]:
    """The tables of a split."""
    return tuple({"train": _train, "validation": _validation, "test": _test}[split]())


def _train() -> list[Table]:
    return [
        _read("us_employment", "US employment by industry", "industry", "year", "employment", "thousand people"),
        _read("seattle_rain", "Rain in Seattle", "month", "year", "rainfall", "mm", label_kind="month"),
        _read("nile", "Flow of the Nile at Aswan", "year", "place", "flow", "100 million m³", label_kind="year"),
        _read(
            "crimea", "Deaths in the Crimean war", "month", "cause", "number of deaths", "deaths", label_kind="month"
        ),
    ]


def _validation() -> list[Table]:
    labour = _read("us_labour", "US labour", "year", "group", "number of people", "thousand people", label_kind="year")
    wheat = _read("wheat", "England", "year", "series", "price", "shillings", label_kind="year", comparable=False)
    return [
        _read("iowa_electricity", "Electricity in Iowa", "year", "source", "generation", "GWh", label_kind="year"),
        labour,
        _read("us_airports", "Airports by state", "state", "count", "number of airports", "airports"),
        wheat.column("Wheat", title="Price of wheat", quantity="price of wheat", unit="shillings a quarter"),
        _read("barley", "Barley yield", "variety", "site", "yield", "bushels an acre"),
    ]


def _test() -> list[Table]:
    states = _read("us_states", "US states", "state", "rate", "rate", "", comparable=False, additive=False)
    economy = _read("us_economy", "US economy", "year", "series", "amount", "", label_kind="year", comparable=False)
    return [
        states.column("Violent crime", title="Violent crime", quantity="violent crime rate", unit="per 100,000 people"),
        states.column("Murder", title="Murder rate", quantity="murder rate", unit="per 100,000 people"),
        states.column("Poverty", title="People in poverty", quantity="share of people in poverty", unit="%"),
        _read("firm_investment", "Investment by firm", "firm", "year", "investment", "million dollars"),
        _read("firm_value", "Market value by firm", "firm", "year", "market value", "million dollars"),
        _read("sunspots", "Sunspots", "year", "count", "sunspot number", "number", label_kind="year"),
        economy.column("Unemployment", title="Unemployment", quantity="unemployment rate", unit="%"),
        economy.column("Investment", title="Real investment", quantity="real investment", unit="billion dollars"),
    ]


def _read(
    name: str,
    title: str,
    noun: str,
    series_noun: str,
    quantity: str,
    unit: str,
    *,
    label_kind: Kind = "name",
    comparable: bool = True,
    additive: bool = True,
) -> Table:
    text = files("maestro_evaluation.synthetic").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    head, *rows = list(csv.reader(text.splitlines()))
    return Table(
        name=name,
        title=title,
        noun=noun,
        series_noun=series_noun,
        quantity=quantity,
        unit=unit,
        label_kind=label_kind,
        series_kind="year" if all(column.isdecimal() for column in head[1:]) else "name",
        comparable=comparable,
        additive=additive,
        labels=tuple(row[0] for row in rows),
        series=tuple(head[1:]),
        values=tuple(tuple(float(row[place]) for row in rows) for place in range(1, len(head))),
    )

"""The table behind a chart: what the picture is turned into, and what questions are answered over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from maestro_graph.evidence import Json

__all__ = ["ChartKind", "Table"]

ChartKind = Literal["bars", "horizontal bars", "stacked bars", "lines", "pie"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A chart as numbers.

    Attributes:
        kind: how the numbers were drawn.
        title, x_label, y_label: texts of the chart, empty where there are none. `x_label` belongs to the
            categories of vertical charts and to the values of horizontal ones, as drawn.
        series: names of the rows, one for a chart without a legend (its name may be empty).
        categories: names of the columns, as printed along the axis or beside the sectors.
        values: `values[s][c]`; `None` where nothing was drawn or found. Pies hold what is printed, else per cent.
        confidence: 0 to 1 for each value, same shape.
        unit: sign printed with the numbers (`%`, `$`, `€`, …), empty where there is none.
        resolution: what one pixel is worth in values; 0 where the numbers were printed.
        series_colours, category_colours: words for the colours of the rows and of the columns (bars that differ
            in colour, sectors); empty tuples where they tell nothing.
        numeric_categories: the categories are positions on a numeric axis (years), sampled.
    """

    kind: ChartKind
    series: tuple[str, ...]
    categories: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    confidence: tuple[tuple[float, ...], ...]
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    unit: str = ""
    resolution: float = 0.0
    series_colours: tuple[str, ...] = ()
    category_colours: tuple[str, ...] = ()
    numeric_categories: bool = False

    def __post_init__(self) -> None:
        shape = (len(self.series), len(self.categories))
        for name, rows in (("values", self.values), ("confidence", self.confidence)):
            if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
                raise ValueError(f"{name} of a table must be {shape[0]} rows of {shape[1]}")

    @property
    def horizontal(self) -> bool:
        """Whether the values run along the x axis."""
        return self.kind == "horizontal bars"

    @property
    def category_label(self) -> str:
        return self.y_label if self.horizontal else self.x_label

    @property
    def value_label(self) -> str:
        return self.x_label if self.horizontal else self.y_label

    def to_json(self) -> dict[str, Json]:
        """Plain form for `details["table"]`."""
        return {
            "kind": self.kind,
            "title": self.title,
            "x_label": self.x_label,
            "y_label": self.y_label,
            "unit": self.unit,
            "resolution": self.resolution,
            "series": list(self.series),
            "categories": list(self.categories),
            "values": [list(row) for row in self.values],
            "confidence": [list(row) for row in self.confidence],
            "series_colours": list(self.series_colours),
            "category_colours": list(self.category_colours),
            "numeric_categories": self.numeric_categories,
        }

    @classmethod
    def from_json(cls, data: Json) -> Table:
        """The table in a plain form.

        Raises:
            ValueError: `data` is no such form; the message names the field.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"a table must be an object, not {type(data).__name__}")
        kind = data.get("kind")
        if kind not in get_args(ChartKind):
            raise ValueError(f"kind of a table must be one of {get_args(ChartKind)}, not {kind!r}")
        values = _rows(data, "values")
        confidence = _rows(data, "confidence") if "confidence" in data else [[1.0] * len(row) for row in values]
        resolution = data.get("resolution", 0.0)
        if isinstance(resolution, bool) or not isinstance(resolution, int | float):
            raise ValueError(f"resolution of a table must be a number, not {resolution!r}")
        return cls(
            kind=cast(ChartKind, kind),
            title=str(data.get("title", "")),
            x_label=str(data.get("x_label", "")),
            y_label=str(data.get("y_label", "")),
            unit=str(data.get("unit", "")),
            resolution=float(resolution),
            series=_names(data, "series"),
            categories=_names(data, "categories"),
            values=tuple(tuple(row) for row in values),
            confidence=tuple(tuple(0.0 if v is None else v for v in row) for row in confidence),
            series_colours=_names(data, "series_colours", optional=True),
            category_colours=_names(data, "category_colours", optional=True),
            numeric_categories=bool(data.get("numeric_categories", False)),
        )


def _names(data: Mapping[str, Json], field: str, *, optional: bool = False) -> tuple[str, ...]:
    names = data.get(field, [] if optional else None)
    if not isinstance(names, list):
        raise ValueError(f"{field} of a table must be a list, not {names!r}")
    return tuple(str(name) for name in names)


def _rows(data: Mapping[str, Json], field: str) -> list[list[float | None]]:
    rows = data.get(field)
    if not isinstance(rows, list):
        raise ValueError(f"{field} of a table must be a list of rows, not {rows!r}")
    out: list[list[float | None]] = []
    for row in rows:
        if not isinstance(row, list):
            raise ValueError(f"a row of {field} must be a list, not {row!r}")
        cells: list[float | None] = []
        for cell in row:
            if cell is not None and (isinstance(cell, bool) or not isinstance(cell, int | float)):
                raise ValueError(f"a cell of {field} must be a number or null, not {cell!r}")
            cells.append(None if cell is None else float(cell))
        out.append(cells)
    return out

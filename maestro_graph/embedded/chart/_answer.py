"""Queries over a table: numbers and names to a short answer. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maestro_graph.embedded.chart._numbers import format_value, parse_number
from maestro_graph.embedded.chart._question import Bound, Query, parse_question
from maestro_graph.embedded.chart._table import Table

__all__ = ["TableAnswer", "answer_question"]


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """A short answer, why it is so, and how sure it is (0 to 1)."""

    answer: str
    because: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """One value of the table and where it stands."""

    series: int
    category: int
    value: float
    sure: float


def answer_question(question: str, table: Table) -> TableAnswer | None:
    """The answer of a table to a question, or `None` where it has none (form or names not understood)."""
    query = parse_question(question, table)
    if query is None:
        return None
    found = _HANDLERS[query.op](query, table)
    if found is None or not found.answer.strip():
        return None
    return TableAnswer(found.answer, found.because, round(max(0.0, min(1.0, found.confidence * query.sure)), 3))


def _rows(query: Query, table: Table) -> list[int]:
    if query.colour and table.series_colours and len(table.series) > 1:
        same = [k for k, colour in enumerate(table.series_colours) if _same_colour(colour, query.colour)]
        if same:
            return same
    return list(query.series) or list(range(len(table.series)))


def _columns(query: Query, table: Table) -> list[int]:
    if query.colour and table.category_colours and len(set(table.category_colours)) > 1:
        same = [k for k, colour in enumerate(table.category_colours) if _same_colour(colour, query.colour)]
        if same:
            return same
    if query.categories and query.span and len(query.categories) == 2 and query.op in {"average", "sum"}:
        low, high = sorted(query.categories)
        if table.kind == "lines" or table.numeric_categories or all(c.isdigit() for c in table.categories):
            return list(range(low, high + 1))
    return list(query.categories) or list(range(len(table.categories)))


_ALIKE = (
    {"teal", "cyan", "turquoise", "green"},
    {"purple", "violet"},
    {"pink", "magenta"},
    {"orange", "gold", "brown"},
    {"yellow", "gold"},
    {"blue", "navy"},
    {"green", "olive", "lime"},
    {"red", "maroon"},
)


def _same_colour(a: str, b: str) -> bool:
    return a == b or any(a in group and b in group for group in _ALIKE)


def _cells(query: Query, table: Table) -> list[_Cell]:
    return [
        _Cell(s, c, value, table.confidence[s][c])
        for s in _rows(query, table)
        for c in _columns(query, table)
        if (value := table.values[s][c]) is not None
    ]


def _named(query: Query, table: Table) -> list[tuple[str, float, float]]:
    """(name, value, confidence) of what a comparison names: places or categories of one row, or series."""
    out: list[tuple[str, float, float]] = []
    rows = _rows(query, table)
    if len(query.categories) + len(query.places) >= 2:
        if len(query.series) == len(query.categories) == 2:  # "A in 2001 than B in 2005"
            pairs = list(zip(query.series, query.categories, strict=True))
            for s, c in pairs:
                value = table.values[s][c]
                if value is None:
                    return []
                out.append((f"{table.series[s]} in {table.categories[c]}", value, table.confidence[s][c]))
            return out
        for c in query.categories:
            values = [table.values[s][c] for s in rows]
            known = [v for v in values if v is not None]
            if not known:
                return []
            weight = 1.0 if len(rows) == 1 else 0.6
            out.append((table.categories[c], sum(known), weight * min(table.confidence[s][c] for s in rows)))
        for place in query.places:
            value = _at_place(table, rows[0], place)
            if value is None:
                return []
            out.append((format_value(place), value, 0.7 if len(rows) == 1 else 0.4))
        return out
    if len(query.series) >= 2:
        columns = _columns(query, table)
        for s in query.series:
            known = [v for c in columns if (v := table.values[s][c]) is not None]
            if not known:
                return []
            sure = min(table.confidence[s][c] for c in columns)
            out.append(
                (
                    table.series[s],
                    sum(known) / (len(known) if len(columns) > 1 else 1),
                    sure * (1 if len(columns) == 1 else 0.7),
                )
            )
    return out


def _at_place(table: Table, row: int, place: float) -> float | None:
    """Between two positions of a numeric axis, in a straight line."""
    points = sorted(
        (n.value, v)
        for name, v in zip(table.categories, table.values[row], strict=True)
        if v is not None and (n := parse_number(name)) is not None
    )
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= place <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (place - x0) / (x1 - x0)
    return None


def _say(table: Table, value: float, *, whole: bool = False) -> str:
    if whole and 0 < table.resolution < 1 and abs(value - round(value)) < max(0.35, 2 * table.resolution):
        value = round(value)
    return format_value(value, table.resolution) + ("%" if table.unit == "%" else "")


def _lookup(query: Query, table: Table) -> TableAnswer | None:
    rows = _rows(query, table)
    if not query.categories and query.places:
        value = _at_place(table, rows[0], query.places[0])
        if value is None:
            return None
        return TableAnswer(_say(table, value), f"between two ticks, at {query.places[0]:g}", 0.6 / len(rows))
    cells = _cells(query, table)
    if not cells:
        return None
    if len(query.categories) > 1 or (len(rows) > 1 and len(cells) > 1):
        text = ", ".join(f"{_cell_name(table, cell)}: {_say(table, cell.value)}" for cell in cells[:8])
        return TableAnswer(text, "all that the question names", 0.35)
    cell = cells[0]
    return TableAnswer(
        _say(table, cell.value, whole=query.whole), f"{_cell_name(table, cell)} is drawn there", cell.sure
    )


def _cell_name(table: Table, cell: _Cell) -> str:
    category = table.categories[cell.category]
    return f"{table.series[cell.series]} in {category}" if len(table.series) > 1 else category


def _extreme(query: Query, table: Table) -> TableAnswer | None:
    columns, rows = _columns(query, table), _rows(query, table)
    one_column = len(columns) == 1 and len(table.series) > 1 and len(rows) != 1
    if query.wants == "series" or (one_column and query.wants != "value"):
        return _extreme_series(query, table, rows, columns)
    if (len(rows) > 1 and query.total) or (len(rows) > 1 and query.span):
        scored = [
            (
                sum(v for s in rows if (v := table.values[s][c]) is not None),
                c,
                min(table.confidence[s][c] for s in rows),
            )
            for c in columns
        ]
    else:
        best: dict[int, _Cell] = {}
        for cell in _cells(query, table):
            old = best.get(cell.category)
            if old is None or (cell.value > old.value) == query.largest:
                best[cell.category] = cell
        scored = [(cell.value, c, cell.sure) for c, cell in best.items()]
        if query.wants == "value" and len(rows) > 1:
            scored = [(cell.value, cell.category, cell.sure) for cell in _cells(query, table)]
    scored.sort(key=lambda item: item[0], reverse=query.largest)
    if len(scored) < query.rank:
        return None
    value, c, sure = scored[query.rank - 1]
    clear = _clear(table, [v for v, _, _ in scored], query.rank - 1)
    because = f"{table.categories[c]} with {_say(table, value)}"
    if query.wants == "value":
        return TableAnswer(_say(table, value), because, sure)
    return TableAnswer(table.categories[c], because, sure * clear)


def _extreme_series(query: Query, table: Table, rows: list[int], columns: list[int]) -> TableAnswer | None:
    scored = []
    for s in rows:
        known = [v for c in columns if (v := table.values[s][c]) is not None]
        if known:
            value = sum(known) if query.total else max(known) if query.largest else min(known)
            scored.append((value, s, min(table.confidence[s][c] for c in columns)))
    scored.sort(key=lambda item: item[0], reverse=query.largest)
    if len(scored) < query.rank:
        return None
    value, s, sure = scored[query.rank - 1]
    clear = _clear(table, [v for v, _, _ in scored], query.rank - 1)
    return TableAnswer(table.series[s], f"{table.series[s]} with {_say(table, value)}", max(sure, 0.5) * clear)


def _clear(table: Table, ordered: Sequence[float], at: int) -> float:
    """How clearly a place in an order is taken: 1 where the neighbours are several pixels away."""
    gaps = [abs(ordered[at] - ordered[k]) for k in (at - 1, at + 1) if 0 <= k < len(ordered)]
    if not gaps or table.resolution <= 0:
        return 1.0 if not gaps or min(gaps) > 0 else 0.5
    return min(1.0, 0.5 + 0.25 * min(gaps) / table.resolution)


def _difference(query: Query, table: Table) -> TableAnswer | None:
    named = _named(query, table)
    if len(named) < 2 and not query.series and len(query.categories) == 1 and len(table.series) == 2:
        named = [
            (table.series[s], v, table.confidence[s][query.categories[0]])
            for s in (0, 1)
            if (v := table.values[s][query.categories[0]]) is not None
        ]
    if len(named) < 2:
        return None
    (a, x, p), (b, y, q) = named[0], named[1]
    return TableAnswer(_say(table, abs(x - y)), f"{a} is {_say(table, x)}, {b} is {_say(table, y)}", min(p, q))


def _change(query: Query, table: Table) -> TableAnswer | None:
    named = _named(query, table)
    if len(named) < 2 or named[0][1] == 0:
        return None
    (a, x, p), (b, y, q) = named[0], named[1]
    change = 100 * (y - x) / abs(x)
    return TableAnswer(
        f"{format_value(change, 0.1)}%", f"from {_say(table, x)} ({a}) to {_say(table, y)} ({b})", 0.9 * min(p, q)
    )


def _ratio(query: Query, table: Table) -> TableAnswer | None:
    named = _named(query, table)
    if len(named) < 2:
        values = sorted(cell.value for cell in _cells(query, table))
        if len(values) < 2 or values[0] == 0 or query.categories:
            return None
        return TableAnswer(format_value(values[-1] / values[0], 0.01), "the largest by the smallest", 0.6)
    (a, x, p), (b, y, q) = named[0], named[1]
    if y == 0:
        return None
    return TableAnswer(format_value(x / y, 0.01), f"{a} is {_say(table, x)}, {b} is {_say(table, y)}", min(p, q))


def _over(name: str, how: Callable[[list[float]], float]) -> Callable[[Query, Table], TableAnswer | None]:
    def handler(query: Query, table: Table) -> TableAnswer | None:
        cells = _cells(query, table)
        if not cells:
            return None
        values = [cell.value for cell in cells]
        ambiguous = len(table.series) > 1 and not query.series and len(_columns(query, table)) > 1 and name != "sum"
        sure = min(cell.sure for cell in cells) * (0.7 if ambiguous else 1.0)
        return TableAnswer(_say(table, how(values)), f"{name} of {len(values)} values", sure)

    return handler


def _share(query: Query, table: Table) -> TableAnswer | None:
    rows = _rows(query, table)
    in_percent = (
        table.unit == "%" or "percent" in f"{table.value_label} {table.title}".lower() or "%" in table.value_label
    )
    cells = _cells(query, table)
    if not query.categories or not cells:
        return None
    if in_percent and not (query.total and table.kind != "pie" and table.unit != "%"):
        if len(cells) > 1 and len(rows) > 1:
            return None
        value = sum(cell.value for cell in cells)
        return TableAnswer(f"{format_value(value, table.resolution or 0.01)}%", "as drawn", min(c.sure for c in cells))
    if len(table.series) > 1 and query.series:
        # the share of one series within the category, as in a stacked bar
        column = query.categories[0]
        whole = sum(v for s in range(len(table.series)) if (v := table.values[s][column]) is not None)
    else:
        whole = sum(v for s in rows for v in table.values[s] if v is not None)
    if whole <= 0:
        return None
    value = 100 * sum(cell.value for cell in cells) / whole
    return TableAnswer(
        f"{format_value(value, 0.1)}%", f"of a total of {_say(table, whole)}", min(c.sure for c in cells)
    )


def _count(query: Query, table: Table) -> TableAnswer | None:
    if query.counted == "series":
        return TableAnswer(str(len(table.series)), "series found", 0.9 if len(table.series) > 1 else 0.75)
    if query.colour:
        return TableAnswer(str(len(_cells(query, table))), f"drawn in {query.colour}", 0.6)
    if query.whole and len(table.series) > 1 and table.kind != "stacked bars":
        drawn = sum(value is not None for row in table.values for value in row)
        return TableAnswer(str(drawn), "bars found", 0.8)
    sure = 0.6 if table.numeric_categories else 0.92
    return TableAnswer(str(len(table.categories)), "found along the axis" if table.kind != "pie" else "sectors", sure)


def _meeting(query: Query, table: Table) -> tuple[list[_Cell], list[_Cell]]:
    """(those that meet the condition, all) — over columns of one row, or sums of columns."""
    rows = _rows(query, table)
    if query.bound is None and len(query.series) == 2:
        a, b = query.series
        cells, met = [], []
        for c in range(len(table.categories)):
            x, y = table.values[a][c], table.values[b][c]
            if x is not None and y is not None:
                cell = _Cell(a, c, x - y, min(table.confidence[a][c], table.confidence[b][c]))
                cells.append(cell)
                if (x > y) == query.largest and x != y:
                    met.append(cell)
        return met, cells
    cells = [
        _Cell(s, c, value, table.confidence[s][c])
        for s in rows
        for c in range(len(table.categories))
        if (value := table.values[s][c]) is not None
    ]
    if query.counted == "series" and len(query.categories) == 1:
        cells = [cell for cell in cells if cell.category == query.categories[0]]
    bound = query.bound
    if bound is None and len(query.categories) == 1:
        base = table.values[rows[0]][query.categories[0]]
        if base is None:
            return [], []
        bound = Bound(">" if query.largest else "<", base)
        cells = [cell for cell in cells if cell.category != query.categories[0] and cell.series == rows[0]]
    if bound is None:
        return [], []
    return [cell for cell in cells if bound.holds(cell.value)], cells


def _sure_of(cells: list[_Cell], query: Query, table: Table) -> float:
    sure = min((cell.sure for cell in cells), default=0.0)
    if query.bound is not None and table.resolution > 0:
        nearest = min((abs(cell.value - query.bound.value) / table.resolution for cell in cells), default=9.0)
        sure *= min(1.0, 0.6 + 0.2 * nearest)
    return sure * (0.7 if table.numeric_categories else 1.0)


def _count_if(query: Query, table: Table) -> TableAnswer | None:
    met, cells = _meeting(query, table)
    if not cells:
        return None
    places = {cell.series if query.counted == "series" else cell.category for cell in met}
    names = ", ".join(table.categories[cell.category] for cell in met[:12])
    return TableAnswer(str(len(places)), f"these meet it: {names or 'none'}", _sure_of(cells, query, table))


def _list_if(query: Query, table: Table) -> TableAnswer | None:
    met, cells = _meeting(query, table)
    if not met:
        return None
    names = list(dict.fromkeys(table.categories[cell.category] for cell in met))
    return TableAnswer(", ".join(names), "these meet the condition", 0.9 * _sure_of(cells, query, table))


def _find(query: Query, table: Table) -> TableAnswer | None:
    cells = _cells(query, table)
    if not cells or query.bound is None:
        return None
    target = query.bound.value
    cell = min(cells, key=lambda c: abs(c.value - target))
    span = max(abs(c.value) for c in cells) or 1.0
    miss = abs(cell.value - target) / span
    name = (
        table.series[cell.series]
        if len(query.categories) == 1 and len(table.series) > 1
        else table.categories[cell.category]
    )
    return TableAnswer(name, f"its value is {_say(table, cell.value)}", 0.9 * cell.sure if miss < 0.03 else 0.3)


def _compare(query: Query, table: Table) -> TableAnswer | None:
    named = _named(query, table)
    if len(named) < 2:
        return None
    (a, x, p), (b, y, q) = named[0], named[1]
    because = f"{a} is {_say(table, x)}, {b} is {_say(table, y)}"
    if query.wants == "series":
        same = abs(x - y) <= max(1.5 * table.resolution, 0.005 * max(abs(x), abs(y)))
        return TableAnswer("Yes" if same else "No", because, min(p, q))
    yes = x > y if query.largest else x < y
    return TableAnswer("Yes" if yes else "No", because, min(p, q) * _clear(table, [x, y], 0))


def _check(query: Query, table: Table) -> TableAnswer | None:
    if query.bound is None:
        plain = Query(
            op="extreme",
            largest=query.largest,
            rank=query.rank,
            series=query.series if query.categories else (),
            wants="category" if query.categories else "series",
        )
        best = _extreme(plain, table)
        if best is None:
            return None
        wanted = table.categories[query.categories[0]] if query.categories else table.series[query.series[0]]
        return TableAnswer("Yes" if best.answer == wanted else "No", best.because, best.confidence)
    cells = _cells(query, table)
    if query.places and not query.categories:
        value = _at_place(table, _rows(query, table)[0], query.places[0])
        cells = [] if value is None else [_Cell(0, 0, value, 0.7)]
    if not cells:
        return None
    met = [query.bound.holds(cell.value) for cell in cells]
    because = ", ".join(f"{_cell_name(table, cell)} is {_say(table, cell.value)}" for cell in cells[:4])
    return TableAnswer(
        "Yes" if (any(met) if not query.categories else all(met)) else "No", because, _sure_of(cells, query, table)
    )


def _trend(query: Query, table: Table) -> TableAnswer | None:
    rows = _rows(query, table)
    values: list[float]
    if len(query.categories) + len(query.places) >= 2 or (len(query.categories) == 1 and query.places):
        ends = sorted(query.categories)
        if len(ends) >= 2:
            pair = [table.values[rows[0]][ends[0]], table.values[rows[0]][ends[-1]]]
        else:
            pair = [_at_place(table, rows[0], place) for place in sorted(query.places)[:2]]
        values = [v for v in pair if v is not None]
    else:
        values = [v for v in table.values[rows[0]] if v is not None]
    if len(values) < 2:
        return None
    up = values[-1] > values[0]
    because = f"from {_say(table, values[0])} to {_say(table, values[-1])}"
    sure = (
        (0.9 if len(values) == 2 else 0.7)
        * (1.0 if len(rows) == 1 else 0.5)
        * _clear(table, [values[0], values[-1]], 0)
    )
    if query.wants == "value":
        return TableAnswer("Yes" if up == query.largest and values[0] != values[-1] else "No", because, sure)
    return TableAnswer("increase" if up else "decrease", because, sure)


def _widest(query: Query, table: Table) -> TableAnswer | None:
    a, b = query.series[:2]
    gaps = [
        (abs(x - y), c)
        for c in range(len(table.categories))
        if (x := table.values[a][c]) is not None and (y := table.values[b][c]) is not None
    ]
    if not gaps:
        return None
    gap, c = (max if query.largest else min)(gaps)
    answer = _say(table, gap) if query.wants == "value" else table.categories[c]
    return TableAnswer(answer, f"{_say(table, gap)} apart in {table.categories[c]}", 0.8)


def _steepest(query: Query, table: Table) -> TableAnswer | None:
    row = table.values[_rows(query, table)[0]]
    known = [(c, v) for c, v in enumerate(row) if v is not None]
    if len(known) < 2:
        return None
    steps = [(v - u, b, c) for (b, u), (c, v) in pairwise(known)]
    step, start, end = max(steps) if query.largest else min(steps)
    if query.wants == "value":
        return TableAnswer(_say(table, abs(step)), f"from {table.categories[start]} to {table.categories[end]}", 0.6)
    return TableAnswer(f"{table.categories[start]} to {table.categories[end]}", f"by {_say(table, abs(step))}", 0.6)


def _colour_of(query: Query, table: Table) -> TableAnswer | None:
    if query.series and table.series_colours:
        return TableAnswer(table.series_colours[query.series[0]], "the legend's colour", 0.85)
    column: int | None = query.categories[0] if query.categories else None
    if column is None:
        best = _extreme(Query(op="extreme", largest=query.largest, rank=query.rank), table)
        column = table.categories.index(best.answer) if best is not None and best.answer in table.categories else None
    if column is None:
        return None
    if table.category_colours:
        return TableAnswer(table.category_colours[column], "the mark's colour", 0.85)
    if len(table.series_colours) == 1:
        return TableAnswer(table.series_colours[0], "the marks' colour", 0.8)
    return None


def _of_colour(query: Query, table: Table) -> TableAnswer | None:
    for colours, names in ((table.series_colours, table.series), (table.category_colours, table.categories)):
        for alike in (lambda a, b: a == b, _same_colour):
            same = [name for name, colour in zip(names, colours, strict=False) if alike(colour, query.colour) and name]
            if len(same) == 1:
                return TableAnswer(same[0], f"drawn in {query.colour}", 0.85)
    if len(table.series) == 1 and table.series_colours and _same_colour(table.series_colours[0], query.colour):
        return TableAnswer(table.series[0] or table.value_label or table.title, f"drawn in {query.colour}", 0.6)
    return None


def _text(which: str) -> Callable[[Query, Table], TableAnswer | None]:
    def handler(_: Query, table: Table) -> TableAnswer | None:
        texts = {"title": table.title, "x_label": table.x_label, "y_label": table.y_label}
        return TableAnswer(texts[which], "as printed", 0.85) if texts[which] else None

    return handler


def _kind(_: Query, table: Table) -> TableAnswer | None:
    words = {
        "bars": "grouped bar chart" if len(table.series) > 1 else "bar chart",
        "horizontal bars": "horizontal bar chart",
        "stacked bars": "stacked bar chart",
        "lines": "line chart",
        "pie": "pie chart",
    }
    return TableAnswer(words[table.kind], "by its marks", 0.9)


def _legend(_: Query, table: Table) -> TableAnswer | None:
    names = table.categories if table.kind == "pie" else table.series
    return TableAnswer(", ".join(names), "names beside the swatches", 0.7) if len(names) > 1 else None


_HANDLERS: dict[str, Callable[[Query, Table], TableAnswer | None]] = {
    "lookup": _lookup,
    "extreme": _extreme,
    "widest": _widest,
    "steepest": _steepest,
    "difference": _difference,
    "change": _change,
    "ratio": _ratio,
    "sum": _over("sum", sum),
    "average": _over("average", statistics.fmean),
    "median": _over("median", statistics.median),
    "range": _over("range", lambda values: max(values) - min(values)),
    "share": _share,
    "count": _count,
    "count_if": _count_if,
    "list_if": _list_if,
    "compare": _compare,
    "check": _check,
    "trend": _trend,
    "title": _text("title"),
    "x_label": _text("x_label"),
    "y_label": _text("y_label"),
    "kind": _kind,
    "legend": _legend,
    "colour_of": _colour_of,
    "of_colour": _of_colour,
    "find": _find,
}

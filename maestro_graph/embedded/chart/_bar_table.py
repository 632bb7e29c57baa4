"""From bars to a table: columns, names, values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._axes import Scale
from maestro_graph.embedded.chart._bars import Bar, BarField, find_bars
from maestro_graph.embedded.chart._labels import Label, assign_labels, height_of, is_upright, label_row, merge_lines
from maestro_graph.embedded.chart._legend import LegendEntry, mask_of
from maestro_graph.embedded.chart._numbers import format_value, parse_number
from maestro_graph.embedded.chart._picture import Box, Picture, find_titles
from maestro_graph.embedded.chart._pixels import colour_name
from maestro_graph.embedded.chart._table import Table
from maestro_graph.embedded.ocr import TextBox

__all__ = ["BarChart", "bar_table", "find_bar_chart"]


_FAINT = 60  # contrast to the page up to which a grey line is a ruling


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars with the axis they are measured on (`None` where only printed values can tell)."""

    field: BarField
    scale: Scale | None

    @property
    def area(self) -> float:
        return sum(bar.width * bar.length for bar in self.field.bars)


def find_bar_chart(picture: Picture) -> BarChart | None:
    """The direction and axis under which most bars stand well."""
    keep_out = mask_of(picture.legend, (picture.height, picture.width))
    best: BarChart | None = None
    score = 0.0
    for vertical in (True, False):
        scales: list[Scale | None] = [*picture.scales(vertical=vertical)[:2]]
        for scale in scales or [None]:
            picture.check()
            found = find_bars(picture.colours, scale, vertical=vertical, keep_out=keep_out | _outside(picture, scale))
            if found is None or _are_rulings(picture, found):
                continue
            lengths = [bar.length for bar in found.bars]
            total = sum(bar.width * bar.length for bar in found.bars)
            ends = {
                round(bar.along[0] if abs(bar.along[1] - found.baseline) < 3 else bar.along[1]) for bar in found.bars
            }
            rating = total * (1.0 + 0.3 * min(len(ends), 5)) * (1.0 if scale is not None else 0.5)
            if scale is not None and not scale.log and abs(scale.pixel(0) - found.baseline) <= 3:
                rating *= 2.0
            if max(lengths) < 3:
                continue
            if rating > score:
                best, score = BarChart(found, scale), rating
    return best


def _are_rulings(picture: Picture, field: BarField) -> bool:
    """Whether the bars are a grid's lines: faint, grey, and far thinner than they are apart."""
    faint = all(
        picture.colours.contrast(k) < _FAINT and float(np.ptp(picture.colours.palette[k])) < 16
        for k in {bar.colour for bar in field.bars}
    )
    middles = sorted(bar.middle for bar in field.bars)
    apart = [b - a for a, b in pairwise(middles) if b - a > 1]
    return faint and bool(apart) and max(bar.width for bar in field.bars) < 0.12 * float(np.median(apart))


def _outside(picture: Picture, scale: Scale | None) -> NDArray[np.bool_]:
    """Where the axis' tick labels stand and beyond: no bars there."""
    mask = np.zeros((picture.height, picture.width), bool)
    if scale is None:
        return mask
    if scale.vertical:
        if scale.side < picture.width / 2:
            mask[:, : max(0, round(scale.side))] = True
        else:
            mask[:, round(min(t.box.box[0] for t in scale.ticks)) :] = True
    elif scale.side > picture.height / 2:
        mask[max(0, round(scale.side)) :] = True
    else:
        mask[: round(max(t.box.box[3] for t in scale.ticks))] = True
    return mask


def bar_table(picture: Picture, chart: BarChart) -> Table | None:
    """The table behind the bars, or `None` where neither an axis nor printed values tell their lengths."""
    field, scale = chart.field, chart.scale
    columns = _columns(field)
    middles = [float(np.mean([bar.middle for bar in column])) for column in columns]
    area = _area(field, scale)
    labels, row = _category_labels(picture, field, scale, area)
    colours = Counter(bar.colour for bar in field.bars)
    entries = _entries(picture, list(colours))
    grouped = not field.stacked and len(colours) > 1 and _is_grouped(columns, middles, labels, entries)
    if grouped:
        columns, middles = _groups(columns, middles, labels)
    placed = assign_labels(labels, middles)
    names = _names(picture, field, placed, middles, labels, area)
    printed = _printed(picture, field, [*row, *([] if scale is None else [t.box for t in scale.ticks])])
    if scale is None and len(printed) < 0.7 * len(field.bars):
        return None
    multi = field.stacked or grouped
    series: list[int | None] = _series_order(colours, entries, columns) if multi else [None]
    values, confidence = _values(field, scale, columns, series, printed)
    if not multi and scale is not None and not scale.log:
        names, values, confidence = _with_empty(labels, placed, names, middles, values, confidence, scale, field)
    titles = find_titles(picture, area, [*row, *(t.box for t in scale.ticks)] if scale else row, axes=True)
    by_colour = {e.colour: e.text for e in entries}
    series_names = [
        by_colour.get(k, "") if k is not None else (entries[0].text if len(entries) == 1 else "") for k in series
    ]
    column_colours = [colour_name(picture.colours.palette[column[0].colour]) for column in columns]
    exact = scale is None or (bool(printed) and len(printed) >= len(field.bars))
    return Table(
        kind="stacked bars" if field.stacked else "bars" if field.vertical else "horizontal bars",
        title=titles.title,
        x_label=titles.x_label,
        y_label=titles.y_label,
        unit=scale.unit if scale else "",
        resolution=0.0 if exact or scale is None else scale.resolution,
        series=tuple(_unnamed(series_names)),
        categories=tuple(names),
        values=tuple(tuple(r) for r in values),
        confidence=tuple(tuple(r) for r in confidence),
        series_colours=tuple(colour_name(picture.colours.palette[k]) for k in series if k is not None),
        category_colours=tuple(column_colours) if not multi and len(names) == len(column_colours) else (),
    )


def _unnamed(names: list[str]) -> list[str]:
    return names if len(names) == 1 else [name or f"series {k + 1}" for k, name in enumerate(names)]


def _columns(field: BarField) -> list[list[Bar]]:
    """Bars on one another together, in the order of the axis."""
    columns: list[list[Bar]] = []
    for bar in sorted(field.bars, key=lambda b: b.middle):
        if columns and abs(columns[-1][0].middle - bar.middle) < 0.5 * min(bar.width, columns[-1][0].width):
            columns[-1].append(bar)
        else:
            columns.append([bar])
    return columns


def _area(field: BarField, scale: Scale | None) -> Box:
    across = [v for bar in field.bars for v in bar.across]
    along = [v for bar in field.bars for v in bar.along] + [field.baseline]
    if scale is not None:
        along += [scale.low, scale.high]
    if field.vertical:
        return min(across), min(along), max(across), max(along)
    return min(along), min(across), max(along), max(across)


def _category_labels(
    picture: Picture, field: BarField, scale: Scale | None, area: Box
) -> tuple[list[Label], list[TextBox]]:
    ticks = set() if scale is None else {id(t.box) for t in scale.ticks}
    legend = [e.box for e in picture.legend]
    free = [b for b in picture.boxes if id(b) not in ticks and not any(_inside(b, box) for box in legend)]
    if field.vertical:
        row = label_row(free, area[3], below=True, span=(area[0], area[2]), reach=0.2 * picture.height)
        return merge_lines(row, free, below=True), row
    row = [
        b
        for b in free
        if not is_upright(b)
        and b.box[2] <= area[0] + 0.8 * height_of(b)
        and area[1] - height_of(b) <= b.center[1] <= area[3] + height_of(b)
    ]
    return merge_lines(row, free, below=False), row


def _inside(box: TextBox, frame: Box) -> bool:
    x, y = box.center
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]


def _entries(picture: Picture, colours: list[int]) -> list[LegendEntry]:
    """Legend entries of the bars' own colours, one a colour."""
    chosen: dict[int, LegendEntry] = {}
    for entry in picture.legend:
        if entry.colour in colours and entry.colour not in chosen:
            chosen[entry.colour] = entry
    return list(chosen.values())


def _is_grouped(
    columns: list[list[Bar]], middles: list[float], labels: list[Label], entries: list[LegendEntry]
) -> bool:
    placed = [label for label in assign_labels(labels, middles) if label is not None]
    if len(labels) >= 0.85 * len(columns) and len(placed) >= 0.85 * len(columns):
        return False
    if len(entries) < 2 and not labels:
        return False
    groups, _ = _groups(columns, middles, labels)
    return all(len({b.colour for b in g}) == len(g) for g in groups) and len(groups) < len(columns)


def _groups(columns: list[list[Bar]], middles: list[float], labels: list[Label]) -> tuple[list[list[Bar]], list[float]]:
    """Neighbouring bars as groups: cut where a colour repeats or the gap is wide."""
    order = np.argsort(middles)
    bars = [columns[int(k)][0] for k in order]
    gaps = [b.across[0] - a.across[1] for a, b in pairwise(bars)]
    wide = _wide(gaps, float(np.median([b.width for b in bars])))
    groups: list[list[Bar]] = [[bars[0]]]
    for bar, gap in zip(bars[1:], gaps, strict=True):
        if gap > wide or any(b.colour == bar.colour for b in groups[-1]):
            groups.append([bar])
        else:
            groups[-1].append(bar)
    by_label = _by_label(bars, labels)
    if by_label is not None and len(by_label) >= 2:
        groups = by_label
    return groups, [float(np.mean([min(b.across[0] for b in g), max(b.across[1] for b in g)])) for g in groups]


def _wide(gaps: list[float], width: float) -> float:
    """The gap that parts groups: between the small and the large gaps."""
    if not gaps:
        return 0.0
    low, high = min(gaps), max(gaps)
    return (low + high) / 2 if high - low > 0.25 * width else high + 1


def _by_label(bars: list[Bar], labels: list[Label]) -> list[list[Bar]] | None:
    """Bars under the label they are nearest to, if that gives every label bars of distinct colours."""
    if len(labels) < 2:
        return None
    groups: dict[int, list[Bar]] = {}
    for bar in bars:
        nearest = min(range(len(labels)), key=lambda k: abs(labels[k].anchors[1] - bar.middle))
        groups.setdefault(nearest, []).append(bar)
    if any(len({b.colour for b in group}) != len(group) for group in groups.values()):
        return None
    return [groups[k] for k in sorted(groups)]


def _names(
    picture: Picture,
    field: BarField,
    placed: list[Label | None],
    middles: list[float],
    labels: list[Label],
    area: Box,
) -> list[str]:
    names = ["" if label is None else label.text for label in placed]
    known = [(m, float(n)) for m, n in zip(middles, names, strict=True) if n.isdigit()]
    missing = [k for k, name in enumerate(names) if not name]
    if missing and len(known) >= 3 and len(known) == len(names) - len(missing):
        slope, offset = np.polyfit([m for m, _ in known], [v for _, v in known], 1)
        if max(abs(slope * m + offset - v) for m, v in known) < 0.3:
            return [name or format_value(round(slope * m + offset)) for name, m in zip(names, middles, strict=True)]
    for k in missing:
        names[k] = _reread_label(picture, field, middles, k, labels, area)
    return [name or f"#{k + 1}" for k, name in enumerate(names)]


def _reread_label(
    picture: Picture, field: BarField, middles: list[float], k: int, labels: list[Label], area: Box
) -> str:
    """A second look where a label should be: under (or left of) its bar, in the band of the others."""
    gaps = np.diff(sorted(middles))
    pitch = float(np.median(gaps)) if len(gaps) else 80.0
    if field.vertical:
        low = min((label.box[1] for label in labels), default=area[3] + 2)
        high = max((label.box[3] for label in labels), default=area[3] + 0.08 * picture.height)
        box = (middles[k] - pitch / 2, low - 3, middles[k] + pitch / 2, high + 3)
        if labels and float(np.median([lb.box[3] - lb.box[1] for lb in labels])) > 1.5 * pitch:
            return picture.reread(box, turns=3)
        return picture.reread(box)
    low = min((label.box[0] for label in labels), default=max(0.0, area[0] - 0.2 * picture.width))
    return picture.reread((low - 12, middles[k] - pitch / 2, area[0] - 1, middles[k] + pitch / 2))


def _printed(picture: Picture, field: BarField, used: list[TextBox]) -> dict[Bar, float]:
    """Values printed at the ends of bars or within them, where they stand alone."""
    taken = {id(box) for box in used}
    numbers = [(b, n) for b in picture.boxes if id(b) not in taken and (n := parse_number(b.text)) is not None]
    found: dict[Bar, float] = {}
    for bar in field.bars:
        best: tuple[float, float] | None = None
        up = abs(bar.along[1] - field.baseline) <= abs(bar.along[0] - field.baseline)
        end = bar.along[0] if up else bar.along[1]
        for box, number in numbers:
            x, y = box.center
            across, along = (x, y) if field.vertical else (y, x)
            low, high = (box.box[1], box.box[3]) if field.vertical else (box.box[0], box.box[2])
            if abs(across - bar.middle) > max(0.5 * bar.width, 0.5 * height_of(box)):
                continue
            gap = low - end if low > end else end - high if high < end else 0.0
            inside = bar.along[0] <= along <= bar.along[1]
            if gap > 1.3 * height_of(box) and not inside:
                continue
            if field.stacked and not inside:
                continue
            if best is None or abs(along - end) < best[0]:
                best = (abs(along - end), number.value)
        if best is not None:
            found[bar] = best[1]
    return found


def _series_order(colours: Counter[int], entries: list[LegendEntry], columns: list[list[Bar]]) -> list[int | None]:
    """Series as the legend lists them; without one, as they stand in the fullest column."""
    order: list[int | None] = [e.colour for e in entries]
    fullest = max(columns, key=len)
    rest = [bar.colour for bar in fullest] + [k for k, _ in colours.most_common()]
    for colour in rest:
        if colour not in order:
            order.append(colour)
    return order


def _values(
    field: BarField,
    scale: Scale | None,
    columns: list[list[Bar]],
    series: list[int | None],
    printed: dict[Bar, float],
) -> tuple[list[list[float | None]], list[list[float]]]:
    agrees = scale is None or _printed_agree(field, scale, printed)
    zero = scale is not None and not scale.log and abs(scale.pixel(0.0) - field.baseline) <= 4
    values: list[list[float | None]] = []
    confidence: list[list[float]] = []
    for colour in series:
        row: list[float | None] = []
        sure: list[float] = []
        for column in columns:
            bars = [b for b in column if colour is None or b.colour == colour]
            if not bars:
                row.append(0.0 if zero else None)
                sure.append(0.5 if zero else 0.0)
                continue
            bar = max(bars, key=lambda b: b.length)
            if agrees and bar in printed:
                row.append(printed[bar])
                sure.append(0.97)
            elif scale is not None:
                row.append(_measure(field, scale, bar))
                sure.append(0.92 if scale.residual < 1.5 and len(scale.ticks) >= 3 else 0.7)
            else:
                row.append(None)
                sure.append(0.0)
        values.append(row)
        confidence.append(sure)
    return values, confidence


def _measure(field: BarField, scale: Scale, bar: Bar) -> float:
    start, end = bar.along
    if field.stacked:
        return abs(scale.value(start) - scale.value(end))
    up = abs(end - field.baseline) <= abs(start - field.baseline)
    end_value = scale.value(start if up else end)
    if not scale.log and abs(scale.pixel(0.0) - field.baseline) <= 4:
        return end_value - scale.value(field.baseline)  # lengths are surer than the middles of tick labels
    return end_value


def _printed_agree(field: BarField, scale: Scale, printed: dict[Bar, float]) -> bool:
    """Printed numbers are the bars' values only if most of them agree with the axis."""
    if not printed:
        return False
    span = abs(scale.value(scale.high) - scale.value(scale.low))
    good = sum(
        abs(_measure(field, scale, bar) - value) <= 0.04 * span + 0.02 * abs(value) for bar, value in printed.items()
    )
    return good >= 0.7 * len(printed)


def _with_empty(
    labels: list[Label],
    placed: list[Label | None],
    names: list[str],
    middles: list[float],
    values: list[list[float | None]],
    confidence: list[list[float]],
    scale: Scale,
    field: BarField,
) -> tuple[list[str], list[list[float | None]], list[list[float]]]:
    """Labels without a bar: a bar of no length."""
    if abs(scale.pixel(0.0) - field.baseline) > 4 or len(middles) < 2:
        return names, values, confidence
    pitch = float(np.median(np.diff(sorted(middles))))
    used = {id(label) for label in placed if label is not None}
    items = list(zip(middles, names, values[0], confidence[0], strict=True))
    for label in labels:
        at = label.anchors[1]
        if id(label) not in used and min(abs(at - m) for m in middles) > 0.7 * pitch:
            steps = [abs(at - m) / pitch for m in middles]
            if min(abs(s - round(s)) for s in steps) < 0.2 and min(steps) < 3.5:
                items.append((at, label.text, 0.0, 0.6))
    items.sort(key=lambda item: item[0])
    return [i[1] for i in items], [[i[2] for i in items]], [[i[3] for i in items]]

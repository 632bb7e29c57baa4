"""From curves to a table: where the categories are, which curve has which name, what the heights say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._axes import Scale
from maestro_graph.embedded.chart._labels import Label, height_of, label_row, merge_lines
from maestro_graph.embedded.chart._legend import LegendEntry, mask_of
from maestro_graph.embedded.chart._lines import Line, find_lines
from maestro_graph.embedded.chart._numbers import format_value
from maestro_graph.embedded.chart._picture import Box, Picture, find_titles
from maestro_graph.embedded.chart._pixels import colour_name
from maestro_graph.embedded.chart._table import Table

__all__ = ["LineChart", "find_line_chart", "line_table"]

_MOST_SAMPLES = 150


@dataclass(frozen=True, slots=True)
class LineChart:
    """Curves with the axis they are measured on."""

    lines: tuple[Line, ...]
    scale: Scale
    area: Box


def find_line_chart(picture: Picture) -> LineChart | None:
    """Curves beside the best vertical axis."""
    for scale in picture.scales(vertical=True)[:2]:
        picture.check()
        area = _plot_area(picture, scale)
        keep_out = mask_of(picture.legend, (picture.height, picture.width))
        lines = find_lines(picture.colours, area, keep_out | _solo_text(picture))
        lines = _with_legend(picture, lines)
        if lines:
            return LineChart(tuple(lines), scale, area)
    return None


def _plot_area(picture: Picture, scale: Scale) -> Box:
    step = (scale.high - scale.low) / max(1, len(scale.ticks) - 1)
    left, right = scale.side + 1, float(picture.width)
    if scale.side > picture.width / 2:
        left, right = 0.0, min(t.box.box[0] for t in scale.ticks) - 1
    bottom = min(scale.high + step, float(picture.height))
    below = [b.box[1] for b in picture.boxes if b.box[1] > scale.high - 2 and left - 20 <= b.center[0] <= right]
    if below:
        bottom = min(bottom, min(below) - 1)
    return left, max(0.0, scale.low - step), right, max(bottom, scale.high + 2)


def _solo_text(picture: Picture) -> NDArray[np.bool_]:
    return picture.colours.text


def _with_legend(picture: Picture, lines: list[Line]) -> list[Line]:
    """Only what a legend names, where it names two or more; else coloured ones before grey rulings."""
    best: dict[int, tuple[float, Line]] = {}
    for line in lines:
        entry = _entry_of(picture, line)
        if entry is None:
            continue
        far = float(np.linalg.norm(np.array(entry.rgb) - picture.colours.palette[line.colour]))
        weight = len(line.xs) / (20.0 + far)
        if id(entry) not in best or weight > best[id(entry)][0]:
            best[id(entry)] = (weight, line)
    if len(best) >= 2:
        chosen = [line for _, line in best.values()]
        clear = [line for line in chosen if not _is_ruling(picture, line)]
        return clear if len(clear) >= 2 else chosen
    coloured = [line for line in lines if float(np.ptp(picture.colours.palette[line.colour])) > 36]
    named = [line for _, line in best.values()]
    return coloured or named or lines


def _is_ruling(picture: Picture, line: Line) -> bool:
    """Whether a line is faint and grey, as the lines of a grid are (a legend's heading may stand beside one)."""
    return picture.colours.contrast(line.colour) < 60 and float(np.ptp(picture.colours.palette[line.colour])) < 16


def _entry_of(picture: Picture, line: Line) -> LegendEntry | None:
    """The legend entry of a line's colour; thin lines are mixtures of that colour with the page."""
    colour = picture.colours.palette[line.colour]
    pages = [picture.colours.palette[k] for k in picture.colours.background]
    best: tuple[float, LegendEntry] | None = None
    for entry in picture.legend:
        full = np.array(entry.rgb, np.float32)
        far = float(np.linalg.norm(full - colour))
        for page in pages:
            far = min(far, _apart(colour - page, full - page))
        if far < 42 and (best is None or far < best[0]):
            best = (far, entry)
    return None if best is None else best[1]


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """How far two inks are from being one, thinned to different degrees (both as seen from the page)."""
    weak, strong = sorted((a, b), key=lambda v: float(np.linalg.norm(v)))
    share = float(np.dot(weak, strong)) / max(1.0, float(np.dot(strong, strong)))
    if share < 0.3:
        return float(np.linalg.norm(a - b))
    return float(np.linalg.norm(share * strong - weak)) + 30 * (1 - share)


def line_table(picture: Picture, chart: LineChart) -> Table | None:
    """The table behind the curves, or `None` where there are no places to read them at."""
    scale = chart.scale
    lines = list(chart.lines)
    span = (float(min(line.xs[0] for line in lines)), float(max(line.xs[-1] for line in lines)))
    ticks = {id(t.box) for t in scale.ticks}
    legend_boxes = [e.box for e in picture.legend if any(_entry_of(picture, line) is e for line in lines)]
    free = [b for b in picture.boxes if id(b) not in ticks and not any(_in(b.center, box) for box in legend_boxes)]
    lowest = max(float(np.max(line.bottom)) for line in lines)
    row = label_row(free, max(lowest, scale.high), below=True, span=span, reach=0.25 * picture.height)
    labels = merge_lines(row, free, below=True)
    names, places, numeric = _places(picture, labels, span, lines)
    if len(names) < 2:
        return None
    pitch = float(np.median(np.diff(places)))
    reach = min(6.0, 0.35 * pitch) + 3
    entries: list[LegendEntry | None] = [_entry_of(picture, line) for line in lines]
    order = sorted(range(len(lines)), key=lambda k: _rank(picture, entries[k]))
    rows = [[_value(scale, lines[k], x, reach) for x in places] for k in order]
    keep = [c for c in range(len(names)) if any(r[c] is not None for r in rows)]
    if len(keep) < 2:
        return None
    sure = 0.9 if scale.residual < 1.5 and len(scale.ticks) >= 3 else 0.7
    titles = find_titles(picture, chart.area, [*row, *(t.box for t in scale.ticks)], axes=True)
    series = [_series_name(picture, lines[k], entries[k], len(lines)) for k in order]
    return Table(
        kind="lines",
        title=titles.title,
        x_label=titles.x_label,
        y_label=titles.y_label,
        unit=scale.unit,
        resolution=scale.resolution,
        series=tuple(name or f"series {k + 1}" for k, name in enumerate(series)) if len(series) > 1 else tuple(series),
        categories=tuple(names[c] for c in keep),
        values=tuple(tuple(r[c] for c in keep) for r in rows),
        confidence=tuple(tuple(sure if r[c] is not None else 0.0 for c in keep) for r in rows),
        series_colours=tuple(colour_name(picture.colours.palette[lines[k].colour]) for k in order),
        numeric_categories=numeric,
    )


def _in(point: tuple[float, float], box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _rank(picture: Picture, entry: LegendEntry | None) -> int:
    for k, other in enumerate(picture.legend):
        if other is entry:
            return k
    return len(picture.legend)


def _value(scale: Scale, line: Line, x: float, reach: float) -> float | None:
    height = line.at(x, reach)
    return None if height is None else scale.value(height - 0.5)


def _series_name(picture: Picture, line: Line, entry: LegendEntry | None, count: int) -> str:
    if entry is not None:
        return entry.text
    if count == 1:
        return ""
    end_x, end_y = float(line.xs[-1]), float((line.top[-1] + line.bottom[-1]) / 2)
    near = [
        b
        for b in picture.boxes
        if 0 <= b.box[0] - end_x < 3 * height_of(b) and abs(b.center[1] - end_y) < 0.8 * height_of(b)
    ]
    return min(near, key=lambda b: abs(b.center[1] - end_y)).text.strip() if near else ""


def _places(
    picture: Picture, labels: list[Label], span: tuple[float, float], lines: list[Line]
) -> tuple[list[str], list[float], bool]:
    """Names and columns to read at: integers of a numeric axis, else the labels themselves."""
    ids = {label.box for label in labels}
    for scale in picture.scales(vertical=False):
        mine = [t for t in scale.ticks if any(_in(t.box.center, box) for box in ids)]
        if len(mine) < max(2, 0.7 * len(labels)) or scale.log:
            continue
        found = _integers(_at_ticks(scale, labels, span), span, lines)
        if found is not None:
            return *found, True
    kind = _anchor_kind(labels, span)
    return [label.text for label in labels], [label.anchors[kind] for label in labels], False


def _at_ticks(scale: Scale, labels: list[Label], span: tuple[float, float]) -> Scale:
    """The axis as read at that part of slanted labels at which the curves begin and end on whole numbers."""
    misses, scales = [], []
    for kind in range(3):
        shift = float(np.median([label.anchors[kind] - label.anchors[1] for label in labels]))
        moved = replace(scale, offset=scale.offset - scale.slope * shift)
        ends = np.array([moved.value(x) for x in span])
        scales.append(moved)
        misses.append(float(np.abs(ends - np.round(ends)).max()))
    best = int(np.argmin(misses))
    return scales[best] if misses[best] < 0.5 * misses[1] and misses[1] > 0.15 else scale


def _integers(scale: Scale, span: tuple[float, float], lines: list[Line]) -> tuple[list[str], list[float]] | None:
    """Whole numbers along a numeric axis, if its labels are whole and they are not too close."""
    if any(t.number.value != round(t.number.value) for t in scale.ticks) or any(t.number.decimals for t in scale.ticks):
        return None
    gaps = np.diff([t.number.value for t in scale.ticks])
    per_unit = abs(1 / scale.slope)
    first, last = sorted((scale.value(span[0]), scale.value(span[1])))
    low = round(first) if abs(first - round(first)) < 0.35 else int(np.ceil(first))
    high = round(last) if abs(last - round(last)) < 0.35 else int(np.floor(last))
    step = 1 if per_unit >= 3.0 and high - low <= _MOST_SAMPLES else int(max(1, abs(np.median(gaps))))
    values = list(range(low, high + 1, step))
    values = values[:: _stride([[line.at(scale.pixel(v), 9.0) for v in values] for line in lines], lines)]
    if len(values) < 2:
        return None
    return [format_value(v) for v in values], [scale.pixel(v) for v in values]


def _stride(heights: list[list[float | None]], lines: list[Line]) -> int:
    """How many whole numbers apart the data are: the longest straight pieces that explain every curve."""
    count = len(heights[0])
    for stride in (20, 10, 8, 5, 4, 3, 2):
        if (count - 1) % stride or (count - 1) // stride < 3:
            continue
        knots = np.arange(0, count, stride)
        for row, line in zip(heights, lines, strict=True):
            known = np.array([np.nan if h is None else h for h in row])
            if np.isnan(known).any():
                break
            miss = np.abs(np.interp(np.arange(count), knots, known[knots]) - known)
            usual = max(2.0, 0.8 * line.thickness)  # corners of thick strokes are read less exactly
            if np.percentile(miss, 80) > usual or miss.max() > 3 * usual:
                break
        else:
            return stride
    return 1


def _anchor_kind(labels: list[Label], span: tuple[float, float]) -> int:
    """Which part of slanted labels stands at the tick: the one that meets the curve's ends."""
    if len(labels) < 2:
        return 1
    misses = [
        min(abs(labels[0].anchors[k] - span[0]), 40) + min(abs(labels[-1].anchors[k] - span[1]), 40) for k in range(3)
    ]
    return 1 if misses[1] <= min(misses) + 1 else int(np.argmin(misses))

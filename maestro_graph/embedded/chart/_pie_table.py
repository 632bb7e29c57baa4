"""From sectors to a table: names by legend or by nearness, shares by angle or as printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from maestro_graph.embedded.chart._legend import LegendEntry
from maestro_graph.embedded.chart._numbers import parse_number
from maestro_graph.embedded.chart._picture import Picture, find_titles
from maestro_graph.embedded.chart._pie import Pie, Sector
from maestro_graph.embedded.chart._pixels import colour_name
from maestro_graph.embedded.chart._table import Table
from maestro_graph.embedded.ocr import TextBox

__all__ = ["pie_table"]

_TAIL_NUMBER = re.compile(r"^(?P<name>.*?)[\s:,;(\[|–-]*(?P<num>[$€£]?\d[\d.,]*\s*[%kKMB]?)\s*[)\]]?$")


MOSTLY_PRINTED = 0.6  # of the circle: sectors with printed amounts that can speak for the others


@dataclass(slots=True)
class _Note:
    """What stands at a sector: words and numbers, as printed."""

    words: list[tuple[float, str]]
    numbers: list[tuple[float, str]]


def pie_table(picture: Picture, pie: Pie) -> Table | None:
    """The table behind a pie: what is printed where it agrees with the angles, else per cent."""
    sectors = _from_top(list(pie.sectors))
    entries = _by_colour(picture, pie, sectors)
    frame = (pie.x - pie.radius, pie.y - pie.radius, pie.x + pie.radius, pie.y + pie.radius)
    in_legend = [b for b in picture.boxes if any(_in(b, e) for e in entries.values())]
    titles = find_titles(
        picture, (frame[0], _text_top(picture, pie, in_legend), frame[2], frame[3]), in_legend, axes=False
    )
    taken = {id(b) for b in (*titles.boxes, *in_legend)}
    notes = _notes(pie, sectors, [b for b in picture.boxes if id(b) not in taken])
    names = []
    for k in range(len(sectors)):
        words = " ".join(text for _, text in sorted(notes[k].words))
        entry = entries.get(k)
        legend_name, legend_number = _parted(entry.text) if entry else ("", "")
        names.append(legend_name or words)
        if legend_number and not notes[k].numbers:
            notes[k].numbers.append((0.0, legend_number))
    if not any(names):
        return None
    values, unit, exact = _shares(sectors, notes)
    return Table(
        kind="pie",
        title=titles.title,
        unit=unit,
        resolution=0.0 if exact else 0.1,
        series=("",),
        categories=tuple(name or f"#{k + 1}" for k, name in enumerate(names)),
        values=(tuple(values),),
        confidence=(tuple(0.97 if exact else 0.9 for _ in values),),
        category_colours=tuple(colour_name(picture.colours.palette[s.colour]) for s in sectors),
    )


def _from_top(sectors: list[Sector]) -> list[Sector]:
    """In the order in which people read them: clockwise from the top."""
    return sorted(sectors, key=lambda s: (s.start + 0.25 + 0.004) % 1.0)


def _text_top(picture: Picture, pie: Pie, legend: list[TextBox]) -> float:
    """Where the title must end: above the disc and above labels near its rim."""
    return pie.y - pie.radius + 0.02 * picture.height


def _in(box: TextBox, entry: LegendEntry) -> bool:
    x, y = box.center
    return entry.box[0] <= x <= entry.box[2] and entry.box[1] <= y <= entry.box[3]


def _by_colour(picture: Picture, pie: Pie, sectors: list[Sector]) -> dict[int, LegendEntry]:
    """Legend entries by sector: the best pairing of colours with entries outside the disc."""
    from scipy.optimize import linear_sum_assignment

    free = [e for e in picture.legend if pie.distance(*_middle(e.swatch)) > 1.03]
    if len(free) < 2:
        return {}
    colours = picture.colours.palette[[s.colour for s in sectors]]
    far = np.linalg.norm(colours[:, None] - np.array([e.rgb for e in free])[None], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(far, 120.0))
    found = {int(k): free[j] for k, j in zip(rows, columns, strict=True) if far[k, j] < 70}
    return found if len(found) >= 2 else {}


def _middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _parted(text: str) -> tuple[str, str]:
    """`Name (12.3%)` as name and number; a year at the end of a name stays with it."""
    match = _TAIL_NUMBER.match(text.strip())
    if (
        match
        and match["name"].strip()
        and ("%" in match["num"] or re.search(r"[:(,\[|]\s*\S+$", text) or "." in match["num"])
    ):
        return match["name"].strip(" :,;(-–"), match["num"].strip()
    return text.strip(), ""


def _notes(pie: Pie, sectors: list[Sector], boxes: list[TextBox]) -> list[_Note]:
    notes = [_Note([], []) for _ in sectors]
    for box in boxes:
        far = pie.distance(*box.center)
        left, top, right, bottom = box.box
        nearest = pie.distance(min(max(pie.x, left), right), min(max(pie.y, top), bottom))
        if nearest > 1.75 or (pie.hole and far * pie.radius < 0.6 * pie.hole):
            continue
        if nearest > 1.02:  # outside: the point of the text that is nearest to the rim tells the sector
            turn = pie.turn(_toward(pie.x, left, right), _toward(pie.y, top, bottom))
            k = _closest(sectors, (pie.turn(*box.center), turn))
        else:
            k = _closest(sectors, (pie.turn(*box.center),))
        text = box.text.strip()
        if parse_number(text) is not None and not (text.isdigit() and nearest > 1.02 and len(text) == 4):
            notes[k].numbers.append((top, text))
            continue
        name, number = _parted(text)
        notes[k].words.append((top, name))
        if number:
            notes[k].numbers.append((top, number))
    return notes


def _toward(centre: float, low: float, high: float) -> float:
    return (low + high + 2 * min(max(centre, low), high)) / 4


def _closest(sectors: list[Sector], turns: tuple[float, ...]) -> int:
    """The sector whose middle is nearest, among those that hold one of the directions."""
    holding = [k for k, s in enumerate(sectors) if any(s.holds(t) for t in turns)]
    pool = holding or list(range(len(sectors)))
    return min(
        pool, key=lambda k: min(abs((t - sectors[k].middle + 0.5) % 1.0 - 0.5) / sectors[k].share for t in turns)
    )


def _shares(sectors: list[Sector], notes: list[_Note]) -> tuple[list[float | None], str, bool]:
    """Printed per cents or amounts if they agree with the angles; else the angles, in per cent."""
    angles = [100 * s.share for s in sectors]
    for percent in (True, False):
        printed: list[float] = []
        unit = "%" if percent else ""
        for note in notes:
            numbers = [n for _, text in note.numbers if (n := parse_number(text)) is not None]
            chosen = [n for n in numbers if (n.unit == "%") == percent]
            if len(chosen) != 1 and chosen:
                chosen = chosen[:1]
            if not chosen:
                break
            printed.append(chosen[0].value)
            unit = chosen[0].unit or unit
        if len(printed) != len(sectors) or sum(printed) <= 0:
            continue
        total = sum(printed)
        if all(abs(100 * p / total - a) <= 1.5 + 0.05 * a for p, a in zip(printed, angles, strict=True)):
            return list(printed), unit, True
    if (amounts := _amounts(sectors, notes)) is not None:
        return amounts, "", False
    mixed: list[float | None] = []
    for note, angle in zip(notes, angles, strict=True):
        near = [
            n.value
            for _, text in note.numbers
            if (n := parse_number(text)) is not None and n.unit == "%" and abs(n.value - angle) <= 2.0
        ]
        mixed.append(near[0] if near else angle)
    return mixed, "%", False


def _amounts(sectors: list[Sector], notes: list[_Note]) -> list[float | None] | None:
    """Amounts where only the larger sectors have theirs printed: these give the whole, the angles give the rest."""
    printed: dict[int, float] = {}
    for index, note in enumerate(notes):
        numbers = [n for _, text in note.numbers if (n := parse_number(text)) is not None]
        if len(numbers) == 1 and numbers[0].unit != "%" and numbers[0].value > 0:
            printed[index] = numbers[0].value
    covered = sum(sectors[index].share for index in printed)
    if len(printed) < 2 or covered < MOSTLY_PRINTED:
        return None
    whole = sum(printed.values()) / covered
    if any(abs(value - whole * sectors[index].share) > 0.03 * value for index, value in printed.items()):
        return None
    digits = 0 if all(value.is_integer() for value in printed.values()) else 2
    return [printed.get(index, round(whole * sector.share, digits)) for index, sector in enumerate(sectors)]

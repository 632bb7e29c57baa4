"""Carrying out a plan on a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import assert_never

from maestro_graph.embedded.reader._layout import Cell, Page, Row
from maestro_graph.embedded.reader._lookup import Found, item_rows, look_up
from maestro_graph.embedded.reader._questions import (
    Count,
    Extreme,
    Field,
    Mention,
    Neighbour,
    Ordinal,
    Plan,
    Region,
    Reverse,
    Title,
    Transcribe,
)
from maestro_graph.embedded.reader._surroundings import colour_behind
from maestro_graph.embedded.reader._values import amount
from maestro_graph.embedded.reader._words import alike, phrase_match, tokens
from maestro_graph.images import MaestroImage

__all__ = ["Reading", "answer_plan"]

MIN_CONFIDENCE = 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer out of one page."""

    answer: str
    confidence: float
    why: str
    how: str


def answer_plan(plan: Plan, page: Page, image: MaestroImage) -> Reading | None:
    """The answer, or None where the page does not hold it."""
    match plan:
        case Transcribe():
            return _transcribe(plan, page, image)
        case Ordinal():
            return _ordinal(plan, page)
        case Title():
            return _title(page)
        case Count():
            return _count(plan, page)
        case Neighbour():
            return _neighbour(plan, page)
        case Mention():
            return _mention(plan, page)
        case Extreme():
            return _extreme(plan, page)
        case Reverse():
            return _reverse(plan, page)
        case Field():
            return _field(plan, page)
        case _:
            assert_never(plan)


def _sure(rows: Sequence[Row]) -> float:
    letters = sum(len(row.text) for row in rows)
    return sum(row.score * len(row.text) for row in rows) / max(1, letters)


def _transcribe(plan: Transcribe, page: Page, image: MaestroImage) -> Reading | None:
    lines = list(page.lines)
    how, trust = "transcription", 0.95
    region = plan.region
    if region.colour is not None:
        coloured = [row for row in lines if colour_behind(image, page.boxes[row.cells[0].source]) == region.colour]
        if not coloured and region.colour not in ("black", "white", "gray"):
            return None
        lines, trust = (coloured, 0.9) if coloured else (lines, 0.5)
    lines = _within(lines, region, page) or lines
    text = " ".join(row.text for row in lines)
    return Reading(text, trust * _sure(lines), f"The text reads: {text!r}.", how) if text else None


def _within(lines: list[Row], region: Region, page: Page) -> list[Row]:
    def inside(row: Row) -> bool:
        x = sum(cell.centre for cell in row.cells) / len(row.cells) / page.width
        y = row.middle / page.height
        vertical = {"top": y < 0.4, "bottom": y > 0.6, "middle": 0.3 < y < 0.7, None: True}[region.vertical]
        across = {"left": x < 0.5, "right": x > 0.5, None: True}[region.horizontal]
        return vertical and across

    return [row for row in lines if inside(row)]


def _title_rows(page: Page) -> list[Row]:
    """The lines in the largest letters, or the first line where nothing is clearly larger."""
    lines = page.lines
    upper = [row for row in lines if sum(c.isalpha() for c in row.text) > 1]
    if not upper:
        return []
    largest = max(upper, key=lambda row: row.size)
    first = upper[0] if upper[0].size >= 0.78 * largest.size else largest
    start = lines.index(first)
    title = [first]
    ordinary = median([row.size for row in lines])
    for row in lines[start + 1 :]:
        big = row.size > 1.25 * ordinary and abs(row.size - first.size) < 0.2 * first.size
        if not big or row.top - title[-1].bottom > row.height:
            break
        title.append(row)
    return title


def _title(page: Page) -> Reading | None:
    rows = _title_rows(page)
    if not rows:
        return None
    text = " ".join(row.text for row in rows)
    clear = rows[0] is page.lines[0] or rows[0].size > 1.25 * median([row.size for row in page.lines])
    return Reading(text, (0.9 if clear else 0.6) * _sure(rows), f"The heading is {text!r}.", "title")


def _units(unit: str, rows: Sequence[Row], page: Page) -> list[tuple[str, float]]:
    """The text cut into units, each with its OCR score."""
    if unit in ("line", "row", "bullet", "bullet point", "step", "option"):
        return [(row.text, row.score) for row in rows]
    if unit == "word":
        return [(w, row.score) for row in rows for w in re.findall(r"\S*\w\S*", row.text)]
    if unit in ("letter", "character"):
        return [(c, row.score) for row in rows for c in row.text if c.isalnum()]
    if unit == "number":
        return [(n, row.score) for row in rows for n in re.findall(r"\d+(?:[.,]\d+)*", row.text)]
    if unit == "sentence":
        text = " ".join(row.text for row in rows)
        return [(s, _sure(rows)) for s in re.split(r"(?<=[.!?])\s+", text) if s]
    if unit == "paragraph":
        groups = [g for g in page.paragraphs if set(g) & set(rows)]
        return [(" ".join(row.text for row in g), _sure(g)) for g in groups]
    if unit in ("item", "entry"):
        items = item_rows(page)
        return [(name, cell.score) for name, _, _, cell in items] or _units("line", rows[1:], page)
    if unit == "heading":
        big = [row for row in rows if row.height > 1.15 * page.line_height] or list(rows[:1])
        return [(row.text, row.score) for row in big]
    if unit == "column":
        header = next((row for row in rows if len(row.cells) > 1), None)
        return [(c.text, c.score) for c in header.cells] if header else []
    return []


def _numbered(page: Page, number: int) -> Reading | None:
    """The entry that begins with its printed number."""
    for row in page.lines:
        match = re.match(rf"\W*(?:\w+\s)?{number}\s*[.):\-]\s*(?P<rest>\D.*)", row.text)
        if match:
            return Reading(match["rest"].strip(), 0.9 * row.score, f"Entry {number}.", "numbered")
    return None


def _ordinal(plan: Ordinal, page: Page) -> Reading | None:
    if plan.unit == "numbered":
        return _numbered(page, plan.index + 1) or _ordinal(Ordinal("item", plan.index), page)
    rows: Sequence[Row] = page.lines
    score = 1.0
    if isinstance(plan.inside, Title):
        rows = _title_rows(page)
    elif isinstance(plan.inside, Ordinal):
        outer = _ordinal(plan.inside, page)
        if outer is None:
            return None
        cell = Cell(outer.answer, 0, 1, 0, 1, outer.confidence, 0)
        rows, score = [Row((cell,))], 1.0
    units = _units(plan.unit, rows, page)
    if not -len(units) <= plan.index < len(units):
        return None
    text, score = units[plan.index]
    if plan.unit == "word":
        text = text.strip(".,;:!?\"'“”()")
    return Reading(text, 0.92 * score, f"Counting the text by {plan.unit}s.", f"{plan.unit} {plan.index}")


def _count(plan: Count, page: Page) -> Reading | None:
    if plan.unit == "times":
        wanted = tokens(plan.of)
        words = tokens(page.text)
        if not wanted:
            return None
        number = sum(words[i : i + len(wanted)] == wanted for i in range(len(words)))
    elif plan.unit == "item":
        number = len(item_rows(page))
        if not number:
            return None
    else:
        rows = _title_rows(page) if plan.of == "title" else page.lines
        number = len(_units(plan.unit, rows, page))
    trust = 0.6 if plan.unit in ("letter", "sentence", "paragraph") else 0.85
    return Reading(
        str(number), trust * _sure(page.lines), f"Counted {plan.unit}s in the text.", f"count of {plan.unit}"
    )


def _neighbour(plan: Neighbour, page: Page) -> Reading | None:
    wanted = tokens(plan.anchor)
    best: tuple[float, int, Cell, int, int] | None = None
    for index, row in enumerate(page.lines):
        for cell in row.cells:
            score, start, end = phrase_match(wanted, tokens(cell.text))
            if score > (best[0] if best else 0.75):
                best = (score, index, cell, start, end)
    if best is None:
        return None
    score, index, cell, start, end = best
    found = _beside(plan, page, index, cell, start, end)
    if not found:
        return None
    return Reading(
        found, 0.85 * score * cell.score, f"{plan.where.capitalize()} {cell.text!r} stands {found!r}.", plan.where
    )


def _beside(plan: Neighbour, page: Page, index: int, cell: Cell, start: int, end: int) -> str | None:
    words = re.findall(r"\S*\w\S*", cell.text)
    row = page.lines[index]
    at = row.cells.index(cell)
    line = plan.unit == "line"
    if plan.where in ("after", "right") and not line:
        rest = words[end:]
        if rest:
            return rest[0].strip(".,;:") if plan.unit == "word" else " ".join(rest)
        if at + 1 < len(row.cells):
            return row.cells[at + 1].text
    if plan.where in ("before", "left") and not line:
        rest = words[:start]
        if rest:
            return rest[-1].strip(".,;:") if plan.unit == "word" else " ".join(rest)
        if at:
            return row.cells[at - 1].text
    if plan.where in ("right", "left"):
        return None
    if plan.where in ("below", "above"):
        under = [c for c in page.cells if (cell.above(c) if plan.where == "below" else c.above(cell))]
        return min(under, key=lambda c: abs(c.middle - cell.middle)).text if under else None
    step = 1 if plan.where == "after" else -1
    other = index + step
    if not 0 <= other < len(page.lines):
        return None
    text = page.lines[other].text
    if plan.unit == "word":
        return text.split()[0 if step == 1 else -1].strip(".,;:")
    return text


def _mention(plan: Mention, page: Page) -> Reading | None:
    wanted = tokens(plan.what)
    if not wanted:
        return None
    words = tokens(page.text)
    score, _, _ = phrase_match(wanted, words)
    if len(wanted) == 1 and score < 1.0:
        score = max((alike(wanted[0], w) for w in words), default=0.0)
    squeezed = "".join(wanted) in "".join(words) and len("".join(wanted)) >= 5
    yes = score >= 0.9 or squeezed
    trust = 0.9 if yes or score < 0.7 else 0.6
    answer = "yes" if yes else "no"
    return Reading(answer, trust * _sure(page.lines), f"Looked for {plan.what!r} in the text.", "mention")


def _extreme(plan: Extreme, page: Page) -> Reading | None:
    items = item_rows(page)
    if len(items) < 2:
        return None
    pick = (max if plan.largest else min)(items, key=lambda item: item[2])
    name, price, _, cell = pick
    why = f"Of {len(items)} items, {name!r} at {price} is the {'dearest' if plan.largest else 'cheapest'}."
    return Reading(price if plan.value else name, 0.85 * cell.score, why, "extreme")


def _reverse(plan: Reverse, page: Page) -> Reading | None:
    wanted = amount(plan.value)
    for name, price, number, cell in item_rows(page):
        if wanted is not None and abs(number - wanted) < 0.005:
            return Reading(name, 0.9 * cell.score, f"{name!r} is priced at {price}.", "reverse")
    return None


def _field(plan: Field, page: Page) -> Reading | None:
    found = look_up(page, plan)
    if found is None or found.confidence < MIN_CONFIDENCE:
        return None
    if plan.expected is not None:
        return _compare(plan.expected, found)
    label = f"Label {found.label!r}" if found.label else "By its form"
    return Reading(found.text, found.confidence, f"{label} ({found.how}).", found.how)


def _compare(expected: str, found: Found) -> Reading:
    a, b = amount(expected), amount(found.text)
    same = a == b if a is not None and b is not None else tokens(expected) == tokens(found.text)
    why = f"The text gives {found.text!r}."
    return Reading("yes" if same else "no", found.confidence, why, "compare")

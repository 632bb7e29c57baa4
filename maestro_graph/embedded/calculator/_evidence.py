"""Numbers that other experts brought: "add 10 to that", "the sum of these numbers", "the two amounts".

The question is rewritten with the found numbers in place of the words that point at them, and then solved as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._followups import left_to_do
from maestro_graph.embedded.calculator._numbers import clean
from maestro_graph.evidence import Evidence, Json

__all__ = ["filled_in", "points_at_evidence"]

_NUMBER = re.compile(r"(?<![\w.])[$€£]?\s?-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s?%)?(?![\w])")
_THING = (
    r"(?:numbers?|values?|amounts?|results?|answers?|totals?|sums?|figures?|prices?|counts?|quantit(?:y|ies)"
    r"|readings?|ones?|items?|entries|bars?|points?|slices?|sectors?)"
)
_PLACE = r"(?: (?:of|in|from|on|shown in) (?:the|this) (?:chart|table|picture|image|list|receipt|graph))?"
_ONE = re.compile(
    rf"\b(?:(?:that|this|the (?:previous|last|above|given|found|resulting))"
    rf"(?: {_THING})?"
    r"|the (?:result|answer|total|amount|sum|price|count|number|value)"
    r"(?! (?:of|to|between|in)\b)|it)\b(?! (?:is|was)\b)",
    re.IGNORECASE,
)
_MANY = re.compile(
    rf"\b(?:(?:all )?(?:of )?(?:these|those|the (?:two|three|four|2|3|4|previous|above|given|found))(?: {_THING})?"
    rf"|(?:all(?: of)?(?: the)?|both|the) {_THING}|these|those|them|both)(?! (?:of|between|from|in) [^tT])"
    rf"(?<!the sum)(?<!the total)(?<!the number){_PLACE}(?=\W|$)",
    re.IGNORECASE,
)
_FROM_TABLE = re.compile(
    r"\b(?:sum|total|average|mean|median|maximum|minimum|range|product|difference|ratio|add|subtract)\b", re.IGNORECASE
)
_COUNTED = {"two": 2, "three": 3, "four": 4, "both": 2, "2": 2, "3": 3, "4": 4}


def points_at_evidence(question: str) -> bool:
    """Whether the question speaks of something that was found before."""
    said = _ONE.search(question) or _MANY.search(question) or _FROM_TABLE.search(question)
    return bool(said) or any(True for _ in left_to_do(question, "1"))


def filled_in(question: str, evidence: Sequence[Evidence]) -> list[str]:
    """The question with the found numbers in the place of what points at them; the latest evidence first."""
    usable = [item for item in reversed(evidence) if item.ok]
    found: list[str] = []
    for item in usable:
        values = _table_values(item.details)
        found.extend(_named(question, item.details))
        numbers = values or _numbers_in(item)
        if numbers and _MANY.search(question) and not _named(question, item.details):
            found.extend(_many(question, numbers))
    single = next((number for item in usable if (number := _single(item)) is not None), None)
    if single is not None and _ONE.search(question):
        found.append(_ONE.sub(single, question, count=1))
    if single is not None:
        found.extend(left_to_do(question, single))
    across = [number for item in reversed(usable) if (number := _single(item)) is not None]
    if len(across) > 1 and _MANY.search(question):
        found.extend(_many(question, across))
    return list(dict.fromkeys(found))


def _many(question: str, numbers: Sequence[str]) -> list[str]:
    match = _MANY.search(question)
    if match is None or len(numbers) > 60:
        return []
    wanted = next((count for word, count in _COUNTED.items() if re.search(rf"\b{word}\b", match.group(0), re.I)), None)
    if wanted is not None and wanted != len(numbers):
        return []
    listed = ", ".join(numbers[:-1]) + (" and " if len(numbers) > 1 else "") + numbers[-1]
    return [question[: match.start()] + listed + question[match.end() :]]


def _single(item: Evidence) -> str | None:
    """The one number of an evidence's answer with its unit, or of its text where that holds only one."""
    for text in (item.answer, item.text):
        if text:
            numbers = _numbers_of(text)
            if len(numbers) == 1:
                unit = re.search(r"\d\s*(°?[A-Za-zµ]+(?:/[A-Za-z]+)?)\b", clean(text))
                known = unit is not None and _units.find(unit.group(1).split("/")[0]) is not None
                return f"{numbers[0]} {unit.group(1)}" if unit is not None and known else numbers[0]
            if numbers:
                return None
    return None


def _numbers_in(item: Evidence) -> list[str]:
    for text in (item.answer, item.text):
        if text and (numbers := _numbers_of(text)):
            return numbers
    return []


def _numbers_of(text: str) -> list[str]:
    return [re.sub(r"[\s,]", "", match.group(0)) for match in _NUMBER.finditer(clean(text))][:60]


def _written(value: float) -> str:
    exact = Fraction(value).limit_denominator(10**6)
    return str(exact.numerator) if exact.denominator == 1 else f"{value:.10g}"


def _table(details: Mapping[str, Json]) -> tuple[list[str], list[str], list[list[float | None]]] | None:
    table = details.get("table")
    if not isinstance(table, dict):
        return None
    series, categories, values = table.get("series"), table.get("categories"), table.get("values")
    if not (isinstance(series, list) and isinstance(categories, list) and isinstance(values, list)):
        return None
    rows = [
        [float(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else None for cell in row]
        for row in values
        if isinstance(row, list)
    ]
    if len(rows) != len(series) or any(len(row) != len(categories) for row in rows):
        return None
    return [str(name) for name in series], [str(name) for name in categories], rows


def _table_values(details: Mapping[str, Json]) -> list[str]:
    """All values of a table of one row; a table of several rows has no single list."""
    table = _table(details)
    if table is None or len(table[2]) != 1 or any(cell is None for cell in table[2][0]):
        return []
    return [_written(cell) for cell in table[2][0] if cell is not None]


def _named(question: str, details: Mapping[str, Json]) -> list[str]:
    """The question with names of categories replaced by their values: "the difference between Mon and Tue"."""
    table = _table(details)
    if table is None:
        return []
    series, categories, rows = table
    cells = {
        **({name: rows[0][index] for index, name in enumerate(categories)} if len(rows) == 1 else {}),
        **({name: rows[index][0] for index, name in enumerate(series)} if len(categories) == 1 else {}),
    }
    text, used = question, 0
    for name in sorted(cells, key=len, reverse=True):
        value = cells[name]
        if not name.strip() or value is None:
            continue
        text, count = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", f" {_written(value)} ", text, flags=re.IGNORECASE)
        used += count
    text = re.sub(rf"\bthe {_THING} (?:of|for) (?=\s*\d)", " ", text, flags=re.IGNORECASE)
    text = re.sub(rf"\b{_THING} (?:of|for) (?=\s*\d)", " ", text, flags=re.IGNORECASE) if "sum" not in text else text
    return [re.sub(r"\s+", " ", text)] if used else []

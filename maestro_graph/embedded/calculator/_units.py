"""The table of units: a small declarative file of our own instead of a dependency.

About eighty units and exact fractions do not need `pint` and what it depends on.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

import yaml

__all__ = ["Unit", "all_names", "find", "is_currency", "unit"]

CURRENCIES = frozenset({"money", "euro money", "sterling"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit.

    Attributes:
        name: full name in the singular.
        symbol: how answers write it.
        group: heading in the table ("length", "area", …).
        dimension: exponents of the base dimensions, sorted by name.
        factor: how many base units it is; `None` for the radian (180/pi).
        offset: added after the factor (temperatures).
    """

    name: str
    symbol: str
    group: str
    dimension: tuple[tuple[str, int], ...]
    factor: Fraction | None
    offset: Fraction = Fraction(0)


@cache
def _table() -> tuple[dict[str, Unit], dict[str, str], dict[str, str]]:
    raw = yaml.safe_load(files("maestro_graph.embedded.calculator").joinpath("data/units.yaml").read_text("utf-8"))
    units: dict[str, Unit] = {}
    symbols: dict[str, str] = {}
    words: dict[str, str] = {}
    for group, entry in raw.items():
        dimension = tuple(sorted(entry.get("dimension", {group: 1}).items()))
        for name, record in entry["units"].items():
            factor = None if record["factor"] == "180/pi" else Fraction(record["factor"])
            written = (record["symbols"] or [name])[0]
            units[name] = Unit(name, written, group, dimension, factor, Fraction(record.get("offset", "0")))
            symbols.update(dict.fromkeys(record["symbols"], name))
            for word in record["words"]:
                words[word] = words[_plural(word)] = name
    return units, symbols, words


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "ch")):
        return word + "es" if not word.endswith("s") else word
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


def find(text: str) -> Unit | None:
    """The unit that is written so: symbols by case, words without."""
    units, symbols, words = _table()
    name = symbols.get(text) or words.get(text.lower())
    return None if name is None else units[name]


def unit(name: str) -> Unit:
    """The unit of this full name."""
    return _table()[0][name]


def is_currency(name: str) -> bool:
    return unit(name).group in CURRENCIES


@cache
def all_names() -> tuple[str, ...]:
    """Every spelling, longest first, for patterns that look for units in running text."""
    _, symbols, words = _table()
    return tuple(sorted({*symbols, *words}, key=len, reverse=True))

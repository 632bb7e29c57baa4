"""Receipts and forms: what is on them as data, and line by line as it is printed."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic.ocr._words import code, goods, place, word

__all__ = ["form", "money", "printed_cents", "printed_value", "receipt"]

FIELDS = ("Reference", "Applicant", "Town", "Date", "Amount", "Account", "Room")
NAMES = (
    "M. Alder",
    "R. Birch",
    "S. Cole",
    "T. Dean",
    "U. Ellis",
    "V. Frost",
    "W. Gray",
    "A. Hill",
    "B. Irons",
    "C. Joyce",
)
PRICE = re.compile(r"(\d+)\.(\d\d)$")


def money(cents: int) -> str:
    """Cents as written on a receipt."""
    return f"{cents // 100}.{cents % 100:02d}"


def receipt(rng: Random, split: Split) -> dict[str, Any]:
    """Goods with prices, subtotal, tax and total."""
    names = goods(rng, split, rng.randint(4, 7))
    prices = rng.sample(range(85, 1900), len(names))
    tax = sum(prices) * rng.choice((5, 8, 10, 20)) // 100
    day = f"{rng.randint(10, 28)}/{rng.randint(10, 12)}/20{rng.randint(10, 26)}"
    data = {
        "shop": word(rng, split),
        "items": dict(zip(names, prices, strict=True)),
        "tax": tax,
        "date": day,
        "number": code(rng),
        "town": place(rng, split),
    }
    lines = [
        *(["", str(data["shop"])], ["", str(data["town"])], ["Date", day], ["Receipt", str(data["number"])], ["-", ""]),
        *([name, money(price)] for name, price in zip(names, prices, strict=True)),
        *(["-", ""], ["Subtotal", money(sum(prices))], ["Tax", money(tax)], ["TOTAL", money(sum(prices) + tax)]),
    ]
    return {"data": data, "lines": [list(line) for line in lines]}


def form(rng: Random, split: Split) -> dict[str, Any]:
    """A form: names of fields and what is filled in."""
    filled = {
        "Reference": code(rng),
        "Applicant": rng.choice(NAMES),
        "Town": place(rng, split),
        "Account": code(rng),
        "Date": f"{rng.randint(10, 28)}/{rng.randint(10, 12)}/20{rng.randint(10, 26)}",
        "Amount": money(rng.randint(10_000, 990_000)),
        "Room": str(rng.randint(101, 989)),
    }
    names = rng.sample(FIELDS, rng.randint(5, len(FIELDS)))
    return {"data": {name: filled[name] for name in names}, "lines": [[name, filled[name]] for name in names]}


def printed_value(lines: Any, name: str) -> str:
    """What is printed beside a name."""
    return next(str(right) for left, right in lines if left == name)


def printed_cents(lines: Any, name: str) -> int:
    """The price printed beside a name, in cents."""
    found = PRICE.search(printed_value(lines, name))
    return 0 if found is None else int(found[1]) * 100 + int(found[2])

"""Numbers as charts print them, and numbers as people write them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["Number", "format_value", "parse_number"]

_SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "g": 1e9,
    "billion": 1e9,
    "t": 1e12,
}
_NUMBER = re.compile(
    r"^(?P<s1>[-−–—‐+]?)\s*(?P<cur>[$€£¥]?)\s*(?P<s2>[-−–—‐]?)"
    r"(?P<num>\d{1,3}(?:[, '’]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?:[eE×xX]\s*(?:10\^?)?(?P<exp>[-−+]?\d{1,2}))?"
    r"\s*(?P<scale>k|K|M|B|bn|Bn|G|T|mio|Mio|thousand|million|billion)?\s*(?P<unit>%|°[CF]?|[$€£¥])?$"
)
_LOOKS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "|": "1", "S": "5", "U": "0", "Q": "0"})


@dataclass(frozen=True, slots=True)
class Number:
    """A printed number.

    Attributes:
        value: what it says, scale words included (`2k` is 2000).
        unit: the sign printed with it.
        others: what else the print may have said, where a reader easily loses a sign or a point.
        decimals: digits printed after the point.
    """

    value: float
    unit: str
    others: tuple[float, ...]
    decimals: int


def parse_number(text: str) -> Number | None:
    """The number that a text is, or `None` where it is something else. Dates and labels are none."""
    cleaned = (
        text.strip().strip("-–—_|'`·.:;~ ") if not text.strip().startswith(("-", "−", "–", "—", ".")) else text.strip()
    )
    cleaned = cleaned.rstrip("-–—_|'`·.:;~ ").replace("，", ",").replace("％", "%")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = cleaned[1:-1]
    match = _NUMBER.match(cleaned)
    if match is None:
        digits = sum(c.isdigit() for c in cleaned)
        if not cleaned or len(cleaned) > 8 or (digits < len(cleaned) / 2 and cleaned not in {"O", "o"}):
            return None
        match = _NUMBER.match(cleaned.translate(_LOOKS))
        if match is None:
            return None
    digits_text = match["num"]
    others: list[float] = []
    scale = _SCALES.get((match["scale"] or "").lower(), 1.0) * (10.0 ** int((match["exp"] or "0").replace("−", "-")))
    if re.fullmatch(r"\d{1,3}(?:[, '’]\d{3})+(?:\.\d+)?", digits_text):
        value = float(re.sub(r"[, '’]", "", digits_text))
        if digits_text.count(",") == 1 and "." not in digits_text:
            others.append(float(digits_text.replace(",", ".")))
    else:
        value = float(digits_text.replace(",", "."))
        if digits_text.startswith("0") and len(digits_text) > 1 and digits_text.isdigit():
            others.append(value / 10 ** (len(digits_text) - 1))
    decimals = len(digits_text.rsplit(".", 1)[1]) if "." in digits_text else 0
    negative = (match["s1"] or match["s2"]) not in ("", "+")
    value, others = value * scale, [other * scale for other in others]
    if negative:
        value, others = -value, [-other for other in others]
    if value:
        others.append(-value)
    if not math.isfinite(value):
        return None
    return Number(value, match["cur"] or match["unit"] or "", tuple(others), decimals)


def format_value(value: float, resolution: float = 0.0) -> str:
    """A number as a person would write it, to the precision that a pixel's worth (`resolution`) allows."""
    if not math.isfinite(value):
        return str(value)
    if resolution > 0:
        decimals = max(0, min(6, -math.floor(math.log10(resolution))))
    else:
        size = abs(value)
        decimals = 0 if size >= 1000 else 2 if size >= 1 or size == 0 else 2 - math.floor(math.log10(size))
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text

"""Typed values in text: money, dates, times, telephone numbers, addresses, names …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Value", "amount", "find_values", "fit"]

Kind = Literal[
    "money",
    "date",
    "time",
    "phone",
    "email",
    "url",
    "percent",
    "number",
    "year",
    "code",
    "name",
    "address",
    "text",
    "measure",
    "spelled",
]

MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|[o0]ct(?:ober)?|"
    "n[o0]v(?:ember)?|dec(?:ember)?"
)
CURRENCY = r"[$€£¥₹₩₽]|USD|EUR|GBP|CHF|JPY|INR|CAD|AUD|SEK|NOK|DKK|PLN|Rs\.?|kr\.?"
PLAIN = r"\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"

UNITS = (
    r"mm|cm|dm|km|m|met(?:er|re)s?|kilomet(?:er|re)s?|centimet(?:er|re)s?|millimet(?:er|re)s?|"
    r"feet|foot|ft|inch(?:es)?|in|yards?|yd|miles?|mi|mg|kg|g|grams?|kilos?|kilograms?|"
    r"lbs?|pounds?|oz|ounces?|tons?|tonnes?|degrees?|mph|km/h|kph|m/s|knots|hours?|hrs?|h|"
    r"minutes?|mins?|min|seconds?|secs?|s|days?|weeks?|months?|years?|yrs?|ml|cl|l|lit(?:er|"
    r"re)s?|gallons?|kW|W|kWh|V|volts?|A|mA|mAh|Hz|kHz|MHz|GHz|[KMGT]B|kcal|kJ|calories|"
    r"cal|bar|psi|acres?|hectares?|ha|people|persons|copies|pages|pieces|pcs"
)

PATTERNS: dict[str, tuple[tuple[str, float], ...]] = {
    "money": (
        (rf"(?<![A-Za-z])[-−]?\s?(?:{CURRENCY})\s?[-−]?(?:{PLAIN})(?!\d)", 1.0),
        (rf"(?<![\d.,])[-−]?(?:{PLAIN})\s?(?:{CURRENCY})(?![A-Za-z])", 1.0),
        (r"(?<![\d.,/:-])[-−]?\d{1,3}(?:[,.' ]?\d{3})*[.,]\d{2}(?![\d%.,/:]|\s?%)", 0.9),
        (r"\b(?:FREE|Free|free)\b", 0.8),
        (r"(?<![\d.,/:#-])\d{1,6}(?![\d%.,/:-]|\s?%)", 0.35),
    ),
    "measure": (
        (rf"[-−+]?(?:{PLAIN})\s?(?:°\s?[CF]?\b|[%'\"]|(?:square |cubic |sq\.? )?(?:{UNITS})\b[²³]?)", 1.0),
        (rf"(?<![\w.,])[-−+]?(?:{PLAIN})(?!\w)", 0.5),
    ),
    "spelled": (
        (r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand)\b", 0.8),
    ),
    "date": (
        (rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ .\-/]*(?:of )?(?:{MONTHS})[ .,\-/]*(?:\d{{4}}|'?\d{{2}})\b", 1.0),
        (rf"\b(?:{MONTHS})[ .]*\d{{1,2}}(?:st|nd|rd|th)?(?:\s*[,.]\s*|\s+)\d{{4}}\b", 1.0),
        (r"(?<!\d)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)", 1.0),
        (r"(?<![\d.])\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d.])", 1.0),
        (rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ .\-]*(?:{MONTHS})\b", 0.8),
        (rf"\b(?:{MONTHS})[ .]*\d{{1,2}}(?:st|nd|rd|th)?\b(?!:)", 0.8),
        (rf"\b(?:{MONTHS})[ .,]*\d{{4}}\b", 0.75),
    ),
    "time": (
        (
            r"(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?\s?(?:[ap]\.?m\b\.?)?(?:\s?(?:-|–|—|to)\s?"
            r"\d{1,2}[:.]\d{2}(?::\d{2})?\s?(?:[ap]\.?m\b\.?)?)?(?![\d:])",
            0.95,
        ),
        (r"(?<![\d:])\d{1,2}\.\d{2}\s?(?:[ap]\.?m\b\.?|h\b|uhr\b)", 0.95),
        (r"(?<![\d:])\d{1,2}\s?[ap]\.?m\b\.?(?:\s?(?:-|–|—|to)\s?\d{1,2}\s?[ap]\.?m\b\.?)?", 1.0),
        (r"\b(?:noon|midnight)\b", 0.8),
    ),
    "phone": (
        (r"(?<![\w+])(?:\+\d{1,3}[\s.\-]?)?\(\d{2,5}\)[\s.\-]?\d{2,4}(?:[\s.\-]?\d{2,5}){1,3}(?!\d)", 1.0),
        (r"(?<![\w+])\+\d{1,3}(?:[\s.\-]?\d{2,5}){2,5}(?!\d)", 1.0),
        (r"(?<![\w/.-])\d{3}[\s.\-]\d{3}[\s.\-]\d{4}(?!\d)", 1.0),
        (r"(?<![\w/.-])0\d{1,4}[\s/.\-]\d{2,5}(?:[\s.\-]?\d{2,5}){0,3}(?!\d)", 0.9),
        (r"(?<![\w/.-])\d{3}[\s.\-]\d{4}(?![\d-])", 0.8),
        (r"(?<![\w/.-])0?\d{9,11}(?!\d)", 0.6),
    ),
    "email": ((r"[\w.+\-]+\s?@\s?[\w\-]+(?:\.[\w\-]+)+", 1.0),),
    "url": (
        (r"(?:https?://|www\.)[^\s,;]+[^\s,;.)]", 1.0),
        (
            r"(?<![@\w.])[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|org|net|edu|gov|io|co|eu|uk|de|fr|info|shop|app)\b[^\s,;.]*",
            0.95,
        ),
    ),
    "percent": ((r"[-−+]?\d+(?:[.,]\d+)?\s?%", 1.0), (r"\d+(?:[.,]\d+)?\s?per ?cent\b", 1.0)),
    "year": ((r"(?<!\d)(?:1[5-9]|20)\d{2}(?!\d)", 1.0),),
    "number": (
        (rf"(?<![\w.,])[-−+]?(?:{PLAIN})(?![\w]*\d)", 1.0),
        (rf"[-−+]?(?:{PLAIN})", 0.7),
    ),
    "code": (
        (r"#?\s?(?=[A-Z0-9\-/]*\d)[A-Z0-9]+(?:[-/][A-Z0-9]+)*", 1.0),
        (r"#?(?=[\w\-/.]*\d)[\w]+(?:[-/.][\w]+)*", 0.9),
    ),
    "address": (
        (
            r"\d{1,5}[a-z]?,?\s+(?:[\w.'’-]+\s+){1,4}?(?:st|street|ave|avenue|rd|road|blvd|boulevard|lane|ln|dr|drive|"
            r"way|square|sq|court|ct|place|pl|parkway|pkwy|highway|hwy|terrace|crescent|close|row|quay|hill)\b\.?.*",
            1.0,
        ),
        (r"\b[\w.'’-]+(?:straße|strasse|str\.|gasse|weg|platz|laan|straat)\s+\d+\w?.*", 1.0),
    ),
    "name": (
        (
            r"(?:(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+)?[A-Z][\w.'’-]*(?:\s+(?:(?:de|van|von|der|la|del)\s+)?[A-Z][\w.'’-]*){1,3}",
            1.0,
        ),
    ),
}
FOLDED = frozenset({"date", "time", "url", "address", "percent"})


@dataclass(frozen=True, slots=True)
class Value:
    """A value as printed, where it stands in its text, and how surely it is of its kind (0 to 1)."""

    text: str
    start: int
    end: int
    sure: float


def find_values(text: str, kind: Kind) -> list[Value]:
    """All values of a kind, from left to right; overlaps go to the surer pattern."""
    found: list[Value] = []
    for pattern, sure in PATTERNS.get(kind, ()):
        for match in re.finditer(pattern, text, re.IGNORECASE if kind in FOLDED else 0):
            start, end = match.span()
            piece = match.group().strip(" ,;")
            if piece and all(end <= v.start or start >= v.end for v in found):
                found.append(Value(piece, start, end, sure))
    if kind == "date":
        found = [v for v in found if not re.fullmatch(r"[Mm]ay", v.text)]
    return sorted(found, key=lambda v: v.start)


def fit(text: str, kind: Kind | None) -> tuple[float, str]:
    """How well a text fits as a value of a kind (0 to 1), and the value in it."""
    text = text.strip(" :;|=")
    if not text or not any(c.isalnum() for c in text):
        return 0.0, ""
    if kind is None or kind == "text":
        return (0.8 if text.endswith(":") else 1.0), text
    if kind == "name":
        return _fit_name(text)
    if kind == "address":
        return (1.0 if find_values(text, "address") else 0.6), text
    values = find_values(text, kind)
    if not values:
        return 0.0, ""
    best = max(values, key=lambda v: (v.sure, len(v.text) if kind == "code" else v.start if kind == "money" else 0))
    share = len(best.text) / len(text)
    return best.sure * (0.75 + 0.25 * share), best.text


def _fit_name(text: str) -> tuple[float, str]:
    letters = sum(c.isalpha() for c in text)
    if letters < 2 or find_values(text, "date") or find_values(text, "email"):
        return 0.2, text
    digits = sum(c.isdigit() for c in text)
    words = text.split()
    capital = sum(word[0].isupper() for word in words) / len(words)
    return max(0.2, (0.55 + 0.45 * capital) * (1.0 if not digits else 0.6)), text


def amount(text: str) -> float | None:
    """The number in a printed amount (`$1,234.50`, `1.234,50 €`), None where there is none."""
    match = re.search(rf"[-−]?\s?(?:{PLAIN})", re.sub(r"[$€£¥₹\s]", "", text))
    if match is None:
        return None
    digits = match.group().replace("−", "-").replace("'", "")
    decimal = re.search(r"[.,](\d{1,2})$", digits)
    whole = digits[: decimal.start()] if decimal else digits
    number = re.sub(r"[.,]", "", whole) + ("." + decimal.group(1) if decimal else "")
    return float(number)

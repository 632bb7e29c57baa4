"""How answers are written: the form that a question asks for, and sensible rounding where it asks for none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from maestro_graph.embedded.calculator import _units

__all__ = ["Outcome", "Style", "take_style", "write_number", "write_value"]

Expr = Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a solver found: the short answer, one line of working, how sure it is."""

    answer: str
    working: str
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Style:
    """The form that the question asks for.

    Attributes:
        decimals: places after the point; negative for tens, hundreds …
        significant: significant figures.
        form: "fraction", "decimal", "percent", "mixed", "exact" or "" (free).
        fractions: the question writes fractions, so an exact fraction is the better answer.
        plain: an angle is wanted as a bare number, without its sign: "in degrees", or what stands before a "°".
    """

    decimals: int | None = None
    significant: int | None = None
    form: str = ""
    fractions: bool = False
    plain: bool = False


_PLACES = re.compile(
    r",?\s*\(?\b(?:(?:round(?:ed)?|correct|accurate|give(?:n)?|your answer|the answer|and|off|express(?:ed)?|it)\s+)*"
    r"(?:up )?(?:to|with|at)\s+(?P<n>\d+)\s*"
    r"(?P<kind>decimals?(?: places?| digits?)?|d\.?p\.?|places?(?: after the decimal point)?"
    r"|digits after the (?:decimal )?point|significant (?:figures?|digits?)|sig\.? ?figs?|s\.?f\.?)\b\)?",
    re.IGNORECASE,
)
_NEAREST = re.compile(
    r",?\s*\(?\b(?:(?:round(?:ed)?|correct|accurate|give(?:n)?|your answer|the answer|and|off|it)\s+)*to (?:the )?"
    r"(?:nearest )?(?P<what>whole number|integer|whole|unit|one|tens?|tenths?|hundredths?|hundreds?|thousandths?"
    r"|thousands?|millions?|cents?|degree|\(1/10\)|\(1/100\)|10|100|1000)\b\)?",
    re.IGNORECASE,
)
_NEAREST_GUARD = re.compile(r"\bnearest\b", re.IGNORECASE)
_FORM = re.compile(
    r",?\s*\b(?:(?:expressed|written|give(?:n)?|your answer|write|express)\s+)*"
    r"(?:as an? (?P<form>(?:simplified |proper |improper |common |exact )?fraction|decimal(?: number)?"
    r"|percent(?:age)?|mixed (?:number|fraction))|in (?P<dec>decimal form|exact form|fraction form)"
    r"|in (?P<terms>terms of pi)|in (?:its |the )?(?P<simple>simplest form|lowest terms))",
    re.IGNORECASE,
)
_ROOTS = re.compile(
    r"[.,;]?\s*\(?\b(?:leav(?:e|ing)|keep(?:ing)?|give|write|express)\b[^.?!]{0,30}"
    r"\b(?:roots?|radicals?|surds?|radical form|surd form)\b(?: (?:in|as) (?:the|your|it|is|an?) ?(?:answer)?)?[.)]*"
    r"|,?\s*\bin (?:its |the )?(?:simplest |simplified )?(?:radical|surd) form\b|,?\s*\bas an? surd\b",
    re.IGNORECASE,
)
_SIMPLIFY = re.compile(r"(?:please )?(?:simplify|reduce|cancel)\b[^=a-z]*$", re.IGNORECASE)
_NEAREST_PLACES = {
    "tenth": 1, "(1/10)": 1, "hundredth": 2, "(1/100)": 2, "cent": 2, "thousandth": 3, "ten": -1, "10": -1,
    "hundred": -2, "100": -2, "thousand": -3, "1000": -3, "million": -6,
}  # fmt: skip


def take_style(text: str) -> tuple[str, Style]:
    """The question without its wish for a form, and that wish."""
    style = Style()
    if match := _PLACES.search(text):
        count = min(int(match.group("n")), 40) if len(match.group("n")) < 4 else 40
        figures = match.group("kind").lower().startswith(("sig", "s"))
        style = replace(style, significant=count) if figures else replace(style, decimals=count)
        text = text[: match.start()] + " " + text[match.end() :]
    elif (match := _NEAREST.search(text)) and _NEAREST_GUARD.search(match.group(0)):
        what = match.group("what").lower()
        style = replace(style, decimals=_NEAREST_PLACES.get(what, _NEAREST_PLACES.get(what.rstrip("s"), 0)))
        text = text[: match.start()] + " " + text[match.end() :]
    if match := _ROOTS.search(text):
        style = replace(style, form="exact")
        text = text[: match.start()] + " " + text[match.end() :]
    for _ in range(2):
        if match := _FORM.search(text):
            style = replace(style, form=style.form or _form(match))
            text = text[: match.start()] + " " + text[match.end() :]
    if not style.form and _SIMPLIFY.match(text):
        style = replace(style, form="fraction")
    fractions = bool(re.search(r"\d\s*/\s*\d", text)) and not re.search(r"\d\.\d", text)
    return re.sub(r"\s+", " ", text).strip(" ,"), replace(style, fractions=fractions)


def _form(match: re.Match[str]) -> str:
    written = (match.group("form") or match.group("dec") or "").lower()
    if match.group("terms") or "exact" in written:
        return "exact"
    if match.group("simple"):
        return "fraction"
    for form in ("percent", "mixed", "decimal", "fraction"):
        if form in written:
            return form
    return ""


def write_number(number: Expr, style: Style) -> str:
    """A sympy number as text; complex numbers as `a + b*i`."""
    if not number.is_real:
        real, imaginary = number.as_real_imag()
        if imaginary != 0:
            return _complex(real, imaginary, style)
        number = real
    if number.is_Rational:
        return _rational(Fraction(int(number.p), int(number.q)), style)
    if style.form in ("exact", "fraction"):
        return str(number).replace("**", "^")
    digits = 15 if style.significant is None else max(15, style.significant + 5)
    approximate = number.evalf(digits + 10 + max(style.decimals or 0, 0)).as_real_imag()[0]
    return _decimal(_as_fraction(approximate), style)


def _as_fraction(number: Expr) -> Fraction:
    from sympy import Rational

    exact = Rational(str(number))
    return Fraction(int(exact.p), int(exact.q))


def _complex(real: Expr, imaginary: Expr, style: Style) -> str:
    size = write_number(abs(imaginary), style)
    part = "i" if size == "1" else f"{size}i"
    sign = "-" if imaginary < 0 else "+"
    if real == 0:
        return part if sign == "+" else f"-{part}"
    return f"{write_number(real, style)} {sign} {part}"


def _rational(value: Fraction, style: Style) -> str:
    if style.form == "percent":
        return _decimal(value * 100, replace(style, form="")) + "%"
    if style.form == "mixed" and value.denominator != 1:
        whole, rest = divmod(abs(value), 1)
        sign = "-" if value < 0 else ""
        return f"{sign}{whole} {rest}" if whole else f"{sign}{rest}"
    if style.form in ("fraction", "exact"):
        return str(value)
    if style.fractions and style.form != "decimal" and style.decimals is None and style.significant is None:
        return str(value)
    return _decimal(value, style)


def _decimal(value: Fraction, style: Style) -> str:
    if style.significant is not None:
        return _significant(value, max(style.significant, 1), keep=True)
    if style.decimals is not None:
        return _places(value, style.decimals, keep=True)
    if value.denominator == 1:
        return str(value.numerator)
    exact_places = _terminating(value)
    if exact_places is not None and exact_places <= 6:
        return _places(value, exact_places)
    if abs(value) >= 1000:
        return _places(value, 2)
    return _significant(value, 4)


def _terminating(value: Fraction) -> int | None:
    """How many places the decimal has, `None` where it does not end within 30."""
    for places in range(31):
        if (10**places) % value.denominator == 0:
            return places
    return None


def _round_half_up(value: Fraction) -> int:
    whole = (abs(value) + Fraction(1, 2)).__floor__()
    return -whole if value < 0 else whole


def _places(value: Fraction, places: int, *, keep: bool = False) -> str:
    if places <= 0:
        return str(_round_half_up(value / 10**-places) * 10**-places)
    scaled = _round_half_up(value * 10**places)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}"
    text = text if keep else text.rstrip("0").rstrip(".")
    return "-" + text if scaled < 0 else text


def _significant(value: Fraction, figures: int, *, keep: bool = False) -> str:
    if value == 0:
        return "0"
    magnitude = 0
    size = abs(value)
    while size >= 10:
        size /= 10
        magnitude += 1
    while size < 1:
        size *= 10
        magnitude -= 1
    if magnitude < -9:
        scaled = _significant(value / Fraction(10) ** magnitude, figures)
        return f"{scaled}e{magnitude}"
    return _places(value, figures - 1 - magnitude, keep=keep)


def write_value(number: Expr, unit: str | None, style: Style) -> str:
    """A number with its unit; `unit` is a full name of the table or a written compound ("cm^2")."""
    if unit is None:
        return write_number(number, style)
    if unit in ("dollar", "euro", "pound sterling"):
        money = style
        if number.is_Rational and int(number.q) != 1 and style.decimals is None and style.significant is None:
            money = replace(style, decimals=2, fractions=False)
        return ("-" if number.is_negative else "") + _units.unit(unit).symbol + write_number(abs(number), money)
    written = write_number(number, replace(style, fractions=False))
    if unit == "degree":
        return written if style.plain else f"{written}°"
    if unit in ("celsius", "fahrenheit"):
        return f"{written} °{unit[0].upper()}"
    return f"{written} {unit}"

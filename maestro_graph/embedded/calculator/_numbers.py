"""Numbers as they stand in text: Unicode signs, digits, words, fractions in words, thousands separators."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "words_to_digits"]

MAX_QUESTION = 2000

SIGNS = {
    "×": "*", "✕": "*", "⋅": "*", "·": "*", "∙": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-",
    "—": " - ", "ˆ": "^", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "º": "°", "˚": "°",
    "∠": " angle ", "△": " triangle ", "π": " pi ", "√": " sqrt ", "∛": " cbrt ", "：": ":", "？": "?",
}  # fmt: skip
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))

ONES = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(20),
        strict=True,
    )
)
TENS = dict(
    zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)
)
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10,
}  # fmt: skip
_NUMBER_WORDS = "|".join([*ONES, *TENS])
_WORD_NUMBER = re.compile(
    rf"\b(?:(?:{_NUMBER_WORDS})\b|a (?=hundred|thousand|million|billion|dozen))"
    rf"(?:(?:[\s-]+|\s+and\s+(?=(?:{_NUMBER_WORDS})\b))(?:{_NUMBER_WORDS}|hundred|{'|'.join(SCALES)}|dozen)\b"
    rf"|(?<=a )(?:hundred|{'|'.join(SCALES)}|dozen)\b)*",
    re.IGNORECASE,
)
_SCALED = re.compile(rf"(\d(?:[\d,.]*\d)?)\s+(hundred|{'|'.join(SCALES)}|dozen)\b", re.IGNORECASE)
_FRACTION = re.compile(rf"\b(\d+)[\s-]+({'|'.join(PARTS)})\b(?!\s+(?:angle|side|root))", re.IGNORECASE)
_MIXED = re.compile(r"\b(\d+)\s+and\s+(?:a\s+half|\(1/2\))")
_MIXED_QUARTER = re.compile(r"\b(\d+)\s+and\s+(?:a\s+quarter|\(1/4\))")
_MIXED_PARTS = re.compile(r"\b(\d+)\s+and\s+\((\d+)/(\d+)\)")


def clean(text: str) -> str:
    """One line in plain signs: `×÷−²½√π` become what the parser reads, white space becomes single spaces."""
    out: list[str] = []
    for char in text[:MAX_QUESTION]:
        if char in SUPERSCRIPTS:
            in_power = bool(out) and out[-1].startswith("\x01")
            out.append("\x01" + ("" if in_power else "^") + SUPERSCRIPTS[char])
            continue
        mapped = SIGNS.get(char)
        if mapped is None and unicodedata.category(char) == "No":
            mapped = _vulgar(char)
        out.append(char if mapped is None else mapped)
    return re.sub(r"\s+", " ", "".join(out).replace("\x01", "")).strip()


def _vulgar(char: str) -> str:
    """`½` as ` (1/2)`; other number signs as their compatibility form."""
    form = unicodedata.normalize("NFKC", char)
    top, slash, bottom = form.partition("⁄")
    return f" ({top}/{bottom})" if slash and top.isascii() and bottom.isascii() else form


_COUNTS = re.compile(
    r"\s+(?:of\b|other|more|acute|remote|equal|adjacent|opposite|interior|exterior|base|parallel|perpendicular"
    r"|complementary|supplementary|vertical|angles?\b|legs?\b|sides?\b|lines?\b|diagonals?\b|is\b|are\b|known"
    r"|given|numbers?\b|remaining|missing|measures?\b|straight|intersecting|has\b|bases\b|shorter|longer|equals?\b|$)",
    re.IGNORECASE,
)


def words_to_digits(text: str, *, keep_counts: bool = False) -> str:
    """Number words as digits: "twenty-five" as 25, "two thirds" as (2/3), "two and a half" as 2.5.

    With `keep_counts`, words that only count things of a figure stay words: "two angles", "one leg is 3".
    """
    text = re.sub(r"\bto the (\d+)(?:st|nd|rd|th)(?: power)?\b", r"to the power of \1", text)

    def spoken(match: re.Match[str]) -> str:
        counts = keep_counts and match.group(0).lower() in ONES and ONES[match.group(0).lower()] <= 6
        if counts and _COUNTS.match(match.string, match.end()):
            return match.group(0)
        return _spoken(match.group(0))

    text = _WORD_NUMBER.sub(spoken, text)
    text = _SCALED.sub(_scaled, text)
    text = _FRACTION.sub(lambda m: f"({m.group(1)}/{PARTS[m.group(2).lower()]})", text)
    text = _MIXED.sub(r"\1.5", text)
    text = _MIXED_QUARTER.sub(r"\1.25", text)
    text = _MIXED_PARTS.sub(r"(\1+\2/\3)", text)
    text = re.sub(r"(?<![\d.,])(\d{1,9}) \((\d{1,9})/(\d{1,9})\)", r"(\1+\2/\3)", text)  # 2 ½
    text = re.sub(r"(?<![\d./])(\d{1,9}) (\d{1,3})/(\d{1,3})(?![\d/])", r"(\1+\2/\3)", text)  # 2 1/2
    return re.sub(r"\ba (third|quarter|fifth|tenth) of\b", lambda m: f"(1/{PARTS[m.group(1)]}) of", text)


def _spoken(phrase: str) -> str:
    total = current = 0
    last_small: int | None = None
    pieces: list[str] = []
    for word in re.findall(r"[a-z]+", phrase.lower()):
        if word in ("and", "a"):
            current = current or (1 if word == "a" else 0)
            continue
        if word == "dozen":
            current = max(current, 1) * 12
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in SCALES:
            total, current = total + max(current, 1) * SCALES[word], 0
        else:
            value = ONES.get(word, TENS.get(word, 0))
            if last_small is not None and not (word in ONES and last_small in TENS.values() and 0 < value < 10):
                pieces.append(str(total + current))  # "two three" are two numbers
                total = current = 0
            current += value
            last_small = value
            continue
        last_small = None
    pieces.append(str(total + current))
    return " ".join(pieces)


def _scaled(match: re.Match[str]) -> str:
    digits, scale = match.group(1).replace(",", ""), match.group(2).lower()
    factor = {"hundred": 100, "dozen": 12, **SCALES}[scale]
    whole, _, decimals = digits.partition(".")
    if not whole.isdigit() or (decimals and not decimals.isdigit()) or len(digits) > 30:
        return match.group(0)
    power = 10 ** len(decimals)
    value, rest = divmod(int(whole + decimals) * factor, power)
    return str(value) if rest == 0 else f"({int(whole + decimals) * factor}/{power})"

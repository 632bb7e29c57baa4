"""Questions about the figure in a picture: a written sum or equation, or a drawing with labelled sides and angles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maestro_graph.embedded.calculator._format import Outcome, Style, take_style
from maestro_graph.embedded.calculator._labels import Written, is_stroke, labels_of, rows_of
from maestro_graph.embedded.calculator._numbers import clean, words_to_digits

if TYPE_CHECKING:
    from maestro_graph.embedded._base import Clock
    from maestro_graph.images import MaestroImage

__all__ = ["about_figure", "solve_figure"]

MOST_LINES, MOST_LABELS, MOST_PIXELS = 40, 14, 2500
_ABOUT = re.compile(
    r"\b(?:how many (?:[a-z]*met(?:er|re)s?|[a-z]*grams?|seconds?|minutes?|hours?|days|inches|feet"
    r"|yards|miles|km|cm|mm|kg|[a-z]*lit(?:er|re)s?"
    r"|pounds|ounces|cents|degrees)|add|fill|in (?:km/h|mph|celsius|fahrenheit|miles|kilomet\w+|met\w+|kg|grams"
    r"|pounds)|angles?|area|perimeter|circumference|hypotenuse|radius|diameter|volume|solve|solution|equations?"
    r"|expression"
    r"|calculat\w*|comput\w*|sum|results?|answer|value of|what(?:'s| is| are) [a-zA-Z?]\b|question mark|which number"
    r"|what number|replace[sd]?|missing|unknown|product|quotient"
    r"|equals?|convert|legs?|side|sides|how long|length|evaluate|problem|exercise|find [a-zA-Z]\b|work out|diagonal"
    r"|addition|subtraction|multiplication|division|fraction|sum up|add|multiply|difference|arithmetic|formula)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"^(?:(?:please|can|could|two|three|numbers|solves?|fill|many|complete|satisf(?:y|ies)|makes?|true|add|adds|two|you|what|what's|whats|is|are|the|of|find|calculate|compute|evaluate|solve|give|determine"
    r"|work|out|tell|me|this|that|these|shown|in|on|to|from|for|picture|image|figure|photo|drawing|here|it|its|written|sum"
    r"|result|results|answer|solution|value|equation|equations|expression|problem|exercise|calculation|missing|number|unknown|question"
    r"|mark|variable|a|an|x|y|z|n|a|b|c|does|do|equal|total|addition|subtraction|multiplication|division|product"
    r"|quotient|difference|fraction|fractions|sums|arithmetic|math|maths|system|task|how|much|printed|handwritten|board"
    r"|blackboard|paper|note|sheet|card|which|replaced?|and|by|correct|should|be|stand|stands|goes|go|box|blank|formula|both"
    r"|add|multiply|up|simplify|must|roots?|i|get|we|left|out|shows?|below|above|given|read|expressions|text)\b[\s,?.!:']*)+$",
    re.IGNORECASE,
)
_ACCOMPANY = re.compile(
    r"^(?:(?:solve|find|calculate|compute|work out|evaluate|question|exercise|problem|task|name|date|math|maths|quiz"
    r"|test|for|the|of|value|equation|x|y|what|is|q|no|a|homework|worksheet|answer|simplify|system|following|and|score|class"
    r"|addition|subtraction|multiplication|division|practice|page|sum|this|if|then)\b[\s.:,#?]*\d{0,3}[\s.:)?]*)+$"
    r"|^[\d]{1,2}[.)]$",
    re.IGNORECASE,
)
_OPERATOR = re.compile(r"[+*/=^<>%!]|(?<=[\w)])\s*-\s*(?=[\w(])|\bsqrt\b|\bcbrt\b|\d\s*[xX]\s*\d|\d\s*:\s*\d")


def about_figure(question: str) -> bool:
    """Whether the question could be one about a sum or a labelled figure: cheap, before any picture is read."""
    return _ABOUT.search(question) is not None


def solve_figure(question: str, image: MaestroImage, clock: Clock) -> Outcome | None:
    """The answer from the picture's own text and geometry, `None` where they do not determine it."""
    from maestro_graph.embedded.ocr import read_text

    bare, style = take_style(words_to_digits(question, keep_counts=True))
    if re.search(r"\b(?:sum|total) of (?:the |all |its )*(?:interior |inner |internal )?angles\b", question, re.I):
        return _angle_sum(image)
    found = [Written(box.text, box.box) for box in read_text(image) if box.text.strip()]
    clock.check()
    if not found or len(found) > MOST_LINES:
        return None
    lines = [line for line in found if not is_stroke(line.text)]
    outcome = _written_problem(bare, found, style, clock) or _written_quantity(bare, found, style, clock)
    if outcome is not None:
        return outcome
    return _drawing(bare, lines, image, style, clock)


def _angle_sum(image: MaestroImage) -> Outcome | None:
    """The sum of the interior angles of the one convex polygon that is drawn."""
    import numpy as np

    from maestro_graph.embedded.calculator._outline import ink_of, outline_of
    from maestro_graph.embedded.ocr import read_text

    ink = ink_of(np.asarray(image.rgb()), [box.box for box in read_text(image) if not is_stroke(box.text)])
    outline = outline_of(ink.drawn, ink.scale)
    if outline is None or not 3 <= len(outline.corners) <= 12:
        return None
    total = 180 * (len(outline.corners) - 2)
    return Outcome(f"{total}°", f"({len(outline.corners)} - 2) * 180 = {total}", 0.8)


def _drawing(question: str, lines: list[Written], image: MaestroImage, style: Style, clock: Clock) -> Outcome | None:
    """The drawing by its labels as they were read; where that fails, read again without its lines."""
    import numpy as np

    from maestro_graph.embedded.calculator._drawing import solve_drawing
    from maestro_graph.embedded.calculator._outline import without_figure
    from maestro_graph.embedded.ocr import ocr_array

    labels, rest = labels_of(lines)
    clock.check()
    outcome = solve_drawing(question, labels, rest, lines, image, style) if labels else None
    if outcome is not None or len(lines) > MOST_LABELS or max(image.width, image.height) > MOST_PIXELS:
        return outcome
    clock.check()
    again = [Written(box.text, box.box) for box in ocr_array(without_figure(np.asarray(image.rgb())))]
    again = [line for line in again if line.text.strip() and not is_stroke(line.text)]
    clock.check()
    labels, rest = labels_of(again)
    return solve_drawing(question, labels, rest, again, image, style) if labels else None


def _written_problem(question: str, lines: Sequence[Written], style: Style, clock: Clock) -> Outcome | None:
    """A sum, an equation, a system or a problem in words that the picture states."""
    if not _PLAIN.match(question):
        return None
    rows = [repaired(row) for row in rows_of(lines)]
    mathematical = [row for row in rows if re.search(r"\d", row) and _OPERATOR.search(row)]
    others = [row for row in rows if row not in mathematical and not _ACCOMPANY.match(row)]
    if mathematical and not others:
        return _first(_readings(mathematical, question), style, clock, 0.9)
    stacked = _stacked(rows)
    if stacked is not None:
        return _first([stacked], style, clock, 0.85)
    story = " ".join(rows)
    if not mathematical or len(story.split()) > 6:
        return _first([story], style, clock, 0.8)
    return None


_WISH = re.compile(
    r"^(?:please )?(?:how many (?P<first>[A-Za-z ]{1,20}?) (?:is|are|does|do)\b|(?:convert|change|express|what|how)\b)"
    r"(?P<middle>[^\d]*?)(?:\b(?:to|in|into) (?P<last>[A-Za-z/°^]{1,20}(?: per [a-z]+)?))?[?. ]*$",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:shown|sign|label|weight|mass|distance|speed|limit|that|this|it|volume|package|bottle|reading|temperature|length"
    r"|time|duration|amount|value|written|printed|quantity|capacity|size)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"\d+(?:[.,]\d+)? ?(?:°? ?[A-Za-zµ]+(?:/[a-z]+)?)")


def _written_quantity(question: str, lines: Sequence[Written], style: Style, clock: Clock) -> Outcome | None:
    """The one quantity that a sign or a label shows, in the unit that the question asks for."""
    wish = _WISH.match(question)
    if wish is None or not _POINTS.search(question):
        return None
    unit = wish.group("first") or wish.group("last")
    found = [match.group(0) for line in lines for match in _QUANTITY.finditer(clean(line.text))]
    if unit is None or len(found) != 1:
        return None
    asked = f"how many {unit} are in {found[0]}" if wish.group("first") else f"convert {found[0]} to {unit}"
    return _first([asked], style, clock, 0.85)


def _first(readings: Sequence[str], style: Style, clock: Clock, confidence: float) -> Outcome | None:
    from maestro_graph.embedded.calculator._solve import calculate

    for reading in readings:
        outcome = calculate(reading, clock, style)
        if outcome is not None:
            return Outcome(outcome.answer, f"the picture says: {reading}; {outcome.working}", confidence)
    return None


def repaired(row: str) -> str:
    """A row of a sum with the usual slips of reading mended."""
    text = clean(row.replace("一", "-"))
    text = re.sub(r"^\(?\d{1,2}[.)]\s+(?=.*[=+*/])", "", text)  # "1) 3 + 4 ="
    text = re.sub(r"(?<=\d)\s*[xX]\s*(?=\d)", " * ", text)
    text = re.sub(r"(?<![\w.])([a-z])([23])(?![\d.])", r"\1^\2", text)  # x2 is x squared
    text = re.sub(r"(?<=\d)([a-z])([23])(?![\d.])", r"\1^\2", text)
    text = re.sub(r"(?<=\d)\s*:\s*(?=\d)", " / ", text) if "=" in text else text
    return re.sub(r"(?<=\d)[oO](?=\d)", "0", text)


def _readings(rows: Sequence[str], question: str) -> list[str]:
    """What the rows may state together, the likeliest first."""
    if len(rows) == 1:
        return _single(rows[0], question)
    if all("=" in row and re.search(r"[a-z]", row) for row in rows):
        return [" and ".join(rows)]
    joined = " ".join(rows)
    return _single(joined, question) if joined.count("=") <= 1 else []


def _single(row: str, question: str) -> list[str]:
    left, equals, right = row.partition("=")
    row = re.sub(r"_+|□", "?", row)
    quantity = re.search(r"= ?\? ?[A-Za-z°]", row)
    if quantity:
        return [row]
    hole = r"\?|_+|□|\[ ?\]|\( ?\)|\.{3,}|…"
    if equals and (not right.strip() or re.fullmatch(rf"\s*(?:{hole})?\s*", right)):
        return [left]
    if equals and re.search(hole, row):
        return [re.sub(hole, "x", row)]
    if equals and not re.search(r"[a-wyzA-WYZ]{2,}", row) and not re.search(r"[a-z]", row):
        return []
    return [row]


def _stacked(rows: Sequence[str]) -> str | None:
    """A sum written in column form: numbers above each other, an operator before the last."""
    kept = [row for row in rows if not _ACCOMPANY.match(row) and not re.fullmatch(r"[-_=—–?\s]*", row)]
    if not 2 <= len(kept) <= 6:
        return None
    last = re.fullmatch(r"([-+*/xX])\s*(\d+(?:\.\d+)?)", kept[-1])
    if last is None:
        return None
    operator = "*" if last.group(1) in "xX" else last.group(1)
    numbers = [re.fullmatch(r"[-+]?\s*(\d+(?:\.\d+)?)", row) for row in kept[:-1]]
    if not all(numbers) or (len(numbers) > 1 and operator != "+"):
        return None
    parts = [match.group(1) for match in numbers if match is not None]
    return f" {operator} ".join([*parts, last.group(2)])

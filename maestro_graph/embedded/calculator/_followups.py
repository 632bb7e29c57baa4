"""Questions of two parts, of which another expert answered the first: what is left to calculate.

"How many coins are there? Multiply that number by 5", "What is 5 times the price of the milk?", "If every coin is worth
5, how much are all worth?". The found number takes the first part's place; what is left must still be understood
wholly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["left_to_do"]

_SENTENCE = re.compile(r"(?<=[?.!:])\s+")
_LEAD = re.compile(
    r"^(?:(?:and |then |now |next |finally |after that )+,? ?)?(?:give (?:me )?(?=\$?\d))?", re.IGNORECASE
)
_MEASURE = r"(?:number|count|amount|value|price|cost|total|sum|height|length|weight|quantity|result|share|size|figure)"
_FOUND = re.compile(
    rf"\b(?:the (?:result|answer|outcome)|(?:that|this|the) {_MEASURE}|that|this|it)\b(?! (?:is|was|shows?)\b)",
    re.IGNORECASE,
)
_VALUE = r"(?P<v>[$€£]?\s?\d[\d,]*(?:\.\d+)?)"
_CLAUSE = re.compile(
    r"(?:,? and(?: then)?|, then|,) "
    r"(?P<clause>(?:multiply|divide|add|subtract|increase|decrease|raise|reduce|take)\b.*)$",
    re.IGNORECASE,
)
_EACH = r"(?:if |suppose |given that )?(?:every|each|one|an?|a single) [^\d?.]{2,60}? "
_IS_WORTH = (
    r"(?:costs?|weighs?|is worth|is sold for|sells for|counts?|holds?|has|contains?|brings?|earns?|gives?|needs?"
    r"|takes?) "
)
_TOGETHER = r"(?:\b(?:all|together|altogether|in total|total)\b[^\d?]{0,60})"
_TIMES = tuple(
    re.compile(form)
    for form in (
        rf"{_EACH}{_IS_WORTH}{_VALUE}[^\d?]{{0,30}}?[.,;] ?(?:how (?:much|many)|what)\b[^\d?]{{0,80}}?{_TOGETHER}\??",
        rf"(?:what is |how much is |find |give |calculate )?{_VALUE} times (?:the {_MEASURE}\b )?[^\d?]{{2,80}}\??",
        rf"(?:what is |how much is )?the {_MEASURE} (?:of|for) [^\d?]{{2,60}}? (?:times|multiplied by) {_VALUE}\??",
        r"(?=.*\b(?:costs?|come to|pay|worth|would that be)\b)"
        rf"(?:if one (?:bought|buys) )?(?:what|how much)?[^\d?]{{0,40}}?\b{_VALUE} "
        r"(?:times |pieces of |units of |x |of )(?:the )?[^\d?]{2,50}?(?:cost|costs|come to|be|pay|worth)?\??",
    )
)
"""Each has a worth and all are asked; so many times a thing that was looked up; so many of a thing with a price."""
_NO_PRODUCT = re.compile(
    r"%|\bper ?cent\b|\bleft\b|\bremain|\bdifference\b|\bthan\b|\beach (?:get|receive|one)\b", re.IGNORECASE
)


def left_to_do(question: str, found: str) -> Iterator[str]:
    """The question's calculation with the found number in it, most certain reading first.

    Args:
        found: one number, perhaps with its unit.
    """
    text = " ".join(question.split())
    *before, last = _SENTENCE.split(text)
    if before and not re.search(r"\d", _without_names(" ".join(before))):
        tail = _LEAD.sub("", last)
        if _FOUND.search(tail):
            yield _FOUND.sub(found, tail, count=1)
    if clause := _CLAUSE.search(text):
        tail = clause["clause"]
        if _FOUND.search(tail):
            yield _FOUND.sub(found, tail, count=1)
    if _NO_PRODUCT.search(text) or len(re.findall(r"\d[\d,]*(?:\.\d+)?", text)) != 1:
        return
    number = found.split()[0].lstrip("$€£")
    for form in _TIMES:
        if match := form.fullmatch(text.lower()):
            yield f"{number} * {match['v'].lstrip('$€£ ')}"
            return


def _without_names(text: str) -> str:
    """Text without quoted names, and without numbers that belong to a name ("Class 2", "Q3")."""
    return re.sub(r"[\"“'‘][^\"”'’]*[\"”'’]|\b[A-Z]\w*[ -]?\d+\b", " ", text)

"""Questions about simple diagrams that are not counts: contact of circles, routes of a map, a circled letter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from maestro_graph.embedded.colours import canonical_colour

__all__ = ["Circled", "Contact", "DiagramQuery", "Routes", "parse_diagram"]

MAX_QUESTION = 2000  # characters that are looked at


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether two circles touch (share a point), overlap (share an area), are tangent, or are apart.

    Attributes:
        asks: which of these makes the answer yes.
        colours: colour names that tell the two circles; empty where the question names none.
    """

    asks: Literal["touch", "overlap", "tangent", "apart"]
    colours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routes:
    """How many routes of one colour connect two stations, by the stations' labels."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Circled:
    """Which letter a drawn oval surrounds; `colour` is the oval's where the question says it."""

    colour: str | None = None


DiagramQuery: TypeAlias = Contact | Routes | Circled

_ROUND = r"\b(?:circles?|discs?|disks?|rings?|balls?|rounds?|spheres?|round (?:shapes?|things?|outlines?|forms?))\b"
_YES_OR_NO = re.compile(
    r"^(?:please )?(?:are|is|do|does|have|has|can|could|tell (?:me )?whether|whether|decide whether)\b"
    r"|yes\b.{0,8}\bno\b"
)
_COUNT = re.compile(r"\b(?:how many|how often|number of|count)\b")
_ASKS: tuple[tuple[str, Literal["touch", "overlap", "tangent", "apart"]], ...] = (
    (r"\b(?:tangent|(?:just|only|barely) touch\w*)\b", "tangent"),
    (r"\b(?:apart|separated?|disjoint|a gap|any gap|space between|clear of|distance between)\b", "apart"),
    (r"\b(?:overlap\w*|cover\w*|hid(?:es?|den|ing)|share (?:some |an? |any )?area|reach(?:es)? into|intersect\w*)\b",
     "overlap"),
    (r"\b(?:touch\w*|contact|meet\w*|in common|bump\w*|share (?:a |any )?(?:point|boundary))\b", "touch"),
)  # fmt: skip
_ROUTE = r"\b(?:routes?|paths?|lines?|connections?|tracks?|ways?|tubes?)\b"
_STATION = r"(?:(?:the )?(?:station|stop|node|point|terminal) )?[\"'“‘]?(?P<{}>[a-z]|[a-z]?\d{{1,2}})[\"'”’]?"
_BETWEEN = re.compile(
    rf"\b(?:from|between|connect(?:s|ing)?|joins?|joining|link(?:s|ing)?) {_STATION.format('a')}"
    rf" (?:to|and|with) {_STATION.format('b')}(?![\w])"
)
_LETTER = r"\b(?:letters?|characters?|symbols?|glyphs?|signs?)\b"
_MARKED = (
    r"\b(?:(?:en)?circled|highlighted|ringed|(?:oval|ellipse|circle|ring|loop)\b.*\b(?:around|on|over|covers?|"
    r"surrounds?|encloses?|marks?)|(?:inside|in|within|by|with|under|around) (?:the|a|an)? ?(?:\w+ )?(?:oval|ellipse|"
    r"circle|ring|loop)|(?:enclosed|surrounded|framed|emphasi[sz]ed|marked))\b"
)


def parse_diagram(question: str) -> DiagramQuery | None:
    """Read a question; `None` where it asks for none of these."""
    text = " ".join(question.lower().replace("’", "'").split())[:MAX_QUESTION]
    for parse in (_circled, _contact, _routes):
        query = parse(text)
        if query is not None:
            return query
    return None


def _colours(text: str) -> tuple[str, ...]:
    words = re.findall(r"[a-z]+", text)
    return tuple(dict.fromkeys(c for word in words if (c := canonical_colour(word)) is not None))


def _circled(text: str) -> Circled | None:
    if not (re.search(_LETTER, text) and re.search(_MARKED, text)) or _COUNT.search(text):
        return None
    mark = re.search(r"\b(\w+)(?:-colou?red)? (?:oval|ellipse|circle|ring|loop|line|outline)\b", text)
    return Circled(canonical_colour(mark.group(1)) if mark else None)


def _contact(text: str) -> Contact | None:
    if _COUNT.search(text) or not re.search(_ROUND, text) or not _YES_OR_NO.search(text):
        return None
    for pattern, asks in _ASKS:
        if re.search(pattern, text):
            return Contact(asks, _colours(text)[:2])
    return None


def _routes(text: str) -> Routes | None:
    between = _BETWEEN.search(text)
    if between is None or not _COUNT.search(text) or not re.search(_ROUTE, text):
        return None
    return Routes(between["a"].upper(), between["b"].upper())

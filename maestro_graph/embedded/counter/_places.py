"""Where the counted things are to lie: left of the star, below the red circle, in the upper half of the picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded.counter._match import pick
from maestro_graph.embedded.counter._question import Query, Target, parse_question, read_target
from maestro_graph.embedded.counter._things import Scene, Thing

__all__ = ["Place", "placed", "take_place"]

Side = Literal["left", "right", "above", "below"]

UNPLACED_KINDS = ("grid", "crossings")

_SIDES: dict[str, Side] = {
    "left": "left", "right": "right", "above": "above", "over": "above", "higher than": "above", "top": "above",
    "upper": "above", "below": "below", "under": "below", "underneath": "below", "beneath": "below",
    "lower than": "below", "bottom": "below", "lower": "below",
}  # fmt: skip
_LEAD = r"(?:\s(?:(?:that|which|who) )?(?:(?:are|is|lie|lies|lying|found|located|placed|positioned|situated|sit) )*)?"
_WHOLE = r"(?:the |this )?(?:picture|image|photo|photograph|drawing|figure|scene|canvas)"
_JOINS = r"\b(?:than|and|or|but)\b"
_ANCHOR = (
    rf"(?:the|an?|this|that|its) (?P<anchor>(?:(?!{_JOINS})[a-z -]){{2,40}}?)"
    rf"(?=\s*(?:[?.!,;]|\bin the (?:picture|image)\b|{_JOINS}|$))"
)
_BESIDE = re.compile(
    rf"{_LEAD}\s?(?:(?:(?:to|on|at) (?:the )?)?(?P<side>left|right)(?:[ -]?hand)?(?: side)?(?: of| from)"
    rf"|(?P<level>above|over|higher than|below|under|underneath|beneath|lower than)) {_ANCHOR}"
)
_HALF = re.compile(
    rf"{_LEAD}\s?\b(?:in|on|within|at) the (?P<side>left|right|upper|lower|top|bottom)(?:[ -]?(?:most|hand))? "
    rf"(?:half|side)(?: (?:of|in) {_WHOLE})?\b"
)
_MIDDLE = re.compile(rf"^(?:middle|centre|center)(?: of {_WHOLE})?$")
_PICTURE = re.compile(rf"^{_WHOLE}$")


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the picture.

    Attributes:
        side: on which side of the anchor things have their middle.
        anchor: the one thing they are compared with, `None` for the middle of the picture.
    """

    side: Side
    anchor: Target | None


def take_place(question: str) -> tuple[Query, Place | None]:
    """The parsed question, and apart from it where its things are to lie.

    A place beside something that neither form nor colour tells is a refusal: the count of the whole picture would be
    an answer to another question.
    """
    text = " ".join(question.lower().replace("’", "'").split())[:2000]
    found = _HALF.search(text) or _BESIDE.search(text)
    plain = parse_question(question)
    if found is None or plain.refusal or plain.kind in UNPLACED_KINDS:
        return plain, None
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    if _HALF.search(rest) or _BESIDE.search(rest):
        return Query(refusal="it speaks of two places in the picture"), None
    groups = found.groupdict()
    side = _SIDES[groups.get("side") or groups.get("level") or ""]
    query = parse_question(rest)
    name = groups.get("anchor")
    if query.refusal or query.kind != plain.kind:
        return plain, None
    if name is None or _MIDDLE.match(name):
        return query, Place(side, None)
    anchor = read_target(name)
    if _PICTURE.match(f"the {name}") or (anchor.form is None and not anchor.colours):
        return Query(refusal=f"where {name!r} lies cannot be told by form or colour"), None
    return query, Place(side, anchor)


def placed(scene: Scene, things: Sequence[Thing], place: Place, size: tuple[int, int]) -> list[Thing]:
    """Those of the things that lie there.

    Args:
        scene: all that was found, the anchor among it.
        things: what is counted.
        place: where.
        size: width and height of the working copy, pixels.

    Raises:
        CallFailure: `refused` where there is not exactly one anchor.
    """
    x, y = size[0] / 2, size[1] / 2
    anchor: Thing | None = None
    if place.anchor is not None:
        anchors = pick(scene, place.anchor)
        if len(anchors) != 1:
            raise refuse(f"the things are to be beside one {place.anchor.words()}, and {len(anchors)} were found")
        anchor = anchors[0]
        x, y = _middle(anchor)
    along = 0 if place.side in ("left", "right") else 1
    line = (x, y)[along]
    before = place.side in ("left", "above")
    return [t for t in things if t is not anchor and (_middle(t)[along] < line) == before]


def _middle(thing: Thing) -> tuple[float, float]:
    left, top, right, bottom = thing.box
    return (left + right) / 2, (top + bottom) / 2

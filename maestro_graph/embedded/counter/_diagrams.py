"""Answers to questions about simple diagrams."""

from __future__ import annotations

from typing import assert_never

from maestro_graph.embedded.counter._circled import circled
from maestro_graph.embedded.counter._contact import contact
from maestro_graph.embedded.counter._diagram_question import Circled, Contact, DiagramQuery, Routes
from maestro_graph.embedded.counter._routes import routes
from maestro_graph.embedded.counter._working import working_copy
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertReply
from maestro_graph.images import MaestroImage

__all__ = ["answer_diagram"]


def answer_diagram(query: DiagramQuery, image: MaestroImage) -> ExpertReply:
    """Answer from the picture, or raise `refuse(...)` where it does not show what is asked about."""
    match query:
        case Contact():
            return _contact_reply(query, image)
        case Circled():
            return _circled_reply(query, image)
        case Routes():
            return _routes_reply(query, image)
        case _:
            assert_never(query)


def _contact_reply(query: Contact, image: MaestroImage) -> ExpertReply:
    view = working_copy(image)
    met = contact(view.pixels, query)
    how = "overlap" if met.overlap else "touch" if met.touch else "are apart"
    boxes: list[Json] = [view.original(box) for box in met.boxes]
    return ExpertReply(
        text=f"The circles {how}: between their outlines are {met.gap / view.scale:.1f} pixels.",
        answer="yes" if met.holds(query.asks) else "no",
        confidence=round(min(0.95, 0.6 + 0.2 * met.margin), 3),
        details={"gap": round(met.gap / view.scale, 2), "objects": [{"box": box} for box in boxes]},
    )


def _circled_reply(query: Circled, image: MaestroImage) -> ExpertReply:
    found = circled(image, query.colour)
    return ExpertReply(
        text=f"The oval is around {found.letter!r}, character {found.index + 1} of {found.word!r}.",
        answer=found.letter,
        confidence=round(found.confidence, 3),
        details={"word": found.word, "index": found.index, "box": [round(v) for v in found.box]},
    )


def _routes_reply(query: Routes, image: MaestroImage) -> ExpertReply:
    view = working_copy(image)
    found = routes(view.pixels, image, view.scale)
    number = found.between(query.start, query.end)
    ends: list[Json] = [f"{a}-{b}" for a, b in found.pairs]
    return ExpertReply(
        text=f"{number} routes from {query.start} to {query.end}, of {len(found.pairs)}: {', '.join(map(str, ends))}.",
        answer=str(number),
        confidence=round(found.confidence, 3),
        details={"count": number, "routes": ends},
    )

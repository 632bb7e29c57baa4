"""The counter: how many things of a form or colour a picture shows, and where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.counter._answers import answer_from_counts
from maestro_graph.embedded.counter._diagram_question import parse_diagram
from maestro_graph.embedded.counter._diagrams import answer_diagram
from maestro_graph.embedded.counter._drawn import drawn_likelihood, form_fit
from maestro_graph.embedded.counter._fine import find_fine
from maestro_graph.embedded.counter._ground import find_ink, noise_of
from maestro_graph.embedded.counter._match import pick
from maestro_graph.embedded.counter._nouns import tellable
from maestro_graph.embedded.counter._photo import find_repeated
from maestro_graph.embedded.counter._places import Place, placed, take_place
from maestro_graph.embedded.counter._question import Query
from maestro_graph.embedded.counter._rules import crossings, grid
from maestro_graph.embedded.counter._scene import find_scene
from maestro_graph.embedded.counter._things import Scene, Thing
from maestro_graph.embedded.counter._trust import repeats, signals, trust
from maestro_graph.embedded.counter._working import SMALL_PICTURE, Working, working_copy
from maestro_graph.embedded.preview import preview
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import ExpertReply, ExpertRequest

__all__ = ["Counter"]

MAX_BOXES = 400
HOPELESS = 0.1  # trust below which there is no answer
MOST_BY_NAME = 0.35  # confidence in a count of things that colour and form do not tell
CLEAN = 0.85  # fit from which a drawing in thin outlines is understood
CLEAR = 0.55  # least confidence in forms that are alike and as asked
WELL_FORMED = 0.1
ONE_SIZE = 0.3  # deviation of the logarithm of areas
NO_DRAWING = 0.15  # likelihood of a drawing below which flat colours are not looked for


class Counter(EmbeddedExpert):
    """Counts repeated things in photos and drawn scenes, by colour and form, touching ones too.

    The answer is a number, a colour or form name, or yes or no; `details` holds the boxes of what was counted in
    pixels of the picture. Refuses questions that are none of counting, and pictures in which nothing repeats.
    """

    def evidence_read(self, request: ExpertRequest) -> tuple[Evidence, ...]:
        """Nothing: pictures and question alone."""
        return ()

    def answer(self, request: ExpertRequest) -> ExpertReply:
        diagram = parse_diagram(request.question)
        if diagram is not None:
            if not request.images:
                raise refuse("there is no picture to look at")
            return answer_diagram(diagram, request.images[0])
        query, place = take_place(request.question)
        if query.refusal:
            raise refuse(f"the counter cannot serve this question: {query.refusal}")
        if not request.images:
            raise refuse("there is no picture to count in")
        image = request.images[0]
        view = working_copy(image)
        pixels = view.pixels
        if min(pixels.shape[:2]) < SMALL_PICTURE:
            raise refuse(f"the picture is too small to count in ({image.width}x{image.height} pixels)")
        clock = Clock.of(request)
        if query.kind == "grid":
            return _grid_reply(query, request.question, pixels)
        if query.kind == "crossings":
            return _crossings_reply(query, view)
        fine = find_fine(image) if _wants_outlines(query) else None
        named = (*query.targets, *((place.anchor,) if place is not None and place.anchor is not None else ()))
        if fine is not None and fine.scene.score > CLEAN and all(pick(fine.scene, t) for t in named):
            figures = signals(fine.view.pixels, fine.scene, 0.0, preview(image))
            return _counts_reply(query, place, fine.scene, figures, fine.view)
        clock.check()
        noise = noise_of(pixels)
        scene = look(pixels, view.scale, noise, query, clock)
        figures = signals(pixels, scene, noise, preview(image))
        return _counts_reply(query, place, scene, figures, view)


def look(pixels: NDArray[Any], scale: float, noise: float, query: Query, clock: Clock) -> Scene:
    """The most self-consistent way to see things in the picture."""
    ink = find_ink(pixels, noise)
    clock.check()
    likelihood = drawn_likelihood(pixels, ink, max(1.0, scale))
    drawn = find_scene(ink) if likelihood > NO_DRAWING else Scene("flat colours")
    drawn.drawn = True
    drawn.score = likelihood * form_fit(drawn)
    clock.check()
    if drawn.things and (likelihood > 0.75 or (drawn.score > 0.5 and _wants_form(query))):
        return drawn
    photos = find_repeated(pixels, clock)
    best = max([drawn, *photos], key=lambda s: s.score)
    if not best.things or best.score < 0.15:
        raise refuse("nothing in the picture repeats clearly enough to be counted")
    return best


def _wants_outlines(query: Query) -> bool:
    """Whether all that is counted are closed forms, of any colour."""
    return bool(query.targets) and all(
        t.form not in (None, "dot", "line", "arrow", "cross", "star") and not t.colours and t.filled is not True
        for t in query.targets
    )


def _wants_form(query: Query) -> bool:
    return any(t.form not in (None, "dot") or t.colours for t in query.targets)


def _counts_reply(
    query: Query, place: Place | None, scene: Scene, figures: Mapping[str, float], view: Working
) -> ExpertReply:
    groups = [pick(scene, target) for target in query.targets]
    if place is not None:
        size = (view.pixels.shape[1], view.pixels.shape[0])
        groups = [placed(scene, group, place, size) for group in groups]
    said = answer_from_counts(query, groups)
    counted = [t for group in groups for t in group]
    if not counted and not scene.drawn:
        raise refuse("the picture is no drawing, and nothing in it has the form or colour asked about")
    confidence = trust(figures, drawn=scene.drawn)
    if scene.drawn and all(t.form for t in query.targets) and all(_of_one_kind(group) for group in groups):
        confidence = max(confidence, CLEAR)
    if confidence < HOPELESS:
        raise refuse(_why(figures, scene))
    confidence *= 1.0 if counted else 0.6
    if not all(tellable(target) for target in query.targets) and not repeats(figures, scene):
        confidence = min(confidence, MOST_BY_NAME)
    confidence = round(float(np.clip(confidence, 0.05, 0.95)), 3)
    objects: list[Json] = [
        {"box": view.original(t.box), "colour": t.colour, "form": t.form} for t in counted[:MAX_BOXES]
    ]
    details: dict[str, Json] = {
        "method": scene.method,
        "count": len(counted),
        "objects": objects,
        "by_colour": scene.tally("colour"),
        "by_form": scene.tally("form"),
        "total": len(scene.things),
    }
    text = f"{said.words}: found by {_plain(scene.method)}, {len(scene.things)} things in all."
    return ExpertReply(text=text, answer=said.answer, confidence=confidence, details=details)


def _of_one_kind(group: list[Thing]) -> bool:
    """Whether things fit their form and have about one size: then what else the picture holds does not matter."""
    if len(group) < 2 or any(t.distance > WELL_FORMED for t in group):
        return False
    return float(np.std(np.log([t.area for t in group]))) < ONE_SIZE


def _why(figures: Mapping[str, float], scene: Scene) -> str:
    """Why a picture is none to count in."""
    if figures["text"] > 0.5:
        return "the picture is more likely text or a chart than things to count"
    if figures["many"] > 0 and not scene.drawn:
        return f"the picture breaks into {len(scene.things)} pieces that are more likely texture than things"
    return "what was found in the picture is too unlike and too unclear to be counted"


def _in_form(question: str, rows: int, columns: int) -> str:
    """Rows and columns as the question wants them written: a pair, named numbers in curly brackets, or words."""
    if re.search(r"rows? ?= ?\{", question):
        return f"rows={{{rows}}} columns={{{columns}}}"
    if re.search(r"\(\s*(?:rows?|\d+)\s*,\s*(?:columns?|cols?|\d+)\s*\)", question, re.IGNORECASE):
        return f"({rows}, {columns})"
    return f"{rows} rows and {columns} columns"


def _grid_reply(query: Query, question: str, pixels: NDArray[Any]) -> ExpertReply:
    size = grid(pixels)
    if size is None:
        raise refuse("no grid with rules or with things in rows and columns was found")
    rows, columns = size.rows, size.columns
    known: dict[tuple[str, ...], str] = {
        ("row",): str(rows),
        ("column",): str(columns),
        ("cell",): str(rows * columns),
    }
    answer = known.get(query.asks) or _in_form(question, rows, columns)
    return ExpertReply(
        text=f"{rows} rows and {columns} columns: found by {size.method}.",
        answer=answer,
        confidence=size.confidence,
        details={"rows": rows, "columns": columns, "method": size.method},
    )


def _crossings_reply(query: Query, view: Working) -> ExpertReply:
    boxes = crossings(view.pixels, [t.colours[0] for t in query.targets if t.colours])
    return ExpertReply(
        text=f"{len(boxes)} crossings of lines, found where a line comes out on both sides of the other.",
        answer=str(len(boxes)),
        confidence=0.7 if boxes else 0.5,
        details={"count": len(boxes), "objects": [{"box": view.original(b)} for b in boxes]},
    )


def _plain(method: str) -> str:
    """The method in words, without its scale."""
    return method.partition(" (")[0]

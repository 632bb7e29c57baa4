"""Which of the things found are the ones asked about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maestro_graph.embedded.colours import colour_distance
from maestro_graph.embedded.counter._question import Target
from maestro_graph.embedded.counter._things import Scene, Thing

__all__ = ["pick"]

SAME_NAME = 0.035  # colour distance within which two people may disagree about a name

_FAMILIES: dict[str, frozenset[str]] = {
    "circle": frozenset({"circle"}),
    "dot": frozenset({"circle", "dot", "octagon"}),
    "ring": frozenset({"circle", "ellipse"}),
    "ellipse": frozenset({"ellipse"}),
    "square": frozenset({"square"}),
    "rectangle": frozenset({"rectangle"}),
    "box": frozenset({"square", "rectangle"}),
    "quadrilateral": frozenset({"square", "rectangle", "diamond", "trapezoid", "parallelogram"}),
    "polygon": frozenset(
        ["square", "rectangle", "diamond", "trapezoid", "parallelogram", "triangle", "pentagon", "hexagon", "octagon"]
    ),
    "diamond": frozenset({"diamond", "parallelogram"}),
}


def _matches(thing: Thing, target: Target, present: frozenset[str]) -> bool:
    if target.form is not None and not _has_form(thing, target.form):
        return False
    if target.without_form is not None and _has_form(thing, target.without_form):
        return False
    if target.filled is not None and thing.filled != target.filled:
        return False
    if target.colours and not any(_has_colour(thing, c, present) for c in target.colours):
        return False
    return not any(_has_colour(thing, c, present) for c in target.without_colours)


def _has_form(thing: Thing, form: str) -> bool:
    if form == "ring":
        return thing.form in _FAMILIES["ring"] and (thing.hole or not thing.filled)
    return thing.form in _FAMILIES.get(form, frozenset({form}))


def _has_colour(thing: Thing, name: str, present: frozenset[str]) -> bool:
    """Whether a thing has a colour; where no thing has that very name, a near one will do."""
    if thing.colour == name:
        return True
    return name not in present and colour_distance(thing.rgb, name) < SAME_NAME


def pick(scene: Scene, target: Target) -> list[Thing]:
    """The things of a scene that a target means."""
    present = frozenset(t.colour for t in scene.things)
    things = [t for t in scene.things if _matches(t, target, present)]
    if target.form == "rectangle" and not things:
        things = [t for t in scene.things if _matches(t, replace(target, form="square"), present)]
    if target.form in ("circle", "dot") and not things and all(t.form == "other" for t in scene.things):
        things = [t for t in scene.things if _matches(t, replace(target, form=None), present)]
    if target.size and things:
        return _by_size(scene.things, things, target.size)
    return things


def _by_size(everything: list[Thing], things: list[Thing], size: str) -> list[Thing]:
    areas = np.sort([t.area for t in everything])
    if len(areas) < 2:
        return things
    jumps = np.diff(np.log(areas))
    cut = float(np.exp(np.log(areas)[jumps.argmax()] + jumps.max() / 2))
    return [t for t in things if (t.area < cut) == (size == "small")]

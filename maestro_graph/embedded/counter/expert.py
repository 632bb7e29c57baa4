"""The counter: how many things of a form or colour a picture shows, and where they are."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.colours import colour_distance
from maestro_graph.embedded.counter._ground import Ink, find_ink, noise_of
from maestro_graph.embedded.counter._photo import find_repeated
from maestro_graph.embedded.counter._question import Query, Target, parse_question
from maestro_graph.embedded.counter._scene import find_scene
from maestro_graph.embedded.counter._things import Scene, Thing
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

__all__ = ["Counter"]

MAX_SIDE = 1200
MIN_SIDE = 480  # smaller pictures are enlarged, so that small shapes have pixels enough for their form
SMALL_PICTURE = 4
MAX_BOXES = 400
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
    "polygon": frozenset("square rectangle diamond trapezoid parallelogram triangle pentagon hexagon octagon".split()),
    "diamond": frozenset({"diamond", "parallelogram"}),
}


class Counter(EmbeddedExpert):
    """Counts repeated things in photos and drawn scenes, by colour and form, touching ones too.

    The answer is a number, a colour or form name, or yes or no; `details` holds the boxes of what was counted in
    pixels of the picture. Refuses questions that are none of counting, and pictures in which nothing repeats.
    """

    def answer(self, request: ExpertRequest) -> ExpertReply:
        query = parse_question(request.question)
        if query.refusal:
            raise refuse(f"the counter cannot serve this question: {query.refusal}")
        if not request.images:
            raise refuse("there is no picture to count in")
        image = request.images[0]
        pixels, scale = _working_copy(image)
        if min(pixels.shape[:2]) < SMALL_PICTURE:
            raise refuse(f"the picture is too small to count in ({image.width}x{image.height} pixels)")
        clock = Clock.of(request)
        scene = _look(pixels, query, clock)
        return _reply(query, scene, scale, image)


def _working_copy(image: MaestroImage) -> tuple[NDArray[np.uint8], float]:
    """The picture at a size to work on, and working pixels per original pixel."""
    picture = image.rgb()
    longest = max(picture.size)
    if longest > MAX_SIDE:
        scale = MAX_SIDE / longest
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        return np.asarray(picture.resize(size, 4, reducing_gap=2.0)), scale
    pixels = np.asarray(picture)
    if longest < MIN_SIDE and min(picture.size) >= SMALL_PICTURE:
        factor = int(np.ceil(MIN_SIDE / longest))
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        return np.asarray(pixels, dtype=np.uint8), float(factor)
    return pixels, 1.0


def _look(pixels: NDArray[np.uint8], query: Query, clock: Clock) -> Scene:
    """The most self-consistent way to see things in the picture."""
    noise = noise_of(pixels)
    ink = find_ink(pixels, noise)
    clock.check()
    drawn = find_scene(ink)
    drawn.score = _drawn_score(drawn, ink)
    clock.check()
    if drawn.score > 0.72 or (drawn.score > 0.5 and _wants_form(query)):
        return drawn
    photos = find_repeated(pixels)
    clock.check()
    best = max([drawn, *photos], key=lambda s: s.score)
    if not best.things or best.score < 0.15:
        raise refuse("nothing in the picture repeats clearly enough to be counted")
    return best


def _wants_form(query: Query) -> bool:
    return any(t.form not in (None, "dot") or t.colours for t in query.targets)


def _drawn_score(scene: Scene, ink: Ink) -> float:
    """How much the picture is a drawing: flat colours on a smooth ground, forms that are known."""
    if not scene.things:
        return 0.0
    areas = np.sqrt([t.area for t in scene.things])
    fits = [1.0 if t.form == "line" else max(0.0, 1.0 - t.distance / 0.15) for t in scene.things]
    fit = float(np.average(fits, weights=areas))
    flat = float(np.clip((ink.flat - 0.6) / 0.3, 0.0, 1.0))
    ground = float(np.clip(ink.ground / 0.3, 0.0, 1.0))
    return fit * flat * ground


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


def _pick(scene: Scene, target: Target) -> list[Thing]:
    present = frozenset(t.colour for t in scene.things)
    things = [t for t in scene.things if _matches(t, target, present)]
    if target.form == "rectangle" and not things:
        things = [t for t in scene.things if _matches(t, _as_form(target, "square"), present)]
    if target.form in ("circle", "dot") and not things and all(t.form == "other" for t in scene.things):
        things = [t for t in scene.things if _matches(t, _as_form(target, None), present)]
    if target.size and things:
        return _by_size(scene.things, things, target.size)
    return things


def _as_form(target: Target, form: str | None) -> Target:
    return Target(
        target.noun, form, target.colours, target.without_colours, target.without_form, target.filled, target.size
    )


def _by_size(everything: list[Thing], things: list[Thing], size: str) -> list[Thing]:
    areas = np.sort([t.area for t in everything])
    if len(areas) < 2:
        return things
    jumps = np.diff(np.log(areas))
    cut = float(np.exp(np.log(areas)[jumps.argmax()] + jumps.max() / 2))
    return [t for t in things if (t.area < cut) == (size == "small")]


def _reply(query: Query, scene: Scene, scale: float, image: MaestroImage) -> ExpertReply:
    groups = [_pick(scene, target) for target in query.targets]
    counts = [len(group) for group in groups]
    answer, words = _ANSWERS[query.kind](query, groups, counts)
    counted = [t for group in groups for t in group]
    confidence = round(float(np.clip(scene.score, 0.05, 0.95)) * (1.0 if counted else 0.6), 3)
    text = f"{words}: found by {scene.method}, {len(scene.things)} things in all."
    return ExpertReply(text=text, answer=answer, confidence=confidence, details=_details(scene, counted, scale, image))


def _one(query: Query, groups: list[list[Thing]], counts: list[int]) -> tuple[str, str]:
    names = " and ".join(t.words() for t in query.targets)
    return str(sum(counts)), f"{sum(counts)} {names}"


def _sides(query: Query, counts: list[int]) -> tuple[int, int, str]:
    right = counts[1] if len(counts) > 1 else (query.number or 0)
    other = f"{right} {query.targets[1].words()}" if len(counts) > 1 else f"the {right} asked about"
    return counts[0], right, f"{counts[0]} {query.targets[0].words()} against {other}"


def _yes_no(compare: Callable[[int, int], bool]) -> Callable[..., tuple[str, str]]:
    def tell(query: Query, groups: list[list[Thing]], counts: list[int]) -> tuple[str, str]:
        left, right, words = _sides(query, counts)
        return ("yes" if compare(left, right) else "no"), words

    return tell


def _difference(query: Query, groups: list[list[Thing]], counts: list[int]) -> tuple[str, str]:
    left, right, words = _sides(query, counts)
    return str(abs(left - right)), words


def _tally(query: Query, groups: list[list[Thing]]) -> Tally[str]:
    by_form = "form" in query.asks or query.kind == "forms"
    return Tally(t.form if by_form else t.colour for t in groups[0])


def _ranking(query: Query, groups: list[list[Thing]], counts: list[int]) -> tuple[str, str]:
    tally = _tally(query, groups).most_common()
    if not tally:
        raise refuse("nothing of the kind asked about was found")
    name = tally[0][0] if query.kind == "most" else tally[-1][0]
    return name, ", ".join(f"{n} {k}" for k, n in tally)


def _varieties(query: Query, groups: list[list[Thing]], counts: list[int]) -> tuple[str, str]:
    tally = _tally(query, groups)
    return str(len(tally)), ", ".join(f"{n} {k}" for k, n in tally.most_common())


_ANSWERS: dict[str, Callable[..., tuple[str, str]]] = {
    "count": _one,
    "difference": _difference,
    "more": _yes_no(lambda a, b: a > b),
    "fewer": _yes_no(lambda a, b: a < b),
    "equal": _yes_no(lambda a, b: a == b),
    "exists": _yes_no(lambda a, b: a > 0),
    "most": _ranking,
    "least": _ranking,
    "colours": _varieties,
    "forms": _varieties,
}


def _details(scene: Scene, counted: list[Thing], scale: float, image: MaestroImage) -> dict[str, Json]:
    def original(thing: Thing) -> list[Json]:
        left, top, right, bottom = (v / scale for v in thing.box)
        return [round(left), round(top), min(image.width, round(right)), min(image.height, round(bottom))]

    everything = Tally(t.colour for t in scene.things), Tally(t.form for t in scene.things)
    boxes: list[Json] = [{"box": original(t), "colour": t.colour, "form": t.form} for t in counted[:MAX_BOXES]]
    return {
        "method": scene.method,
        "count": len(counted),
        "objects": boxes,
        "by_colour": dict(everything[0]),
        "by_form": dict(everything[1]),
        "total": len(scene.things),
    }

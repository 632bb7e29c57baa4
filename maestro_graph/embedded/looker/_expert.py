"""The looker expert: surveys the pictures, reads the question, answers it or says that it cannot."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.looker._answers import Look, answer_query
from maestro_graph.embedded.looker._questions import Compare, Query, parse
from maestro_graph.embedded.looker._regions import Region, Scene, survey
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

__all__ = ["Looker"]

REMEMBERED = 16  # scenes
MAX_LISTED = 30  # regions in the details


class Looker(EmbeddedExpert):
    """Looks at colours, forms, places, relations and sizes.

    Regions are found on a reduced copy and measured on the original, so that a small target in an 8K picture is
    seen; text on a region is read on an enlarged crop. What colour and form cannot tell is refused.
    """

    def __init__(self, card: ExpertCard) -> None:
        super().__init__(card)
        self._scenes: OrderedDict[str, Scene] = OrderedDict()
        self._lock = threading.Lock()

    def evidence_read(self, request: ExpertRequest) -> tuple[Evidence, ...]:
        """Nothing: pictures and question alone."""
        return ()

    def answer(self, request: ExpertRequest) -> ExpertReply:
        if not request.images:
            raise refuse("there is no picture to look at")
        query = parse(request.question, len(request.images))
        if query is None:
            raise refuse("the question is not about colours, places, forms or sizes in the picture")
        clock = Clock.of(request)
        scenes = []
        for image in request.images:
            clock.check()
            scenes.append(self._scene(image))
        look = _compare(query, scenes) if isinstance(query, Compare) else _best(query, scenes, request.images, clock)
        return ExpertReply(
            text=f"{look.why} Answer: {look.answer}",
            answer=look.answer,
            confidence=round(min(1.0, max(0.0, look.confidence)), 3),
            details={
                "used": [_record(region) for region in look.regions],
                "regions": [_record(region) for region in scenes[0].regions[:MAX_LISTED]],
                "background": scenes[0].background,
            },
        )

    def _scene(self, image: MaestroImage) -> Scene:
        with self._lock:
            if image.sha256 in self._scenes:
                self._scenes.move_to_end(image.sha256)
                return self._scenes[image.sha256]
        scene = survey(image.rgb())
        with self._lock:
            self._scenes[image.sha256] = scene
            while len(self._scenes) > REMEMBERED:
                self._scenes.popitem(last=False)
        return scene


def _best(query: Query, scenes: list[Scene], images: tuple[MaestroImage, ...], clock: Clock) -> Look:
    looks: list[Look] = []
    failure: CallFailure | None = None
    for scene, image in zip(scenes, images, strict=True):
        clock.check()
        try:
            looks.append(answer_query(query, scene, image))
        except CallFailure as error:
            failure = error
    if not looks:
        raise failure or refuse("nothing was found")
    return max(looks, key=lambda look: look.confidence)


def _compare(query: Compare, scenes: list[Scene]) -> Look:
    if query.by == "same":
        a, b = scenes[0], scenes[1]
        colours = sum(abs(a.shares.get(c, 0.0) - b.shares.get(c, 0.0)) for c in {*a.shares, *b.shares})
        alike = (a.width, a.height) == (b.width, b.height) and colours < 0.01 and len(a.regions) == len(b.regions)
        return Look("yes" if alike else "no", 0.7, f"Their colours differ by {colours:.1%}.")
    sign = -1.0 if query.by.startswith(("dark", "small", "less")) else 1.0
    values = [sign * _measure(query, scene) for scene in scenes]
    order = np.argsort(values)
    winner = int(order[-1])
    ordinal = ("first", "second", "third", "fourth", "fifth", "sixth")
    name = ordinal[winner] if winner < len(ordinal) else f"{winner + 1}th"
    gap = abs(values[order[-1]] - values[order[-2]]) / max(1e-6, abs(values[order[-1]]), abs(values[order[-2]]))
    shown = ", ".join(f"{sign * v:.3f}" for v in values)
    return Look(f"the {name} picture", min(0.9, 0.5 + 2 * gap), f"By picture: {shown}.")


def _measure(query: Compare, scene: Scene) -> float:
    if query.by == "colour" and query.colour is not None:
        return scene.shares.get(query.colour, 0.0)
    if query.by.startswith(("bright", "light", "dark")):
        return scene.brightness
    if "colo" in query.by or "saturated" in query.by:
        return scene.vividness
    if query.by == "wider":
        return float(scene.width)
    if query.by == "taller":
        return float(scene.height)
    return float(scene.width * scene.height)


def _record(region: Region) -> Json:
    box: list[Json] = [round(v) for v in region.box]
    return {"box": box, "colour": region.colour, "form": region.form, "area": round(region.area)}

"""Embedded perceivers: in-process stand-ins that read, list regions and describe by template, and say so."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from maestro_graph.cache import release
from maestro_graph.evidence import Json
from maestro_graph.perceivers import Box, PerceiverKind, Perception, PerceptionRequest, described

if TYPE_CHECKING:
    from maestro_graph.embedded.looker import Scene
    from maestro_graph.embedded.reader import Page
    from maestro_graph.images import MaestroImage

__all__ = ["EmbeddedCaption", "EmbeddedDetect", "EmbeddedOcr", "EmbeddedZoom"]

MOST_REGIONS = 40
MOST_WORDS = 60
LARGEST_ZOOM = 0.25
"""A region that covers more of the picture is seen well enough without zooming."""
COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are at by do does for from how image in is it many much of on or photo picture show shown that the "
        "there this to what where which with",
    )
)


class _Embedded:
    """Runs `see` in a worker thread."""

    kind: PerceiverKind

    @property
    def identity(self) -> str:
        return f"{type(self).__module__}.{type(self).__qualname__} {release()}"

    def see(self, request: PerceptionRequest) -> Perception:
        raise NotImplementedError

    async def perceive(self, request: PerceptionRequest) -> Perception:
        return await asyncio.to_thread(self.see, request)


class EmbeddedOcr(_Embedded):
    """Text in reading order, by RapidOCR."""

    kind: PerceiverKind = "ocr"

    def see(self, request: PerceptionRequest) -> Perception:
        """Read the picture; a picture without text is evidence too."""
        page = _page(request.image)
        boxes = tuple(Box(*box.box, box.text) for box in page.boxes)
        scores = [box.score for box in page.boxes]
        return Perception(
            kind="ocr",
            text=page.text or "(no text was found in the picture)",
            boxes=boxes,
            confidence=round(sum(scores) / len(scores), 3) if scores else None,
        )


class EmbeddedDetect(_Embedded):
    """Regions of one colour, largest first: proposals, not objects."""

    kind: PerceiverKind = "detect"

    def see(self, request: PerceptionRequest) -> Perception:
        """List the regions with colour and form."""
        boxes = _regions(_scene(request.image))
        text = f"Regions of one colour (proposals by colour and form, not by a detector):\n{described(boxes)}"
        return Perception(kind="detect", text=text if boxes else "no region stands out", boxes=boxes)


class EmbeddedZoom(_Embedded):
    """The region whose colour, form or text the question names."""

    kind: PerceiverKind = "zoom"

    def see(self, request: PerceptionRequest) -> Perception:
        """One box, or none where nothing small fits the question."""
        image = request.image
        asked = _words(f"{request.question} {request.focus}")
        candidates = [*_regions(_scene(image)), *(Box(*box.box, box.text) for box in _page(image).boxes)]
        area = image.width * image.height
        small = [box for box in candidates if (box.right - box.left) * (box.bottom - box.top) < LARGEST_ZOOM * area]
        best = max(small, key=lambda box: len(asked & _words(box.label)), default=None)
        if best is None or not asked & _words(best.label):
            return Perception(kind="zoom", text="the whole picture; no small region is named by the question")
        return Perception(kind="zoom", text=f"enlarged: {best.label}", boxes=(best,))


class EmbeddedCaption(_Embedded):
    """A description by template. It says that it is one: no captioning model is embedded."""

    kind: PerceiverKind = "caption"

    def see(self, request: PerceptionRequest) -> Perception:
        """Kind of picture, colours, regions and words."""
        from maestro_graph.embedded.preview import preview

        scene, page = _scene(request.image), _page(request.image)
        shares = [f"{name} {share:.0%}" for name, share in list(scene.shares.items())[:4] if share >= 0.02]
        regions = [region.words for region in scene.regions[:8]]
        words = " ".join(page.text.split()[:MOST_WORDS])
        parts = [
            "Described by template, not by a model.",
            preview(request.image).text,
            f"Colours: {', '.join(shares)}." if shares else "",
            f"Regions: {', '.join(regions)}." if regions else "",
            f"Words in it: {words}" if words else "No text in it.",
        ]
        details: dict[str, Json] = {"template": True}
        return Perception(kind="caption", text=" ".join(part for part in parts if part), details=details)


def _page(image: MaestroImage) -> Page:
    from maestro_graph.embedded.ocr import read_text
    from maestro_graph.embedded.reader import lay_out

    return lay_out(read_text(image), image.width, image.height)


def _scene(image: MaestroImage) -> Scene:
    from maestro_graph.embedded.looker import survey

    return survey(image.rgb())


def _regions(scene: Scene) -> tuple[Box, ...]:
    return tuple(Box(*region.box, region.words) for region in scene.regions[:MOST_REGIONS])


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower())) - COMMON

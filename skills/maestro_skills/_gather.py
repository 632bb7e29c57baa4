"""Evidence of a skill: perceivers at work beside each other, and what they found as text and pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType

from maestro_graph.errors import CallFailure
from maestro_graph.images import MaestroImage
from maestro_graph.perceivers import Perception, PerceptionRequest, cropped, with_boxes
from maestro_graph.skills import SkillCall
from maestro_skills._skill_file import EvidenceSpec

__all__ = ["Gathered", "Looking", "View", "gather"]


@dataclass(frozen=True, slots=True)
class View:
    """A picture that a step is shown, and what it is in words."""

    image: MaestroImage
    words: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one perceiver found, over the pictures of a request.

    Attributes:
        text: the evidence in words; what is absent or failed says so.
        crops: regions that zoom found, enlarged.
        drawn: copies of the pictures with the detected boxes.
    """

    text: str
    crops: tuple[View, ...] = ()
    drawn: tuple[View, ...] = ()


class Looking:
    """The perceivers of one run of a skill. Each piece of evidence is gathered once, whoever wants it.

    At its end, looks that nobody waits for any more are cancelled.
    """

    def __init__(self, call: SkillCall) -> None:
        self._call = call
        self._tasks: dict[EvidenceSpec, asyncio.Task[Gathered]] = {}

    def start(self, specs: Iterable[EvidenceSpec]) -> None:
        """Set perceivers to work."""
        for spec in specs:
            if spec not in self._tasks:
                self._tasks[spec] = asyncio.create_task(gather(spec, self._call))

    async def get(self, spec: EvidenceSpec) -> Gathered:
        """What a perceiver that was started found."""
        return await asyncio.shield(self._tasks[spec])

    async def __aenter__(self) -> Looking:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        ends = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        bug = next((end for end in ends if isinstance(end, Exception)), None)  # a cancellation is none
        if bug is not None and error is None:
            raise bug


async def gather(spec: EvidenceSpec, call: SkillCall) -> Gathered:
    """Have a perceiver look at the pictures of the request, all at the same time."""
    images = call.request.images[: _how_many(spec, len(call.request.images))]
    if not images:
        return Gathered(f"(no {spec.kind} evidence: there is no picture)")
    looks = await asyncio.gather(*(_look(spec, image, call) for image in images))
    several = len(call.request.images) > 1
    texts: list[str] = []
    crops: list[View] = []
    drawn: list[View] = []
    for number, (image, seen) in enumerate(zip(images, looks, strict=True), start=1):
        name = f"picture {number}" if several else "the picture"
        prefix = f"Picture {number}:\n" if several else ""
        if isinstance(seen, CallFailure):
            texts.append(f"{prefix}(no {spec.kind} evidence: {seen.message})")
            continue
        texts.append(prefix + seen.text)
        if spec.kind == "zoom" and seen.boxes:
            crops.append(View(cropped(image, seen.boxes[0]), f"a region of {name}, enlarged"))
        if spec.kind == "detect" and seen.boxes:
            drawn.append(View(with_boxes(image, seen.boxes), f"a copy of {name} with the detected boxes, numbered"))
    return Gathered("\n\n".join(texts), tuple(crops), tuple(drawn))


def _how_many(spec: EvidenceSpec, there: int) -> int:
    if spec.images == "all":
        return there
    return 1 if spec.images == "first" else spec.images


async def _look(spec: EvidenceSpec, image: MaestroImage, call: SkillCall) -> Perception | CallFailure:
    request = PerceptionRequest(image=image, question=call.request.question, focus=spec.focus)
    try:
        return await call.perceive(spec.kind, request)
    except CallFailure as failure:
        return failure

"""Evidence of a skill: perceivers at work beside each other, and what they found as text and pictures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from maestro_graph.errors import CallFailure
from maestro_graph.images import MaestroImage
from maestro_graph.perceivers import Perception, PerceptionRequest, cropped, with_boxes
from maestro_graph.skills import SkillCall
from maestro_skills._skill_file import EvidenceSpec

__all__ = ["Gathered", "gather"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one perceiver found, over the pictures of a request.

    Attributes:
        text: the evidence in words; what is absent or failed says so.
        crops: regions that zoom found, enlarged.
        drawn: copies of the pictures with the detected boxes.
        found: whether any look succeeded.
    """

    text: str
    crops: tuple[MaestroImage, ...] = ()
    drawn: tuple[MaestroImage, ...] = ()
    found: bool = True


async def gather(spec: EvidenceSpec, call: SkillCall) -> Gathered:
    """Have a perceiver look at the pictures of the request, all at the same time."""
    images = call.request.images[:1] if spec.images == "first" else call.request.images
    if not images:
        return Gathered(f"(no {spec.kind} evidence: there is no picture)", found=False)
    looks = await asyncio.gather(*(_look(spec, image, call) for image in images))
    texts: list[str] = []
    crops: list[MaestroImage] = []
    drawn: list[MaestroImage] = []
    for number, (image, seen) in enumerate(zip(images, looks, strict=True), start=1):
        prefix = f"Picture {number}:\n" if len(images) > 1 else ""
        if isinstance(seen, CallFailure):
            texts.append(f"{prefix}(no {spec.kind} evidence: {seen.message})")
            continue
        texts.append(prefix + seen.text)
        if spec.kind == "zoom" and seen.boxes:
            crops.append(cropped(image, seen.boxes[0]))
        if spec.kind == "detect" and seen.boxes:
            drawn.append(with_boxes(image, seen.boxes))
    found = any(not isinstance(seen, CallFailure) for seen in looks)
    return Gathered("\n\n".join(texts), tuple(crops), tuple(drawn), found)


async def _look(spec: EvidenceSpec, image: MaestroImage, call: SkillCall) -> Perception | CallFailure:
    request = PerceptionRequest(image=image, question=call.request.question, focus=spec.focus)
    try:
        return await call.perceive(spec.kind, request)
    except CallFailure as failure:
        return failure

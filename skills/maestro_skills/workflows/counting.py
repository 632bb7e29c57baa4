"""Counting with verification: two looks that do not know of each other where the expert is no chat model."""

from __future__ import annotations

from dataclasses import replace

from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertReply
from maestro_graph.perceivers import mirrored
from maestro_graph.skills import SkillCall
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import CHAT, run_steps

__all__ = ["run"]


async def run(file: SkillFile, call: SkillCall) -> ExpertReply:
    """Count, look at a mirrored copy, and say whether both looks agree.

    An expert that follows instructions lists and verifies by its prompts. An embedded one is asked about the picture
    and its mirror image: a sound count does not depend on left and right, so agreement raises the confidence halfway
    to 1 and disagreement lowers it by the relative difference.
    """
    if CHAT in call.expert.abilities:
        return await run_steps(file, call)
    first = await call.ask(call.request)
    flipped = tuple(mirrored(image) for image in call.request.images)
    second = await call.ask(replace(call.request, images=flipped))
    return _compared(first, second)


def _compared(first: ExpertReply, second: ExpertReply) -> ExpertReply:
    confidence = first.confidence if first.confidence is not None else 0.5
    if first.answer == second.answer:
        text = f"{first.text}\nVerified: a second look at the mirrored picture gave {second.answer} too."
        verified, confidence = True, (1 + confidence) / 2
    else:
        text = f"{first.text}\nNot verified: a second look at the mirrored picture gave {second.answer}."
        verified, confidence = False, confidence * _closeness(first.answer, second.answer)
    details: dict[str, Json] = {**first.details, "second_look": second.answer, "verified": verified}
    return replace(first, text=text, confidence=round(confidence, 3), details=details)


def _closeness(first: str | None, second: str | None) -> float:
    """1 for equal counts, down to 0; one half where they are no numbers."""
    if first is None or second is None or not (first.isdigit() and second.isdigit()):
        return 0.5
    larger = max(int(first), int(second))
    return 1.0 - abs(int(first) - int(second)) / larger if larger else 1.0

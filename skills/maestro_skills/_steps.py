"""Run the steps of a declarative skill, each as early as its inputs are there. Latency is the longest path."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from string import Template
from typing import TypeAlias

from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage
from maestro_graph.protocol import neutralise
from maestro_graph.skills import SkillCall
from maestro_skills._gather import Gathered, gather
from maestro_skills._skill_file import SkillFile, StepSpec

__all__ = ["CHAT", "run_steps", "start_evidence"]

CHAT = "chat"

Looking: TypeAlias = Mapping[str, "asyncio.Task[Gathered]"]


def start_evidence(file: SkillFile, call: SkillCall, group: asyncio.TaskGroup) -> dict[str, asyncio.Task[Gathered]]:
    """Set the perceivers of a skill to work."""
    return {spec.kind: group.create_task(gather(spec, call)) for spec in file.evidence}


async def run_steps(file: SkillFile, call: SkillCall) -> ExpertReply:
    """Run a skill without a workflow of its own; the reply is its last step's.

    An expert that does not follow free instructions (no `chat`) cannot divide its work by prompts: it is asked about
    the pictures, and where the skill zooms also about the region, and its more confident reply counts.
    """
    if CHAT not in call.expert.abilities:
        return await _without_instructions(file, call)
    try:
        async with asyncio.TaskGroup() as group:
            looking = start_evidence(file, call, group)
            running: dict[str, asyncio.Task[ExpertReply]] = {}
            for step in file.steps:
                before = {name: running[name] for name in step.after}
                running[step.id] = group.create_task(_step(file, step, before, looking, call))
    except BaseExceptionGroup as failures:
        raise _first(failures) from failures
    return running[file.steps[-1].id].result()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """A bug if there is one, else the failure of a call."""
    flat: list[BaseException] = []
    queue: list[BaseException] = [failures]
    while queue:
        error = queue.pop(0)
        if isinstance(error, BaseExceptionGroup):
            queue.extend(error.exceptions)
        else:
            flat.append(error)
    return next((error for error in flat if not isinstance(error, CallFailure)), flat[0])


async def _step(
    file: SkillFile,
    step: StepSpec,
    before: Mapping[str, asyncio.Task[ExpertReply]],
    looking: Looking,
    call: SkillCall,
) -> ExpertReply:
    """One request, once the steps and the evidence that its prompt and pictures name are there."""
    template = Template(file.prompts[step.id])
    slots = set(template.get_identifiers())
    texts = {name: neutralise((await task).text) for name, task in before.items()}
    texts["question"] = neutralise(call.request.question)
    for kind, task in looking.items():
        if kind in slots:
            texts[kind] = neutralise((await task).text)
    images = [image for part in step.images for image in await _pictures(part, looking, call.request)]
    instructions = template.substitute({name: texts[name] for name in slots})
    if file.output and step is file.steps[-1]:
        instructions = f"{instructions}\n\n{file.output}"
    fields: dict[str, Json] = {"skill": file.card.name, "step": step.id}
    call.note("step", fields)
    return await call.ask(replace(call.request, instructions=instructions, images=tuple(images)))


async def _pictures(part: str, looking: Looking, request: ExpertRequest) -> tuple[MaestroImage, ...]:
    if part == "crop":
        return (await looking["zoom"]).crops if "zoom" in looking else ()
    if part == "boxes":
        return (await looking["detect"]).drawn if "detect" in looking else ()
    return request.images


async def _without_instructions(file: SkillFile, call: SkillCall) -> ExpertReply:
    zoom = next((spec for spec in file.evidence if spec.kind == "zoom"), None)
    views = [call.request]
    if zoom is not None and call.request.images:
        crops = (await gather(zoom, call)).crops
        if crops:
            views.append(replace(call.request, images=crops))
    replies = await asyncio.gather(*(_ask_or_failure(view, call) for view in views))
    good = [reply for reply in replies if isinstance(reply, ExpertReply)]
    if not good:
        raise next(reply for reply in replies if isinstance(reply, CallFailure))
    return max(good, key=lambda reply: reply.confidence or 0.0)


async def _ask_or_failure(request: ExpertRequest, call: SkillCall) -> ExpertReply | CallFailure:
    try:
        return await call.ask(request)
    except CallFailure as failure:
        return failure

"""Run the steps of a skill, each as early as its inputs are there. Latency is the longest path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from string import Template
from types import MappingProxyType

from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.protocol import neutralise
from maestro_graph.skills import SkillCall
from maestro_skills._gather import Looking, View, gather
from maestro_skills._skill_file import SkillFile, StepSpec

__all__ = ["CHAT", "Workbench", "render_step", "run_steps", "workbench"]

CHAT = "chat"
WHOLE_PICTURE = frozenset({"chart", "count", "calculate"})
"""Abilities of experts without instructions that would miss on a crop what lies outside it."""

NOTHING: Mapping[str, str] = MappingProxyType({})


async def run_steps(file: SkillFile, call: SkillCall, looking: Looking | None = None) -> ExpertReply:
    """Run a skill without a workflow of its own; the reply is its last step's.

    An expert that does not follow free instructions (no `chat`) cannot divide its work by prompts: it is asked about
    the pictures, and where the skill zooms and a region tells enough, also about the region; its more confident reply
    counts.
    """
    if CHAT not in call.expert.abilities:
        return await _without_instructions(file, call)
    async with workbench(file, call, looking) as bench:
        last = [bench.start(step.id) for step in file.steps][-1]
    return last.result()


class Workbench:
    """Steps of one skill at work. Python workflows start steps here in the order that their logic wants."""

    def __init__(self, file: SkillFile, call: SkillCall, looking: Looking, group: asyncio.TaskGroup) -> None:
        self._file, self._call, self._looking, self._group = file, call, looking, group
        self._running: dict[str, asyncio.Task[ExpertReply]] = {}

    def start(self, name: str, given: Mapping[str, str] = NOTHING) -> asyncio.Task[ExpertReply]:
        """Start a step. It asks the expert once the latest runs of the steps in its `after` have replied.

        Args:
            name: id of the step; it may be started again (repairs).
            given: texts for the slots that it declares as `given`, or in place of a whole reply of an earlier step.
        """
        step = self._file.step(name)
        before = {earlier: self._running[earlier] for earlier in step.after}
        task = self._group.create_task(self._run(step, before, given))
        self._running[name] = task
        return task

    async def _run(
        self, step: StepSpec, before: Mapping[str, asyncio.Task[ExpertReply]], given: Mapping[str, str]
    ) -> ExpertReply:
        texts = {earlier: (await task).text for earlier, task in before.items()}
        slots = set(Template(self._file.prompts[step.id]).get_identifiers())
        for spec in self._file.evidence:
            if spec.kind in slots:
                texts[spec.kind] = (await self._looking.get(spec)).text
        texts.update(given)
        views = [view for part in step.images for view in await self._views(part)]
        instructions = render_step(self._file, step, self._call.request.question, texts, views)
        self._call.note("step", {"skill": self._file.card.name, "step": step.id})
        images = tuple(view.image for view in views)
        return await self._call.ask(replace(self._call.request, instructions=instructions, images=images))

    async def _views(self, part: str) -> tuple[View, ...]:
        if part == "original":
            images = self._call.request.images
            if len(images) == 1:
                return (View(images[0], "the picture"),)
            return tuple(View(image, f"picture {number}") for number, image in enumerate(images, start=1))
        kind = "zoom" if part == "crop" else "detect"
        spec = next(spec for spec in self._file.evidence if spec.kind == kind)
        found = await self._looking.get(spec)
        return found.crops if part == "crop" else found.drawn


@asynccontextmanager
async def workbench(file: SkillFile, call: SkillCall, looking: Looking | None = None) -> AsyncIterator[Workbench]:
    """Gather the evidence of a skill and run its steps; ends when all steps that were started have.

    Args:
        looking: what the parent of this skill gathers already.

    Raises:
        CallFailure: that of the first step that came to nothing; the others are cancelled.
    """
    try:
        async with nullcontext(looking) if looking else Looking(call) as seen, asyncio.TaskGroup() as group:
            seen.start(file.evidence)
            yield Workbench(file, call, seen, group)
    except BaseExceptionGroup as failures:
        raise _first(failures) from failures


def render_step(file: SkillFile, step: StepSpec, question: str, texts: Mapping[str, str], views: Sequence[View]) -> str:
    """The prompt of a step. What comes from outside is neutralised; the form of the answer goes to final steps."""
    values = {"question": question, "pictures": _described(views), **texts}
    template = Template(file.prompts[step.id])
    wanted = set(template.get_identifiers())
    if missing := wanted - set(values):
        raise RuntimeError(f"{file.card.name}: the step {step.id!r} was started without {sorted(missing)}")
    text = template.substitute(
        {name: values[name] if name == "pictures" else neutralise(values[name]) for name in wanted}
    )
    final = all(step.id not in other.after for other in file.steps)
    return f"{text}\n\n{file.output}" if file.output and final else text


def _described(views: Sequence[View]) -> str:
    """What the pictures are that the expert is shown, in their order."""
    if not views:
        return "You are shown no picture."
    if len(views) == 1:
        return f"You are shown {views[0].words}."
    listed = "; ".join(f"({number}) {view.words}" for number, view in enumerate(views, start=1))
    return f"You are shown, in this order: {listed}."


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


async def _without_instructions(file: SkillFile, call: SkillCall) -> ExpertReply:
    zoom = next((spec for spec in file.evidence if spec.kind == "zoom"), None)
    views = [call.request]
    if zoom is not None and call.request.images and not WHOLE_PICTURE & call.expert.abilities:
        crops = tuple(view.image for view in (await gather(zoom, call)).crops)
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

"""A skill folder as a `Skill`: its steps run as early as their inputs allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib import import_module
from string import Template
from typing import TypeAlias

from maestro_graph.errors import RegistryError
from maestro_graph.experts import ExpertCard, ExpertReply
from maestro_graph.protocol import neutralise
from maestro_graph.skills import SkillCall, SkillCard
from maestro_skills._skill_file import SkillFile, StepSpec

__all__ = ["FolderSkill", "Workflow", "run_steps"]

Workflow: TypeAlias = Callable[[SkillFile, SkillCall], Awaitable[ExpertReply]]
"""Python logic of a skill, named in its SKILL.md as `module:function`."""

CHAT = "chat"


class FolderSkill:
    """A Level-1 skill from its folder."""

    def __init__(self, file: SkillFile) -> None:
        self.file = file
        self._workflow = _load(file) if file.workflow else run_steps

    @property
    def card(self) -> SkillCard:
        return self.file.card

    def refusal(self, expert: ExpertCard) -> str | None:
        """Why this skill cannot run on that expert."""
        if missing := self.file.modality - expert.modality:
            return f"{self.card.name} needs an expert that takes {', '.join(sorted(missing))}; {expert.name!r} does not"
        if not self.file.abilities & expert.abilities:
            wanted = " or ".join(sorted(self.file.abilities))
            return f"{self.card.name} needs the ability {wanted}; {expert.name!r} has {sorted(expert.abilities)}"
        return None

    async def run(self, call: SkillCall) -> ExpertReply:
        return await self._workflow(self.file, call)


async def run_steps(file: SkillFile, call: SkillCall) -> ExpertReply:
    """Run the steps of a declarative skill; the reply is the last step's. Latency is the longest path.

    An expert that does not follow free instructions (no `chat`) is asked once: prompts cannot divide its work.
    """
    if CHAT not in call.expert.abilities:
        return await call.ask(call.request)
    running: dict[str, asyncio.Task[ExpertReply]] = {}
    async with asyncio.TaskGroup() as group:
        for step in file.steps:
            before = {name: running[name] for name in step.after}
            running[step.id] = group.create_task(_step(file, step, before, call))
    return running[file.steps[-1].id].result()


async def _step(
    file: SkillFile,
    step: StepSpec,
    before: dict[str, asyncio.Task[ExpertReply]],
    call: SkillCall,
) -> ExpertReply:
    replies = {name: neutralise((await task).text) for name, task in before.items()}
    instructions = Template(file.prompts[step.id]).substitute(replies)
    return await call.ask(replace(call.request, instructions=instructions))


def _load(file: SkillFile) -> Workflow:
    module, _, name = (file.workflow or "").partition(":")
    try:
        workflow: Workflow = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RegistryError(f"{file.folder}: the workflow {file.workflow!r} cannot be loaded: {error}") from error
    return workflow

"""A skill folder as a `Skill`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib import import_module
from typing import TypeAlias

from maestro_graph.errors import RegistryError
from maestro_graph.experts import ExpertCard, ExpertReply
from maestro_graph.skills import SkillCall, SkillCard
from maestro_skills._dispatch import choose_child
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import run_steps

__all__ = ["FolderSkill", "Workflow"]

Workflow: TypeAlias = Callable[[SkillFile, SkillCall], Awaitable[ExpertReply]]
"""Python logic of a skill, named in its SKILL.md as `module:function`."""


class FolderSkill:
    """A Level-1 skill from its folder."""

    def __init__(self, file: SkillFile) -> None:
        self.file = file
        self._workflows = {item.card.name: _load(item) for item in (file, *file.children.values()) if item.workflow}

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
        """Run the skill, or the child that its dispatch chooses."""
        file = self.file
        if not file.children:
            return await self._run(file, call)
        choice = await choose_child(file, call)
        reply = await self._run(choice.child, call)
        chosen = {"level2": choice.child.card.name, "dispatched_by": choice.by}
        return replace(reply, details={**reply.details, **chosen})

    async def _run(self, file: SkillFile, call: SkillCall) -> ExpertReply:
        return await self._workflows.get(file.card.name, run_steps)(file, call)


def _load(file: SkillFile) -> Workflow:
    module, _, name = (file.workflow or "").partition(":")
    try:
        workflow: Workflow = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RegistryError(f"{file.folder}: the workflow {file.workflow!r} cannot be loaded: {error}") from error
    return workflow

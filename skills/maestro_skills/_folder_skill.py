"""A skill folder as a `Skill`."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib import import_module
from typing import TypeAlias

from maestro_graph.errors import CallFailure, RegistryError
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.skills import SkillCall, SkillCard
from maestro_skills._dispatch import choose_child
from maestro_skills._gather import Looking
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import CHAT, run_steps

__all__ = ["FolderSkill", "Workflow"]

Workflow: TypeAlias = Callable[[SkillFile, SkillCall], Awaitable[ExpertReply]]
"""Python logic of a skill, named in its SKILL.md as `module:function`."""


class FolderSkill:
    """A Level-1 skill from its folder."""

    def __init__(self, file: SkillFile) -> None:
        self.file = file
        self._workflows = {item.folder: _load(item) for item in (file, *file.children.values()) if item.workflow}

    @property
    def card(self) -> SkillCard:
        return self.file.card

    @property
    def triggers(self) -> tuple[str, ...]:
        """Regular expressions that speak for this skill: its own and those of its children. For keyword rules."""
        return (*self.file.triggers, *(trigger for child in self.file.children.values() for trigger in child.triggers))

    @property
    def passes_evidence(self) -> bool:
        """Whether earlier evidence reaches the reply through the expert alone; a foreign workflow may read it."""
        workflows = [item.workflow for item in (self.file, *self.file.children.values()) if item.workflow]
        return all(name.startswith("maestro_skills.workflows.") for name in workflows)

    @property
    def identity(self) -> str:
        """Digest of all files of the folder: what replies depend on besides expert and request."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.file.folder.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts:
                name = path.relative_to(self.file.folder).as_posix().encode()
                digest.update(len(name).to_bytes(4) + name + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

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
            return await self._run(file, _limited(file, call), None)
        # What parent and child both want to know is looked at while the child is chosen.
        async with Looking(call) as looking:
            if CHAT in call.expert.abilities:
                looking.start(file.evidence)
            choice = await choose_child(file, call)
            reply = await self._run(choice.child, _limited(choice.child, call), looking)
        chosen = {"level2": choice.child.card.name, "dispatched_by": choice.by}
        return replace(reply, details={**reply.details, **chosen})

    async def _run(self, file: SkillFile, call: SkillCall, looking: Looking | None) -> ExpertReply:
        workflow = self._workflows.get(file.folder)
        return await (run_steps(file, call, looking) if workflow is None else workflow(file, call))


def _limited(file: SkillFile, call: SkillCall) -> SkillCall:
    """The call, with no more requests to the expert than the skill may make."""
    left = file.max_calls

    async def ask(request: ExpertRequest) -> ExpertReply:
        nonlocal left
        if left == 0:
            raise CallFailure("refused", f"{file.card.name} has used up its max-calls ({file.max_calls})")
        left -= 1
        return await call.ask(request)

    return replace(call, ask=ask)


def _load(file: SkillFile) -> Workflow:
    module, _, name = (file.workflow or "").partition(":")
    try:
        workflow: Workflow = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RegistryError(
            f"{file.folder / 'SKILL.md'}: metadata.maestro.workflow {file.workflow!r} cannot be loaded ({error}); "
            f"name an importable module and an async function of it"
        ) from error
    return workflow

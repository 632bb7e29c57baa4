"""The SKILL.md of a skill: Agent Skills front matter, our fields under `metadata.maestro`, instructions as body."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from maestro_graph.errors import RegistryError
from maestro_graph.experts import Modality
from maestro_graph.skills import SkillCard

__all__ = ["SkillFile", "StepSpec", "read_skill_file"]

FILE_NAME = "SKILL.md"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StepSpec(_Strict):
    """One request to the expert.

    Attributes:
        id: the slot `$id` under which later prompts read this step's reply.
        prompt: template file in the skill's folder.
        after: steps whose replies this one needs; steps that do not need each other run at the same time.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    prompt: str = Field(min_length=1)
    after: tuple[str, ...] = ()


class _Maestro(_Strict):
    level: Literal[1, 2]
    protocol_name: str = Field(alias="protocol-name")
    abilities: frozenset[str] = frozenset({"chat"})
    modality: frozenset[Modality] = frozenset()
    examples: tuple[str, ...] = ()
    workflow: str | None = Field(default=None, pattern=r"^[\w.]+:\w+$")
    steps: tuple[StepSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _order(self) -> _Maestro:
        known: set[str] = set()
        for step in self.steps:
            if step.id in known:
                raise ValueError(f"two steps are called {step.id!r}; give each its own id")
            if unknown := set(step.after) - known:
                raise ValueError(f"step {step.id!r} comes after {sorted(unknown)}, which no earlier step is called")
            known.add(step.id)
        return self


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # the Agent Skills format may grow fields

    name: str
    description: str
    metadata: dict[str, Any] = Field(default_factory=dict)


class SkillFile(BaseModel):
    """A validated skill folder.

    Attributes:
        card: what a router may know of it.
        level: 1 for skills that the router can choose, 2 for their children.
        abilities: the skill runs on experts that have one of them.
        modality: what it cannot do without.
        workflow: `module:function` where logic is needed beyond the steps.
        steps: the requests; `prompts` their templates by step id.
        body: the instructions for an agent that reads Agent Skills itself.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    card: SkillCard
    level: Literal[1, 2]
    abilities: frozenset[str]
    modality: frozenset[Modality]
    workflow: str | None
    steps: tuple[StepSpec, ...]
    prompts: dict[str, str]
    body: str


def read_skill_file(folder: Path) -> SkillFile:
    """Read and validate the skill in `folder`.

    Raises:
        RegistryError: names file, field and cure.
    """
    path = folder / FILE_NAME
    front, body = _split(path)
    try:
        matter = _FrontMatter.model_validate(front)
        if "maestro" not in matter.metadata:
            raise RegistryError(f"{path}: metadata.maestro is missing; add level, protocol-name and steps")
        ours = _Maestro.model_validate(matter.metadata["maestro"])
        card = SkillCard(
            name=matter.name,
            protocol_name=ours.protocol_name,
            description=" ".join(matter.description.split()),
            examples=ours.examples,
        )
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, item['loc'])) or 'front matter'}: {item['msg']}" for item in error.errors()]
        raise RegistryError(f"{path} does not validate; mend these fields:\n" + "\n".join(lines)) from error
    if card.name != folder.name:
        raise RegistryError(f"{path}: name is {card.name!r}, but the folder is {folder.name!r}; make them equal")
    return SkillFile(
        folder=folder,
        card=card,
        level=ours.level,
        abilities=ours.abilities,
        modality=ours.modality,
        workflow=ours.workflow,
        steps=ours.steps,
        prompts={step.id: _prompt(folder, step) for step in ours.steps},
        body=body,
    )


def _split(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}; a skill is a folder with a {FILE_NAME}") from error
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RegistryError(f"{path} has no front matter; begin it with a line '---', YAML, and another line '---'")
    try:
        front = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        raise RegistryError(f"{path}: the front matter is no YAML: {error}") from error
    if not isinstance(front, dict):
        raise RegistryError(f"{path}: the front matter must be a mapping with name and description")
    return front, parts[2].strip()


def _prompt(folder: Path, step: StepSpec) -> str:
    path = (folder / step.prompt).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RegistryError(f"{folder / FILE_NAME}: steps.{step.id}.prompt {step.prompt!r} leaves the skill's folder")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{folder / FILE_NAME}: steps.{step.id}.prompt cannot be read: {error}") from error
    slots = set(Template(text).get_identifiers())
    if unknown := slots - set(step.after):
        raise RegistryError(f"{path}: the slots {sorted(unknown)} are not among the steps it comes after {step.after}")
    return text

"""The SKILL.md of a skill: Agent Skills front matter, our fields under `metadata.maestro`, instructions as body."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from maestro_graph.errors import RegistryError
from maestro_graph.experts import Modality
from maestro_graph.perceivers import PerceiverKind
from maestro_graph.skills import SkillCard

__all__ = ["DispatchSpec", "EvidenceSpec", "SkillFile", "StepSpec", "read_skill_file"]

FILE_NAME = "SKILL.md"
RESERVED = frozenset({"question", "ocr", "caption", "detect", "zoom"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Picture = Literal["original", "crop", "boxes"]
"""Which pictures a step sees: those of the request, the regions that zoom found, copies with detected boxes."""


class EvidenceSpec(_Strict):
    """Evidence that is gathered before, or beside, the steps.

    Attributes:
        kind: which perceiver.
        focus: what it should look at.
        images: of which pictures: all of the request's, or the first.
    """

    kind: PerceiverKind
    focus: str = ""
    images: Literal["all", "first"] = "all"


class StepSpec(_Strict):
    """One request to the expert.

    Attributes:
        id: the slot `$id` under which later prompts read this step's reply.
        prompt: template file in the skill's folder; `$question`, `$ocr`, `$caption`, `$detect`, `$zoom` and the ids of
            the steps in `after` are its slots.
        after: steps whose replies this one needs; steps that do not need each other run at the same time.
        images: which pictures it sees.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    prompt: str = Field(min_length=1)
    after: tuple[str, ...] = ()
    images: tuple[Picture, ...] = ("original",)


class DispatchSpec(_Strict):
    """How a Level-1 skill chooses among its Level-2 children.

    Attributes:
        order: the ways to choose, tried in turn until one is sure: `triggers` of the children in the question, the
            `meaning` of the question beside the children's descriptions, the `expert` by a constrained choice.
        margin: how far the nearest description must lead for `meaning` to be sure; the last way always decides.
        look: the expert is shown the pictures when it chooses (the kind of a chart is seen, not said).
    """

    order: tuple[Literal["triggers", "meaning", "expert"], ...] = ("triggers", "meaning", "expert")
    margin: float = Field(default=0.05, ge=0)
    look: bool = False


class _Maestro(_Strict):
    level: Literal[1, 2]
    protocol_name: str | None = Field(default=None, alias="protocol-name")
    abilities: frozenset[str] = frozenset({"chat"})
    modality: frozenset[Modality] = frozenset()
    examples: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    evidence: tuple[EvidenceSpec, ...] = ()
    steps: tuple[StepSpec, ...] = ()
    dispatch: DispatchSpec = DispatchSpec()
    workflow: str | None = Field(default=None, pattern=r"^[\w.]+:\w+$")
    output: str = ""
    max_calls: int = Field(default=8, ge=1, alias="max-calls")

    @model_validator(mode="after")
    def _order(self) -> _Maestro:
        known: set[str] = set()
        kinds = [item.kind for item in self.evidence]
        if len(kinds) != len(set(kinds)):
            raise ValueError("evidence names a kind twice; one entry for each kind")
        for step in self.steps:
            if step.id in known or step.id in RESERVED:
                raise ValueError(f"the step id {step.id!r} is taken; give each step its own")
            if unknown := set(step.after) - known:
                raise ValueError(f"step {step.id!r} comes after {sorted(unknown)}, which no earlier step is called")
            known.add(step.id)
        if self.level == 1 and self.protocol_name is None:
            raise ValueError("protocol-name is missing; a Level-1 skill needs the name that the router writes")
        for trigger in self.triggers:
            try:
                re.compile(trigger, re.IGNORECASE)
            except re.error as error:
                raise ValueError(f"trigger {trigger!r} is no regular expression: {error}") from error
        return self


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # the Agent Skills format may grow fields

    name: str
    description: str
    metadata: dict[str, Any] = Field(default_factory=dict)


class SkillFile(BaseModel):
    """A validated skill folder.

    Attributes:
        card: what a router, or its parent's dispatch, may know of it.
        level: 1 for skills that the router can choose, 2 for their children.
        abilities: the skill runs on experts that have one of them.
        modality: what it cannot do without.
        triggers: regular expressions that make the choice of this child certain.
        evidence, steps, dispatch, workflow: see the specs; a workflow is `module:function`.
        output: one sentence on the form of the answer, added to every prompt of the last step.
        max_calls: requests to the expert that a run may make.
        prompts: templates by step id.
        children: Level-2 skills, by name.
        body: the instructions for an agent that reads Agent Skills itself.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    card: SkillCard
    level: Literal[1, 2]
    abilities: frozenset[str]
    modality: frozenset[Modality]
    triggers: tuple[str, ...]
    evidence: tuple[EvidenceSpec, ...]
    steps: tuple[StepSpec, ...]
    dispatch: DispatchSpec
    workflow: str | None
    output: str
    max_calls: int
    prompts: dict[str, str]
    children: dict[str, SkillFile]
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
            protocol_name=ours.protocol_name or matter.name,
            description=" ".join(matter.description.split()),
            examples=ours.examples,
        )
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, item['loc'])) or 'front matter'}: {item['msg']}" for item in error.errors()]
        raise RegistryError(f"{path} does not validate; mend these fields:\n" + "\n".join(lines)) from error
    if card.name != folder.name:
        raise RegistryError(f"{path}: name is {card.name!r}, but the folder is {folder.name!r}; make them equal")
    if not (ours.steps or ours.workflow or _child_folders(folder)):
        raise RegistryError(f"{path}: there is nothing to do; add steps, a workflow or sub-folders with children")
    return SkillFile(
        folder=folder,
        card=card,
        level=ours.level,
        abilities=ours.abilities,
        modality=ours.modality,
        triggers=ours.triggers,
        evidence=ours.evidence,
        steps=ours.steps,
        dispatch=ours.dispatch,
        workflow=ours.workflow,
        output=ours.output,
        max_calls=ours.max_calls,
        prompts={step.id: _prompt(folder, step, ours.evidence) for step in ours.steps},
        children=_children(folder, ours.level),
        body=body,
    )


def _child_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"*/{FILE_NAME}"))


def _children(folder: Path, level: int) -> dict[str, SkillFile]:
    found = {path.name: read_skill_file(path) for path in _child_folders(folder)}
    if found and level == 2:
        raise RegistryError(f"{folder}: a Level-2 skill has the children {sorted(found)}; there are two levels only")
    for name, child in found.items():
        if child.level != 2:
            raise RegistryError(
                f"{folder / name / FILE_NAME}: level is {child.level}; a sub-folder's skill has level 2"
            )
    return found


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


def _prompt(folder: Path, step: StepSpec, evidence: tuple[EvidenceSpec, ...]) -> str:
    path = (folder / step.prompt).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RegistryError(f"{folder / FILE_NAME}: steps.{step.id}.prompt {step.prompt!r} leaves the skill's folder")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{folder / FILE_NAME}: steps.{step.id}.prompt cannot be read: {error}") from error
    slots = set(Template(text).get_identifiers())
    known = {*step.after, "question", *(item.kind for item in evidence)}
    if unknown := slots - known:
        raise RegistryError(f"{path}: the slots {sorted(unknown)} are unknown; there are {sorted(known)}")
    return text

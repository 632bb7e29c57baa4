"""What a SKILL.md says: Agent Skills front matter, our fields under `metadata.maestro`, instructions as body."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from maestro_graph.experts import Modality
from maestro_graph.perceivers import PerceiverKind
from maestro_graph.skills import SkillCard

__all__ = ["FILE_NAME", "DispatchSpec", "EvidenceSpec", "FrontMatter", "MaestroFields", "SkillFile", "StepSpec"]

FILE_NAME = "SKILL.md"
ALWAYS = frozenset({"question", "pictures"})
"""Slots that every prompt may have: the question, and what the pictures that go with it are."""
RESERVED = ALWAYS | {"ocr", "caption", "detect", "zoom"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Picture = Literal["original", "crop", "boxes"]
"""Which pictures a step sees: those of the request, the regions that zoom found, copies with detected boxes."""


class EvidenceSpec(_Strict):
    """Evidence that is gathered before, or beside, the steps.

    Attributes:
        kind: which perceiver.
        focus: what it should look at.
        images: of which pictures: all of the request's, the first, or the first so many.
    """

    kind: PerceiverKind
    focus: str = ""
    images: Literal["all", "first"] | Annotated[int, Field(ge=1)] = "all"


class StepSpec(_Strict):
    """One request to the expert.

    Attributes:
        id: the slot `$id` under which later prompts read this step's reply.
        prompt: template file in the skill's folder; its slots are `$question`, `$pictures` (what the pictures of this
            step are), `$ocr`, `$caption`, `$detect`, `$zoom`, the ids of the steps in `after`, and what is `given`.
        after: steps whose replies this one needs; steps that do not need each other run at the same time.
        images: which pictures it sees.
        given: slots that the skill's Python workflow fills.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    prompt: str = Field(min_length=1)
    after: tuple[str, ...] = ()
    images: tuple[Picture, ...] = ("original",)
    given: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = ()


class DispatchSpec(_Strict):
    """How a Level-1 skill chooses among its Level-2 children.

    Attributes:
        order: the ways to choose, tried in turn until one is sure: `triggers` of the children in the question, the
            `meaning` of the question beside the children's descriptions and examples, the `expert` by a constrained
            choice. Where none is sure, the last one that had an opinion decides.
        margin: how far the nearest child must lead for `meaning` to be sure (scores lie between about 0 and 1).
        look: the expert is shown the pictures when it chooses (the kind of a chart is seen, not said).
    """

    order: tuple[Literal["triggers", "meaning", "expert"], ...] = ("triggers", "meaning", "expert")
    margin: float = Field(default=0.1, ge=0)
    look: bool = False


class MaestroFields(_Strict):
    """The fields under `metadata.maestro`."""

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

    @field_validator("evidence")
    @classmethod
    def _kinds_once(cls, evidence: tuple[EvidenceSpec, ...]) -> tuple[EvidenceSpec, ...]:
        kinds = [item.kind for item in evidence]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ValueError(f"names {kind} twice; make one entry of both, with one focus")
        return evidence

    @field_validator("steps")
    @classmethod
    def _in_order(cls, steps: tuple[StepSpec, ...]) -> tuple[StepSpec, ...]:
        known: set[str] = set()
        for step in steps:
            if step.id in known | RESERVED:
                raise ValueError(f"the id {step.id!r} is taken; give each step an id of its own")
            if unknown := set(step.after) - known:
                raise ValueError(
                    f"{step.id!r} comes after {sorted(unknown)}, which no earlier step is called; "
                    f"there are {sorted(known)}"
                )
            known.add(step.id)
        return steps

    @field_validator("triggers")
    @classmethod
    def _are_expressions(cls, triggers: tuple[str, ...]) -> tuple[str, ...]:
        for trigger in triggers:
            try:
                re.compile(trigger, re.IGNORECASE)
            except re.error as error:
                raise ValueError(
                    f"{trigger!r} is no regular expression ({error}); escape what is meant as is"
                ) from error
        return triggers

    @model_validator(mode="after")
    def _fit_together(self) -> MaestroFields:
        if self.level == 1 and self.protocol_name is None:
            raise ValueError("protocol-name is missing; a Level-1 skill needs the name that the router writes")
        kinds = {item.kind for item in self.evidence}
        for step in self.steps:
            for picture, kind in (("crop", "zoom"), ("boxes", "detect")):
                if picture in step.images and kind not in kinds:
                    raise ValueError(f"steps.{step.id}.images has {picture!r}; add {kind} to evidence, or take it out")
            if step.given and self.workflow is None:
                raise ValueError(f"steps.{step.id}.given needs a workflow that fills {list(step.given)}")
        if self.workflow is None and len(self.steps) > self.max_calls:
            raise ValueError(f"max-calls is {self.max_calls} for {len(self.steps)} steps; raise it or drop steps")
        return self


class FrontMatter(BaseModel):
    """The Agent Skills fields that we read; the format has more and may grow others."""

    model_config = ConfigDict(extra="ignore", frozen=True)

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
        evidence, steps, dispatch, workflow: see the specs; a workflow is `module:function`. Evidence of a skill with
            children is gathered while it chooses, and shared with a child that wants the same.
        output: one sentence on the form of the answer, added to the prompts of steps that no other comes after.
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

    def step(self, name: str) -> StepSpec:
        """The step of that id."""
        return next(step for step in self.steps if step.id == name)

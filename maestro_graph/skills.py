"""The skill seam: a Level-1 capability that the router can choose, run as a workflow on an expert.

This module holds the contract only. The library lives in `maestro_skills` and arrives through the registry:
`maestro_graph` never imports it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest

if TYPE_CHECKING:
    from maestro_graph.perceivers import PerceiverKind, Perception, PerceptionRequest

__all__ = ["AskExpert", "Note", "Perceive", "Skill", "SkillCall", "SkillCard"]

AskExpert = Callable[[ExpertRequest], Awaitable[ExpertReply]]
"""One call of the chosen expert through the call layer (limits, deadline, retries, cache, trace, usage)."""

Note = Callable[[str, Mapping[str, Json]], None]
"""Tell the trace and the stream what the skill is doing: an event name and its fields."""


class Perceive(Protocol):
    """One look by a perceiver of the registry through the call layer.

    Raises `CallFailure`: `refused` if the registry has no perceiver of that kind, else what went wrong with it.
    """

    async def __call__(self, kind: PerceiverKind, request: PerceptionRequest) -> Perception: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCall:
    """What a skill is given to work with.

    Attributes:
        expert: the card of the expert that it runs on.
        request: question, pictures and evidence so far.
        ask: asks the expert.
        perceive: asks a perceiver.
        note: reports progress (the Level-2 skill that was chosen, the steps).
    """

    expert: ExpertCard
    request: ExpertRequest
    ask: AskExpert
    perceive: Perceive
    note: Note


class SkillCard(BaseModel):
    """What a router may know of a skill.

    Attributes:
        name: Agent Skills name: lower-case letters, digits and hyphens, at most 64 characters.
        protocol_name: what the router writes after `@@`.
        description: when to use it, at most 1,024 characters (Agent Skills format).
        examples: questions that it is for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=64, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
    protocol_name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    description: str = Field(min_length=1, max_length=1024)
    examples: tuple[str, ...] = ()


@runtime_checkable
class Skill(Protocol):
    """A Level-1 skill."""

    @property
    def card(self) -> SkillCard: ...

    def refusal(self, expert: ExpertCard) -> str | None:
        """Why this skill cannot run on that expert (modality, ability), or `None` if it can."""
        ...

    async def run(self, call: SkillCall) -> ExpertReply:
        """Run the workflow; raises `CallFailure` where it comes to nothing."""
        ...

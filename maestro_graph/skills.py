"""The skill seam: a Level-1 capability that the router can choose, run as a workflow on an expert.

This module holds the contract only. The library lives in `maestro_skills` and arrives through the registry:
`maestro_graph` never imports it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest

__all__ = ["AskExpert", "Skill", "SkillCard"]

AskExpert = Callable[[ExpertRequest], Awaitable[ExpertReply]]
"""One call of the chosen expert through the call layer (limits, deadline, retries, trace, usage)."""


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

    async def run(self, expert: ExpertCard, request: ExpertRequest, ask: AskExpert) -> ExpertReply:
        """Run the workflow on the expert behind `ask`; raises `CallFailure` where it comes to nothing."""
        ...

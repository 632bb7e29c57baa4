"""A skill around another one: the same card, refusals and triggers."""

from __future__ import annotations

from maestro_graph.experts import ExpertCard
from maestro_graph.skills import Skill, SkillCard

__all__ = ["WrappedSkill"]


class WrappedSkill:
    """What stays the same of a skill whose `run` is another."""

    def __init__(self, inner: Skill) -> None:
        self.inner = inner
        self.triggers: tuple[str, ...] = tuple(getattr(inner, "triggers", ()))

    @property
    def card(self) -> SkillCard:
        return self.inner.card

    def refusal(self, expert: ExpertCard) -> str | None:
        return self.inner.refusal(expert)

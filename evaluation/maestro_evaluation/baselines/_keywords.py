"""Keyword rules: the skills' own triggers, searched for in the question."""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

from maestro_evaluation._plan_router import follow
from maestro_evaluation.baselines._base import Baseline, Fitted, Given
from maestro_evaluation.plans import Plan
from maestro_graph.registry import Action, Registry
from maestro_graph.routers import RouterTurn, RouterView

__all__ = ["BASELINES", "KeywordRouter", "Triggered"]


@runtime_checkable
class Triggered(Protocol):
    """A skill that says which words speak for it: regular expressions, case ignored."""

    @property
    def triggers(self) -> tuple[str, ...]: ...


class KeywordRouter:
    """Calls the skill with most triggers in the question, on the first expert that can run it.

    Of several with as many the one whose words come first in the question. Where no trigger is found, a fixed plan is
    carried out.
    """

    def __init__(self, otherwise: Plan) -> None:
        self._otherwise = otherwise

    async def decide(self, view: RouterView) -> RouterTurn:
        """The skill that the words name, then its answer."""
        return follow(self.plan(view.question, view.registry), view)

    def plan(self, question: str, registry: Registry) -> Plan:
        """What is called for such a question."""
        found: list[tuple[int, int, Action]] = []
        for name, skill in registry.skills.items():
            action = next((action for action in registry.actions() if action[1] == name), None)
            if action is None or not isinstance(skill, Triggered):
                continue
            hits = [match.start() for trigger in skill.triggers if (match := re.search(trigger, question, re.I))]
            if hits:
                found.append((-len(hits), min(hits), action))
        return Plan((min(found, key=lambda one: one[:2])[2],)) if found else self._otherwise


def _keywords(given: Given) -> Fitted:
    otherwise = given.learnt.best(given.learnt.singles)
    triggers = {
        name: list(skill.triggers) for name, skill in given.registry.skills.items() if isinstance(skill, Triggered)
    }
    return Fitted(
        router=KeywordRouter(otherwise),
        about={"triggers": {name: [*words] for name, words in triggers.items()}, "otherwise": str(otherwise)},
    )


BASELINES = (
    Baseline(
        name="keywords",
        summary="the skill whose triggers the question holds, else the best pair of the training split",
        fit=_keywords,
        learns=True,
    ),
)

"""A router that carries out a fixed plan."""

from __future__ import annotations

from collections.abc import Sequence

from maestro_evaluation.plans import Plan
from maestro_graph.decisions import Answer, Call, CallExpert, CallSkill
from maestro_graph.evidence import Evidence
from maestro_graph.registry import Action
from maestro_graph.routers import RouterTurn, RouterView

__all__ = ["PlanRouter", "answer_of", "follow"]

MAX_CHARS = 500


class PlanRouter:
    """Makes the calls of a plan, one a turn, and answers with what the last call that gave an answer said."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    async def decide(self, view: RouterView) -> RouterTurn:
        """The next call of the plan, or the answer."""
        return follow(self.plan, view)


def follow(plan: Plan, view: RouterView) -> RouterTurn:
    """The decision at this point of the plan."""
    done = len(view.history)
    if done < len(plan.actions):
        return RouterTurn(decision=(call(plan.actions[done], view.question),), info={"plan": str(plan)})
    answer = answer_of(view.evidence)
    return RouterTurn(decision=() if answer is None else Answer(answer), info={"plan": str(plan)})


def call(action: Action, query: str) -> Call:
    """The call of an action."""
    expert, skill = action
    return CallExpert(expert, query) if skill is None else CallSkill(expert, skill, query)


def answer_of(evidence: Sequence[Evidence]) -> str | None:
    """The answer of the last call that gave one; the last line of its text where its expert marks no answer."""
    for item in reversed(evidence):
        if not item.ok:
            continue
        if item.answer:
            return item.answer
        if text := item.text.strip():
            return text.splitlines()[-1].strip()[-MAX_CHARS:]
    return None

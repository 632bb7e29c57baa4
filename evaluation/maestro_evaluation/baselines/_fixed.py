"""Baselines that look at nothing: random pairs and fixed plans."""

from __future__ import annotations

import hashlib
import random

from maestro_evaluation._current import current_sample
from maestro_evaluation._plan_router import PlanRouter, follow
from maestro_evaluation.baselines._base import Baseline, Fitted, Given
from maestro_evaluation.plans import Plan
from maestro_graph.routers import RouterTurn, RouterView

__all__ = ["BASELINES", "RandomRouter"]


class RandomRouter:
    """Calls a pair that is drawn anew for every question, and answers with what it says.

    The draw depends on the seed (of the run's sampling, else its own), the question and its pictures alone: a resumed
    run draws the same.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    async def decide(self, view: RouterView) -> RouterTurn:
        """The drawn pair, then its answer."""
        said = repr((view.sampling.get("seed", self._seed), view.question, [image.sha256 for image in view.images]))
        drawn = random.Random(hashlib.sha256(said.encode()).digest())  # noqa: S311 - a draw, no secret
        return follow(Plan((drawn.choice(view.registry.actions()),)), view)


class FamilyRouter:
    """Carries out the plan that was best for the family of the question, which it is told."""

    def __init__(self, by_family: dict[str, Plan], otherwise: Plan) -> None:
        self._by_family, self._otherwise = by_family, otherwise

    async def decide(self, view: RouterView) -> RouterTurn:
        """The family's plan."""
        return follow(self._by_family.get(current_sample().family, self._otherwise), view)


def _random(given: Given) -> Fitted:
    return Fitted(router=RandomRouter(given.seed), about={})


def _single(given: Given) -> Fitted:
    plan = given.learnt.best(given.learnt.singles)
    return Fitted(router=PlanRouter(plan), about={"plan": str(plan)})


def _plans(given: Given) -> Fitted:
    plan = given.learnt.best(given.learnt.listed)
    return Fitted(router=PlanRouter(plan), about={"plan": str(plan)})


def _per_family(given: Given) -> Fitted:
    data = given.learnt
    chosen = {
        family: data.best(data.singles, [sample for sample in data.samples if sample.family == family])
        for family in data.families
    }
    otherwise = data.best(data.singles)
    return Fitted(
        router=FamilyRouter(chosen, otherwise),
        about={"plans": {family: str(plan) for family, plan in chosen.items()}, "otherwise": str(otherwise)},
    )


BASELINES = (
    Baseline(name="random", summary="a pair drawn at random", fit=_random, random=True),
    Baseline(name="single", summary="the pair that was best on the training split", fit=_single, learns=True),
    Baseline(
        name="per-family",
        summary="the best pair of each family on the training split; it is told the family",
        fit=_per_family,
        learns=True,
        informed=True,
    ),
    Baseline(
        name="plans",
        summary="the listed plan of several calls that was best on the training split",
        fit=_plans,
        learns=True,
    ),
)

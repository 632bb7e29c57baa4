"""Any router in a table's world: the baselines of an evaluation, and routers that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maestro_evaluation._current import set_current_sample
from maestro_graph.decisions import Answer, CallSkill, Malformed
from maestro_graph.evidence import Evidence, Usage
from maestro_graph.registry import Action, Registry
from maestro_graph.routers import PastTurn, Router, RouterView
from maestro_training.encoder._judge import Judged, points
from maestro_training.encoder._play import Budget
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._world import WorldSample
from maestro_training.trajectory import MadeCall, Trajectory

__all__ = ["routed"]


async def routed(
    samples: Sequence[WorldSample],
    registry: Registry,
    router: Router,
    *,
    budget: Budget | None = None,
    scores: Scores | None = None,
    seed: int | None = None,
) -> Judged:
    """Let `router` answer every sample from the table, no expert is asked; answers are scored as `judged` does.

    Args:
        registry: what the router is shown; its experts are never asked.
        budget: turns and calls, as a run of the graph has them.
        seed: of the routers that draw.

    Raises:
        MaestroError: the table lacks a call that the router made.
    """
    limits, mark = budget or Budget(), scores or Scores()
    runs = {item.sample.key: await _run(item, registry, router, limits, seed) for item in samples}
    return Judged({item.sample.key: points(item, runs[item.sample.key].answer, mark) for item in samples}, runs)


async def _run(item: WorldSample, registry: Registry, router: Router, budget: Budget, seed: int | None) -> Trajectory:
    sample = item.sample
    set_current_sample(sample)
    images = tuple(registry.images.open(image) for image in sample.images)
    history: tuple[PastTurn, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answer, reason = None, "max_turns"
    while len(history) < budget.max_turns:
        view = RouterView(
            question=sample.question,
            images=images,
            registry=registry,
            history=history,
            turns_left=budget.max_turns - len(history),
            calls_left=budget.max_calls - len(evidence),
            sampling={} if seed is None else {"seed": seed},
        )
        decision = (await router.decide(view)).decision
        if isinstance(decision, Answer):
            answer, reason = decision.text, "answered"
            break
        if isinstance(decision, Malformed) or not decision[: view.calls_left]:
            reason = "malformed" if isinstance(decision, Malformed) else "no_action"
            break
        found = tuple(
            replace(item.reply(evidence, action), turn=len(history), call=at, query=call.query)
            for at, call in enumerate(decision[: view.calls_left])
            for action in [(call.expert, call.skill if isinstance(call, CallSkill) else None)]
        )
        history = (*history, PastTurn(decision=decision, text="", evidence=found))
        evidence = (*evidence, *found)
    return _trajectory(item, evidence, answer, reason)


def _trajectory(item: WorldSample, evidence: tuple[Evidence, ...], answer: str | None, reason: str) -> Trajectory:
    def made(one: Evidence) -> MadeCall:
        action: Action = (one.expert, one.skill)
        return MadeCall(*action, one.status, one.answer, one.confidence, one.seconds, one.usage)

    return Trajectory(
        sample=item.sample.key,
        run=item.sample.key,
        question=item.sample.question,
        images=item.sample.images,
        answer=answer,
        stop_reason=reason,
        calls=tuple(made(one) for one in evidence),
        seconds=sum(one.seconds for one in evidence),
        usage=sum((one.usage for one in evidence), Usage()),
    )

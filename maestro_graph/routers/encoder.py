"""`EncoderRouter`: a 22M sentence encoder reads the question and the cards, and decides in milliseconds on a CPU.

Actions are cards: an expert or skill that was added a second ago is chosen by what its card says. Untrained, it asks
whoever's card is nearest, stops when evidence holds a confident answer, and goes on to the next best action when a
call failed or its answer is doubtful. Where all calls failed and only one more turn can ask, it asks everyone left.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maestro_graph.decisions import Answer, Call, CallExpert, CallSkill
from maestro_graph.evidence import Evidence, Json
from maestro_graph.routers._base import RouterTurn, RouterView

if TYPE_CHECKING:
    from maestro_graph.embedded.encoder import SentenceEncoder
    from maestro_graph.registry import Action, RouterConfig

__all__ = ["EncoderRouter", "ZeroShot", "build"]

NO_PICTURE = "none"
UNSTATED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShot:
    """Weights of the untrained policy: few, and none of them about a particular expert.

    Attributes:
        picture: weight of the likeness between what one does with such a picture and a description.
        skill: share of a skill's card in the score of a pair.
        stop: confidence from which an answer ends the run.
        temperature: of the softmax that turns scores into a distribution.
    """

    picture: float = 0.3
    skill: float = 0.4
    stop: float = 0.5
    temperature: float = 0.05


class EncoderRouter:
    """The embedded default router.

    Args:
        encoder: by default the one that ships.
        weights: of the zero-shot policy.
    """

    def __init__(self, encoder: SentenceEncoder | None = None, *, weights: ZeroShot | None = None) -> None:
        self._encoder = encoder
        self._weights = weights or ZeroShot()

    async def decide(self, view: RouterView) -> RouterTurn:
        """Score all actions in a worker thread, then call the best one or stop."""
        return await asyncio.to_thread(self._decide, view)

    def _decide(self, view: RouterView) -> RouterTurn:
        confident = _most_confident(view.evidence)
        if confident is not None and _confidence(confident) >= self._weights.stop:
            return _stop(confident, "its answer is confident")
        scores = {action: score for action, score in self.scores(view).items() if not _pointless(action, view.evidence)}
        last_turn = view.turns_left <= 1 and view.history
        if not scores or last_turn or view.calls_left <= 0:
            why = "this is the last turn" if scores else "nobody is left to ask"
            return RouterTurn(decision=(), info={"why": why}) if confident is None else _stop(confident, why)
        chosen = max(scores, key=scores.__getitem__)
        calls = [_call(chosen, view.question)]
        if view.turns_left == 2 and confident is None and view.history:
            # The next turn must answer: whoever has not been asked is asked now, at once.
            others = _one_each(scores, {chosen[0]})
            calls += [_call(action, view.question) for action in others[: view.calls_left - 1]]
        return RouterTurn(decision=tuple(calls), info=self._info(scores, chosen, view))

    def scores(self, view: RouterView) -> dict[Action, float]:
        """How well each action's cards fit the question and the picture: cosine similarities, weighted."""
        encoder = self._encoder or _default_encoder()
        (question,) = encoder.encode([view.question])
        kinds = _kinds(view)
        tasks = encoder.encode(list(kinds))
        weights = self._weights

        def fit(description: str, examples: Sequence[str]) -> float:
            vectors = encoder.encode([description, *examples])
            to_question = vectors @ question
            nearest = float(to_question.max())
            # Some cards are near to every task: only the difference from a card's mean says something.
            to_tasks = tasks @ vectors[0]
            seen = sum(share * float(to_tasks[at] - to_tasks.mean()) for at, share in enumerate(kinds.values()))
            return 0.7 * nearest + 0.3 * float(to_question.mean()) + weights.picture * seen

        registry = view.registry
        experts = {name: fit(e.card.description, e.card.examples) for name, e in registry.experts.items()}
        skills = {key: fit(s.card.description, s.card.examples) for key, s in registry.skills.items()}
        return {
            (expert, skill): experts[expert]
            if skill is None
            else (1 - weights.skill) * experts[expert] + weights.skill * skills[skill]
            for expert, skill in registry.actions()
        }

    def _info(self, scores: dict[Action, float], chosen: Action, view: RouterView) -> dict[str, Json]:
        top = max(scores.values())
        odds = {action: math.exp((score - top) / self._weights.temperature) for action, score in scores.items()}
        total = sum(odds.values())
        shares: dict[str, Json] = {_name(action): round(share / total, 4) for action, share in odds.items()}
        return {"why": f"nearest card: {_name(chosen)}", "distribution": shares}


def _default_encoder() -> SentenceEncoder:
    from maestro_graph.embedded.encoder import default_encoder

    return default_encoder()


def _kinds(view: RouterView) -> dict[str, float]:
    """What one does with a picture such as this one, by likelihood: a glance, without reading it."""
    from maestro_graph.embedded.preview import TASKS, preview

    seen = preview(view.images[0]).kind if view.images else {NO_PICTURE: 1.0}
    return {task: seen.get(kind, 0.0) for kind, task in TASKS.items()}


def _most_confident(evidence: Sequence[Evidence]) -> Evidence | None:
    answers = [item for item in evidence if item.ok and item.answer]
    return max(answers, key=_confidence, default=None)


def _confidence(evidence: Evidence) -> float:
    """An expert without an estimate of its own (a chat model) counts as fairly sure."""
    return UNSTATED if evidence.confidence is None else evidence.confidence


def _pointless(action: Action, evidence: Sequence[Evidence]) -> bool:
    """Whether the action was tried, or its expert has shown that it cannot help."""
    expert, skill = action
    return any(item.expert == expert and (item.skill == skill or not item.ok) for item in evidence)


def _one_each(scores: dict[Action, float], without: set[str]) -> list[Action]:
    """The best action of each expert that is not in `without`, best first."""
    best: list[Action] = []
    for action in sorted(scores, key=scores.__getitem__, reverse=True):
        if action[0] not in without:
            without = {*without, action[0]}
            best.append(action)
    return best


def _stop(evidence: Evidence, why: str) -> RouterTurn:
    source = _name((evidence.expert, evidence.skill))
    return RouterTurn(decision=Answer(evidence.answer or ""), info={"why": f"{why}: {source}"})


def _call(action: Action, query: str) -> Call:
    expert, skill = action
    return CallExpert(expert, query) if skill is None else CallSkill(expert, skill, query)


def _name(action: Action) -> str:
    return action[0] if action[1] is None else f"{action[0]}@@{action[1]}"


def build(config: RouterConfig) -> EncoderRouter:
    """Entry point `encoder` of `maestro.routers`."""
    return EncoderRouter(weights=ZeroShot(**config.options))

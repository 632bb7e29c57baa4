"""The untrained policy: whoever's card is nearest to the question and the picture is asked first.

It stops when evidence holds a confident answer, and goes on to the next best action when a call failed or its answer
is doubtful. Where all calls failed and only one more turn can ask, it asks everyone left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maestro_graph.decisions import Answer
from maestro_graph.evidence import Evidence, Json
from maestro_graph.routers._base import RouterTurn, RouterView
from maestro_graph.routers.encoder._arrays import UNSTATED, Encode
from maestro_graph.routers.encoder._state import call_of, picture_tasks

if TYPE_CHECKING:
    from maestro_graph.registry import Action

__all__ = ["ZeroShot", "ZeroShotPolicy", "name_of"]


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


class ZeroShotPolicy:
    """Decides by likeness of cards alone.

    Args:
        encode: texts to unit vectors.
        weights: of the policy.
    """

    def __init__(self, encode: Encode, weights: ZeroShot) -> None:
        self._encode, self._weights = encode, weights

    def decide(self, view: RouterView) -> RouterTurn:
        """Score all actions, then call the best one or stop."""
        confident = _most_confident(view.evidence)
        if confident is not None and _confidence(confident) >= self._weights.stop:
            return _stop(confident, "its answer is confident")
        scores = {action: score for action, score in self.scores(view).items() if not _pointless(action, view.evidence)}
        last_turn = view.turns_left <= 1 and view.history
        if not scores or last_turn or view.calls_left <= 0:
            why = "this is the last turn" if scores else "nobody is left to ask"
            return RouterTurn(decision=(), info={"why": why}) if confident is None else _stop(confident, why)
        chosen = max(scores, key=scores.__getitem__)
        calls = [call_of(chosen, view.question)]
        if view.turns_left == 2 and confident is None and view.history:
            # The next turn must answer: whoever has not been asked is asked now, at once.
            others = _one_each(scores, {chosen[0]})
            calls += [call_of(action, view.question) for action in others[: view.calls_left - 1]]
        return RouterTurn(decision=tuple(calls), info=self._info(scores, chosen))

    def scores(self, view: RouterView) -> dict[Action, float]:
        """How well each action's cards fit the question and the picture: cosine similarities, weighted."""
        (question,) = self._encode([view.question])
        picture = picture_tasks(view.images)
        tasks = self._encode(list(picture))
        weights = self._weights

        def fit(description: str, examples: Sequence[str]) -> float:
            vectors = self._encode([description, *examples])
            to_question = vectors @ question
            nearest = float(to_question.max())
            # Some cards are near to every task: only the difference from a card's mean says something.
            to_tasks = tasks @ vectors[0]
            seen = sum(share * float(to_tasks[at] - to_tasks.mean()) for at, share in enumerate(picture.values()))
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

    def _info(self, scores: dict[Action, float], chosen: Action) -> dict[str, Json]:
        top = max(scores.values())
        odds = {action: math.exp((score - top) / self._weights.temperature) for action, score in scores.items()}
        total = sum(odds.values())
        shares: dict[str, Json] = {name_of(action): round(share / total, 4) for action, share in odds.items()}
        return {"why": f"nearest card: {name_of(chosen)}", "distribution": shares}


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
    source = name_of((evidence.expert, evidence.skill))
    return RouterTurn(decision=Answer(evidence.answer or ""), info={"why": f"{why}: {source}"})


def name_of(action: Action) -> str:
    """`expert` or `expert@@skill`."""
    return action[0] if action[1] is None else f"{action[0]}@@{action[1]}"

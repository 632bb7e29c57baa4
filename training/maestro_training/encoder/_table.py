"""The table that a training run ends with: the policy beside what needs no training, on the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from maestro_graph.registry import Action
from maestro_graph.routers.encoder import Head
from maestro_training.encoder._config import EncoderTraining
from maestro_training.encoder._judge import best_single, judged, oracle, plan_scores
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._world import WorldSample

if TYPE_CHECKING:
    from maestro_training.encoder._train import Course

__all__ = ["baseline_table", "closed"]


def baseline_table(course: Course, heads: Mapping[str, Head], training: EncoderTraining) -> dict[str, dict[str, float]]:
    """Score and calls on the test split (on the train split where there is none) with the whole registry.

    Rows: each head, the best single pair (best on the train split), the oracle over single calls and over all plans,
    and random pairs (their mean).
    """
    world = course.test or course.train
    scores = Scores()
    rows: dict[str, dict[str, float]] = {}
    for name, head in heads.items():
        found = judged(
            world.samples, course.every_card, head.logits, course.encode, max_turns=training.max_turns, scores=scores
        )
        rows[name] = {"score": found.score, "calls": found.calls}
    fixed = best_single(course.train, scores, course.every_card)
    rows["best single pair"] = {"score": _of_pair(world.samples, fixed, scores), "calls": 1.0}
    pairs = [_of_pair(world.samples, action, scores) for action in course.every_card.actions]
    rows["random pair"] = {"score": fmean(pairs), "calls": 1.0}
    for name, single in (("oracle, one call", True), ("oracle", False)):
        best, calls = oracle(world.samples, scores, single=single)
        rows[name] = {"score": fmean(best.values()), "calls": calls}
    for row in rows.values():
        row["closed"] = closed(row["score"], rows["best single pair"]["score"], rows["oracle"]["score"])
    return rows


def closed(score: float, low: float, high: float) -> float:
    """Share of the gap between the best single pair and the oracle; 0 where there is no gap."""
    return (score - low) / (high - low) if high > low else 0.0


def _of_pair(samples: Sequence[WorldSample], action: Action, scores: Scores) -> float:
    return fmean(plan_scores(item, scores)[(action,)] for item in samples)

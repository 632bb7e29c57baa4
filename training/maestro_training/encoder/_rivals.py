"""The baselines of an evaluation on questions of a table: what a trained router must be better than."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from maestro_evaluation.baselines import Given, TrainingData, find_baseline, oracle_of
from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Table
from maestro_evaluation.samples import Sample
from maestro_graph.registry import Registry
from maestro_graph.routers import Router
from maestro_graph.routers.encoder import EncoderRouter
from maestro_training.encoder._comparison import Entry
from maestro_training.encoder._routed import routed
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._world import WorldSample

__all__ = ["BEST_SINGLE", "ORACLE", "ZERO_SHOT", "Rivals"]

BEST_SINGLE = "best single pair"
ORACLE = "oracle"
ZERO_SHOT = "zero-shot encoder"

FITTED = {
    "single": BEST_SINGLE,
    "per-family": "best pair per family (told the family)",
    "plans": "best fixed plan of two calls",
    "keywords": "keyword rules",
    "knn": "nearest neighbours (supervised)",
    "logistic": "logistic regression (supervised)",
}


@dataclass(frozen=True)
class Rivals:
    """What the baselines are fitted to.

    Attributes:
        registry: the whole ensemble.
        train: questions that baselines may learn from.
        table: outcomes of all questions that are compared.
        plans: pairs, then plans of several calls.
    """

    registry: Registry
    train: Sequence[WorldSample]
    table: Table
    plans: tuple[Plan, ...]

    @cached_property
    def routers(self) -> Mapping[str, Router]:
        """The fitted baselines, by the name that tables use; fitted once.

        Raises:
            MissingExtraError: scikit-learn (extra `eval`) is not installed.
        """
        given = Given(registry=self.registry, training=self.learnt(()))
        return {said: find_baseline(name).fit(given).router for name, said in FITTED.items()}

    async def entries(
        self, samples: Sequence[WorldSample], *, table: Table | None = None, scores: Scores | None = None
    ) -> dict[str, Entry]:
        """Every baseline on these questions, by the name that tables use; the oracle covers those with a free answer.

        Args:
            table: outcomes of the questions, where they are of another suite than those to learn from.

        Raises:
            MaestroError: the table lacks rows, or a question is one of those to learn from.
            MissingExtraError: scikit-learn (extra `eval`) is not installed.
        """
        self.learnt([item.sample for item in samples])
        rows = table or self.table
        found = {"random": self._random(samples, rows)}
        for said, router in self.routers.items():
            found[said] = Entry.of(said, [await routed(samples, self.registry, router, scores=scores)])
        zero_shot = await routed(samples, self.registry, EncoderRouter(), scores=scores)
        found[ZERO_SHOT] = Entry.of(ZERO_SHOT, [zero_shot])
        found[ORACLE] = self._oracle(samples, rows)
        return found

    def learnt(self, held_out: Sequence[Sample]) -> TrainingData:
        """What the baselines learn from.

        Raises:
            MaestroError: a held-out question is one of those, or the table lacks rows.
        """
        train = [item.sample for item in self.train]
        return TrainingData.of(train, self.table, self.plans, held_out=held_out)

    def _random(self, samples: Sequence[WorldSample], table: Table) -> Entry:
        """The expectation over pairs, exactly."""
        pairs = [str(plan) for plan in self.plans if len(plan.actions) == 1]
        rows = {item.sample.key: [table[item.sample.key, plan] for plan in pairs] for item in samples}
        return Entry(
            "random pair (expected)",
            {key: fmean(row["score"] or 0.0 for row in found) for key, found in rows.items()},
            dict.fromkeys(rows, 1.0),
            {key: fmean(row["usage"]["cost"] for row in found) for key, found in rows.items()},
        )

    def _oracle(self, samples: Sequence[WorldSample], table: Table) -> Entry:
        best = oracle_of([item.sample for item in samples], table, self.plans)
        return Entry(
            ORACLE,
            {key: score for key, (_, score) in best.items()},
            {key: float(len(plan.actions)) for key, (plan, _) in best.items()},
            {key: table[key, str(plan)]["usage"]["cost"] for key, (plan, _) in best.items()},
        )

"""The baselines of an evaluation on questions of a table: what a trained router must be better than."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from maestro_evaluation.baselines import Given, TrainingData, find_baseline, oracle_of
from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Table
from maestro_graph.registry import Registry
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

    async def entries(
        self, samples: Sequence[WorldSample], *, scores: Scores | None = None, fitted: Mapping[str, str] = FITTED
    ) -> dict[str, Entry]:
        """Every baseline on these questions, by the name that tables use; the oracle covers those with a free answer.

        Raises:
            MaestroError: the table lacks rows, or a question is one of those to learn from.
            MissingExtraError: scikit-learn (extra `eval`) is not installed.
        """
        held_out = [item.sample for item in samples]
        given = Given(registry=self.registry, training=self._learnt(held_out))
        found = {"random": self._random(samples)}
        for name, said in fitted.items():
            router = find_baseline(name).fit(given).router
            found[said] = Entry.of(said, [await routed(samples, self.registry, router, scores=scores)])
        zero_shot = await routed(samples, self.registry, EncoderRouter(), scores=scores)
        found[ZERO_SHOT] = Entry.of(ZERO_SHOT, [zero_shot])
        found[ORACLE] = self._oracle(samples)
        return found

    def _learnt(self, held_out: Sequence[object]) -> TrainingData:
        train = [item.sample for item in self.train]
        return TrainingData.of(train, self.table, self.plans, held_out=held_out)  # type: ignore[arg-type]

    def _random(self, samples: Sequence[WorldSample]) -> Entry:
        """The expectation over pairs, exactly."""
        pairs = [str(plan) for plan in self.plans if len(plan.actions) == 1]
        rows = {item.sample.key: [self.table[item.sample.key, plan] for plan in pairs] for item in samples}
        return Entry(
            "random pair (expected)",
            {key: fmean(row["score"] or 0.0 for row in found) for key, found in rows.items()},
            dict.fromkeys(rows, 1.0),
            {key: fmean(row["usage"]["cost"] for row in found) for key, found in rows.items()},
        )

    def _oracle(self, samples: Sequence[WorldSample]) -> Entry:
        best = oracle_of([item.sample for item in samples], self.table, self.plans)
        return Entry(
            ORACLE,
            {key: score for key, (_, score) in best.items()},
            {key: float(len(plan.actions)) for key, (plan, _) in best.items()},
            {key: self.table[key, str(plan)]["usage"]["cost"] for key, (plan, _) in best.items()},
        )

"""What a baseline may learn from: outcomes of the training split, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Table
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError

__all__ = ["TrainingData"]


@dataclass(frozen=True)
class TrainingData:
    """Samples with what every plan scored on them.

    Attributes:
        samples: of the training split.
        scores: points of each plan by sample key; plans without a score (a judge would be needed) are absent.
        plans: those that may be chosen, pairs first.
    """

    samples: tuple[Sample, ...]
    scores: Mapping[str, Mapping[Plan, float]]
    plans: tuple[Plan, ...]

    @classmethod
    def of(
        cls, samples: Iterable[Sample], table: Table, plans: Sequence[Plan], *, held_out: Iterable[Sample]
    ) -> TrainingData:
        """The rows of `samples`; whatever else the table has stays out.

        Args:
            held_out: the samples that the baseline will be judged by.

        Raises:
            MaestroError: a sample is held out too (the same id, or the same question under another one), there are
                no samples, or the table lacks rows.
        """
        kept = tuple(samples)
        if not kept:
            raise MaestroError(
                "there is nothing to learn from: the suites have no questions in the training split; give another "
                "--train-split, suites to learn from (--train-suite), or baselines that learn nothing (random, oracle)"
            )
        keys = {sample.key: sample for sample in kept}
        prints = {sample.fingerprint: sample for sample in kept}
        for sample in held_out:
            found = keys.get(sample.key) or prints.get(sample.fingerprint)
            if found is not None:
                raise MaestroError(
                    f"{sample.key!r}, which baselines are judged by, is {found.key!r} of the training split; what is "
                    f"learnt from the test says nothing: take it out of one of the splits"
                )
        scores: dict[str, dict[Plan, float]] = {key: {} for key in keys}
        for key in keys:
            for plan in plans:
                row = table.get((key, str(plan)))
                if row is None:
                    raise MaestroError(f"the outcome table has no row of the plan {str(plan)!r} on {key!r}; add it")
                if row["score"] is not None:
                    scores[key][plan] = row["score"]
        return cls(kept, scores, tuple(plans))

    @property
    def singles(self) -> tuple[Plan, ...]:
        """Plans of one call."""
        return tuple(plan for plan in self.plans if len(plan.actions) == 1)

    @property
    def listed(self) -> tuple[Plan, ...]:
        """Plans of several calls."""
        return tuple(plan for plan in self.plans if len(plan.actions) > 1)

    def best(self, plans: Sequence[Plan], samples: Iterable[Sample] | None = None) -> Plan:
        """The plan with the highest mean score; of equals the one with fewer calls, then the earlier one."""
        chosen = self.samples if samples is None else tuple(samples)
        sums = {plan: self._points(plan, chosen) for plan in plans}
        if not sums:
            raise MaestroError("there are no plans to choose from; list some (--plans FILE)")
        return min(sums, key=lambda plan: (-sums[plan], len(plan.actions), plans.index(plan)))

    def _points(self, plan: Plan, samples: Sequence[Sample]) -> float:
        # Rounded: sums of equal scores in another order must not break ties.
        return round(sum(self.scores[sample.key].get(plan, 0.0) for sample in samples), 9)

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families there are, in order of their names."""
        return tuple(sorted({sample.family for sample in self.samples}))

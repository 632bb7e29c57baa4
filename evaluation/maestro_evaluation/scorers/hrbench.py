"""HR-Bench 4K and 8K: an option letter an item, accuracy for each rotation of the options, then the mean of rotations.

The authors let a model say yes or no about each item. `hrbench.vlmevalkit` is the rule alone: what it cannot read is
wrong, and a report must say so. `hrbench.lmms_rule` gives `None` there, for a judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._text import as_options, as_text, hit, to_float
from maestro_evaluation.scorers._options import chosen_option, first_rule_option, score_option

__all__ = ["AGGREGATES", "RULES", "mean_over_cycles"]


def _lmms_rule(prediction: Any, answer: Any, meta: Meta) -> float | None:
    chosen = first_rule_option(as_text(prediction), as_options(meta.get("options")))
    return None if chosen is None else hit(chosen == as_text(answer))


def _circular(prediction: Any, answer: Any, meta: Meta) -> float:
    """Right only if the right option was chosen in every rotation. This is not the rule of HR-Bench."""
    if not isinstance(prediction, (list, tuple)) or not isinstance(answer, (list, tuple)):
        return 0.0
    rotations = meta.get("options_per_rotation")
    if not isinstance(rotations, (list, tuple)) or not len(prediction) == len(answer) == len(rotations) > 0:
        return 0.0
    return hit(
        all(
            chosen_option(as_text(given).strip(), as_options(options)) == as_text(wanted)
            for given, wanted, options in zip(prediction, answer, rotations, strict=True)
        )
    )


def mean_over_cycles(rows: Iterable[Meta]) -> dict[str, float]:
    """Accuracy for each `cycle_category`, then the mean over them: of all rows (`all`) and of each `category`.

    Args:
        rows: each with `cycle_category`, `category` and `hit`.
    """
    by_group: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for group in ("all", as_text(row.get("category"))):
            by_group[group][as_text(row.get("cycle_category"))].append(to_float(row.get("hit")) or 0.0)
    return {
        group: sum(sum(hits) / len(hits) for hits in cycles.values()) / len(cycles)
        for group, cycles in by_group.items()
    }


def _aggregate(prediction: Any, answer: Any, meta: Meta) -> dict[str, float]:
    return mean_over_cycles(meta.get("rows") or ())


def _aggregate_all(prediction: Any, answer: Any, meta: Meta) -> float:
    return _aggregate(prediction, answer, meta).get("all", 0.0)


RULES = (
    Rule(
        name="hrbench.vlmevalkit",
        benchmark="HR-Bench",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/multiple_choice.py::eval_vanilla",
        scorer=score_option,
    ),
    Rule(
        name="hrbench.lmms_rule",
        benchmark="HR-Bench",
        source="EvolvingLMMs-Lab/lmms-eval@75571cfe0f lmms_eval/tasks/hrbench/hrbench_evals.py::HRBenchEval.can_infer",
        scorer=_lmms_rule,
        needs_judge=True,
    ),
    Rule(
        name="mcq.vlmevalkit_circular",
        benchmark="any with rotated options",
        source="open-compass/VLMEvalKit@e8e78f05f3 vlmeval/dataset/utils/multiple_choice.py::eval_circular_group",
        scorer=_circular,
    ),
)
AGGREGATES = {"hrbench.aggregate": _aggregate, "hrbench.lmms_agg": _aggregate_all}

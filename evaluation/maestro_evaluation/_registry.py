"""All rules by name, and `score`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation.scorers import MODULES
from maestro_graph.errors import UnknownNameError

__all__ = ["aggregate", "aggregates", "rules", "score"]

rules: Mapping[str, Rule] = MappingProxyType({rule.name: rule for module in MODULES for rule in module.RULES})
"""Every scoring rule by its name: benchmark, source, and whether a judge may be needed."""

aggregates: Mapping[str, Callable[[Any, Any, Meta], Any]] = MappingProxyType(
    {name: function for module in MODULES for name, function in getattr(module, "AGGREGATES", {}).items()}
)


def score(rule: str, prediction: Any, answer: Any, meta: Meta | None = None) -> float | None:
    """Score one answer by a benchmark's own rule.

    A total function of text and answers: it never raises at what a model wrote, evaluates none of it outside the
    sandbox, and ends in time.

    Args:
        rule: a name in `rules`.
        prediction: what the model replied, unchanged.
        answer: the accepted answer in the benchmark's own form.
        meta: what the rule needs beside them.

    Returns:
        0.0 to 1.0, or `None` where the rule leaves the decision to a judge.

    Raises:
        UnknownNameError: there is no such rule.
        MaestroError: the rule needs a library of the extra `eval`, or a sandbox, that is not installed.
    """
    if rule not in rules:
        raise UnknownNameError("scoring rule", rule, rules)
    return rules[rule].scorer(prediction, answer, meta or {})


def aggregate(rule: str, prediction: Any, answer: Any, meta: Meta | None = None) -> Any:
    """The result of many items as the benchmark computes it; arguments as in the conformance vectors.

    Raises:
        UnknownNameError: there is no such aggregate.
    """
    if rule not in aggregates:
        raise UnknownNameError("aggregate", rule, aggregates)
    return aggregates[rule](prediction, answer, meta or {})

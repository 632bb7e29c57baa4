"""Benchmarks: their official scorers. Loaders, runner and reports arrive with the evaluation release."""

from maestro_evaluation._registry import aggregate, rules, score
from maestro_evaluation._rule import Rule

__all__ = ["Rule", "aggregate", "rules", "score"]

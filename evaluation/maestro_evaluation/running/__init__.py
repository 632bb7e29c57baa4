"""Runs over suites, and the table of outcomes that baselines and training read."""

from maestro_evaluation.running._make_table import MadeTable, make_table

__all__ = ["MadeTable", "make_table"]

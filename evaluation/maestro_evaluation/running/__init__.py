"""Runs over suites, and the table of outcomes that baselines and training read."""

from maestro_evaluation._current import current_sample
from maestro_evaluation._plan_router import PlanRouter, answer_of
from maestro_evaluation.running._execute import Ran, Settings, run_once
from maestro_evaluation.running._identity import registry_identity
from maestro_evaluation.running._make_run import MadeRun, RunOptions, make_run
from maestro_evaluation.running._make_table import MadeTable, Shard, make_table
from maestro_evaluation.running._metered import metered
from maestro_evaluation.running._outcomes import OUTCOMES, compute_outcomes, read_table
from maestro_evaluation.running._plans import all_plans, listed_plans, pairs
from maestro_evaluation.running._progress import Progress
from maestro_evaluation.running._replay import TableEnsemble
from maestro_evaluation.running._run import SAMPLES

__all__ = [
    "OUTCOMES",
    "SAMPLES",
    "MadeRun",
    "MadeTable",
    "PlanRouter",
    "Progress",
    "Ran",
    "RunOptions",
    "Settings",
    "Shard",
    "TableEnsemble",
    "all_plans",
    "answer_of",
    "compute_outcomes",
    "current_sample",
    "listed_plans",
    "make_run",
    "make_table",
    "metered",
    "pairs",
    "read_table",
    "registry_identity",
    "run_once",
]

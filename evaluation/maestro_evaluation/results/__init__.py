"""Results of evaluation runs: read back, reckoned by each benchmark's own rule, compared."""

from maestro_evaluation.results._benchmarks import Reckoning, reckoning_of
from maestro_evaluation.results._compare import Change, Comparison, compare_results, compare_routers, shared_router
from maestro_evaluation.results._figures import (
    Cost,
    Figure,
    by,
    calibration_of,
    cost_of,
    macro_figure,
    plain_figure,
    repeats_of,
    suite_figure,
)
from maestro_evaluation.results._read import RUN, SAMPLES, Results, cluster_of, key_of, read_results

__all__ = [
    "RUN",
    "SAMPLES",
    "Change",
    "Comparison",
    "Cost",
    "Figure",
    "Reckoning",
    "Results",
    "by",
    "calibration_of",
    "cluster_of",
    "compare_results",
    "compare_routers",
    "cost_of",
    "key_of",
    "macro_figure",
    "plain_figure",
    "read_results",
    "reckoning_of",
    "repeats_of",
    "shared_router",
    "suite_figure",
]

"""Statistics of evaluation runs: intervals, paired comparison, calibration, Pareto fronts, repeated runs."""

from maestro_evaluation.stats._calibration import Bin, Calibration, calibration
from maestro_evaluation.stats._intervals import LEVEL, RESAMPLES, Interval, Score, mean_interval
from maestro_evaluation.stats._paired import Pair, PairedTest, adjusted, paired_test
from maestro_evaluation.stats._pareto import pareto_front
from maestro_evaluation.stats._repeats import Variation, variation

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "Bin",
    "Calibration",
    "Interval",
    "Pair",
    "PairedTest",
    "Score",
    "Variation",
    "adjusted",
    "calibration",
    "mean_interval",
    "paired_test",
    "pareto_front",
    "variation",
]

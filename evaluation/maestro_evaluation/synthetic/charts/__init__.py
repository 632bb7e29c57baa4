"""`synthetic-charts`."""

from maestro_evaluation.synthetic.charts._suite import ChartSuite

__all__ = ["ChartSuite"]

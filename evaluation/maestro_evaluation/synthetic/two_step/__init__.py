"""Questions that need two calls: count, read or look up, then calculate."""

from maestro_evaluation.synthetic.two_step._suite import TwoStepSuite

__all__ = ["TwoStepSuite"]

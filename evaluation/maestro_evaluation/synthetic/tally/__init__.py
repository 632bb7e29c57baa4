"""`synthetic-tally`."""

from maestro_evaluation.synthetic.tally._suite import TallySuite

__all__ = ["TallySuite"]

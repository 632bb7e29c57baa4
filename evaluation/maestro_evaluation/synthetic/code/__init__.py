"""Functions to be written from a diagram of examples, checked by hidden tests."""

from maestro_evaluation.synthetic.code._suite import CodeSuite

__all__ = ["CodeSuite"]

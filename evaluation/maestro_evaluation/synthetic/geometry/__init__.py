"""Plane geometry: figures to scale, solved by equations and measured in the drawing."""

from maestro_evaluation.synthetic.geometry._suite import GeometrySuite

__all__ = ["GeometrySuite"]

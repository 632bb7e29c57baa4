"""The calculator: arithmetic, units, equations and plane geometry, stated in text, evidence or figures."""

from maestro_graph.embedded.calculator.expert import Calculator

__all__ = ["Calculator"]

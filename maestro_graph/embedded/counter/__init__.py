"""Counting repeated objects and simple shapes by colour and form."""

from maestro_graph.embedded.counter.expert import Counter

__all__ = ["Counter"]

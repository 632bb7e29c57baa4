"""The reader: text of pictures in reading order, and the fields, lines and values that a question asks for."""

from maestro_graph.embedded.reader._expert import Reader

__all__ = ["Reader"]

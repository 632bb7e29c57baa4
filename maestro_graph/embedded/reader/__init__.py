"""The reader: text of pictures in reading order, and the fields, lines and values that a question asks for."""

from maestro_graph.embedded.reader._expert import Reader
from maestro_graph.embedded.reader._layout import Page, lay_out

__all__ = ["Page", "Reader", "lay_out"]

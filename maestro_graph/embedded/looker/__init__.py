"""The looker: colours, forms, places, relations and sizes of regions, in small pictures and in very large ones."""

from maestro_graph.embedded.looker._expert import Looker

__all__ = ["Looker"]

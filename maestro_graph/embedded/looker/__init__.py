"""The looker: colours, forms, places, relations and sizes of regions, in small pictures and in very large ones."""

from maestro_graph.embedded.looker._expert import Looker
from maestro_graph.embedded.looker._regions import Region, Scene, survey

__all__ = ["Looker", "Region", "Scene", "survey"]

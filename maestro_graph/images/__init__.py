"""Images by reference: safe opening, a content-addressed store, and `ingest` for bytes and message blocks."""

from maestro_graph.images._ingest import ingest
from maestro_graph.images._opened import MaestroImage
from maestro_graph.images._store import ImageStore

__all__ = ["ImageStore", "MaestroImage", "ingest"]

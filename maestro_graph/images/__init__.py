"""Images by reference: safe opening, a content-addressed store, and `ingest` for bytes and message blocks."""

from maestro_graph.images._ingest import ImageSource, ingest, ingest_input
from maestro_graph.images._limits import ImageLimits
from maestro_graph.images._messages import ingest_messages, ingest_question, question_and_images
from maestro_graph.images._opened import MaestroImage
from maestro_graph.images._store import ImageStore

__all__ = [
    "ImageLimits",
    "ImageSource",
    "ImageStore",
    "MaestroImage",
    "ingest",
    "ingest_input",
    "ingest_messages",
    "ingest_question",
    "question_and_images",
]

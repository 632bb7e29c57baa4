"""Turn bytes, data URLs and message blocks into references before a run."""

from __future__ import annotations

from maestro_graph.images._store import ImageStore

__all__ = ["ingest"]


def ingest(image: str | bytes, store: ImageStore) -> str:
    """Return a reference for `image`. (First form; hardened in its own change.)"""
    return store.add(image) if isinstance(image, bytes) else image

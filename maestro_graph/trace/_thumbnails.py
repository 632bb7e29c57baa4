"""The pictures of a trace, as small data URLs, where they are still to be had unchanged."""

from __future__ import annotations

from pathlib import Path

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageStore
from maestro_graph.trace._model import ImageTrace
from maestro_graph.trace._pictures import NOT_RELATIVE, find_copy

__all__ = ["thumbnail"]

MAX_SIDE = 480


def thumbnail(image: ImageTrace, trace: Path | None, store: ImageStore) -> str | None:
    """A data URL of the picture at most 480 pixels wide or high, or `None` if no file has its content any more.

    Looked for beside the trace, in the store, at its reference, and there relative to the trace's folder. Nothing is
    fetched, and a file with other content than the recorded hash is not shown.
    """
    for ref in _places(image, trace):
        try:
            found = store.open(ref)
            if found.sha256 == image.sha256:
                return found.data_url(max_side=MAX_SIDE)
        except ImageError:
            continue
    return None


def _places(image: ImageTrace, trace: Path | None) -> list[str]:
    places: list[str] = []
    if trace is not None and (copy := find_copy(trace, image.sha256)) is not None:
        places.append(str(copy.absolute()))
    if len(image.sha256) == 64:
        places.append(f"sha256:{image.sha256}")
    if image.ref is not None and not image.ref.startswith(("sha256:", "http:", "https:")):
        places.append(image.path or image.ref)
        if trace is not None and not image.ref.startswith(NOT_RELATIVE):
            places.append(str(trace.absolute().parent / image.ref))
    return places

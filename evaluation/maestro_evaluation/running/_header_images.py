"""Pictures that are opened in earnest only when somebody looks at their pixels."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageStore, MaestroImage

__all__ = ["HeaderImages"]

ORIENTATION, TURNED = 0x0112, frozenset({5, 6, 7, 8})


class HeaderImages(ImageStore):
    """A store that reads a picture's bytes once for their hash and size, and leaves decoding to the store behind it.

    A run whose replies come from a table needs no pixels, and decoding an 8K scene takes a second.
    """

    def __init__(self, behind: ImageStore) -> None:
        super().__init__(behind.directory, behind.allow_urls, allow_paths=behind.allow_paths, limits=behind.limits)
        self._behind = behind
        self._seen: dict[str, MaestroImage] = {}
        self._seen_lock = threading.Lock()

    def open(self, ref: str) -> MaestroImage:
        """Open a reference. A file is taken to stay as it is while this store lives."""
        with self._seen_lock:
            image = self._seen.get(ref)
        if image is None:
            image = self._look(ref)
            with self._seen_lock:
                self._seen[ref] = image
        return image

    def _look(self, ref: str) -> MaestroImage:
        if not (self.allow_paths and os.path.isabs(ref) and os.path.isfile(ref)):  # noqa: PTH113, PTH117 - any text
            return self._behind.open(ref)
        data = Path(ref).read_bytes()
        try:
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
                turned = picture.getexif().get(ORIENTATION) in TURNED
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise ImageError(ref, f"it is no picture ({error})", "give a PNG, JPEG, WebP or GIF") from error
        return MaestroImage(
            ref=ref,
            sha256=hashlib.sha256(data).hexdigest(),
            width=height if turned else width,
            height=width if turned else height,
            notes=(),
            load=lambda: self._behind.open(ref).rgb(),
            encoded=lambda: self._behind.open(ref).encoded(),
        )

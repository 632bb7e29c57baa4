"""The image store."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image, ImageOps

from maestro_graph.errors import ImageError
from maestro_graph.images._opened import MaestroImage

__all__ = ["ImageStore"]


class ImageStore:
    """Opens references and keeps bytes by content hash. (First form; hardened in its own change.)"""

    def __init__(self, directory: str | Path | None = None, *, allow_urls: bool = False) -> None:
        self.directory = Path(directory) if directory else Path.home() / ".cache" / "maestro-graph" / "images"
        self.allow_urls = allow_urls

    def add(self, data: bytes) -> str:
        """Keep encoded image bytes; returns their reference `sha256:…`."""
        digest = hashlib.sha256(data).hexdigest()
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / digest).write_bytes(data)
        return f"sha256:{digest}"

    def open(self, ref: str) -> MaestroImage:
        """Open and validate a reference.

        Raises:
            ImageError: it cannot be used; the message says why and what to do.
        """
        path = self.directory / ref.removeprefix("sha256:") if ref.startswith("sha256:") else Path(ref)
        try:
            data = path.read_bytes()
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        except OSError as error:
            raise ImageError(ref, str(error), "give the path of an image file") from error
        return MaestroImage(
            ref=ref,
            sha256=hashlib.sha256(data).hexdigest(),
            width=picture.width,
            height=picture.height,
            notes=(),
            load=lambda: picture,
        )

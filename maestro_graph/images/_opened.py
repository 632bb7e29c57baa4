"""An opened image: identity now, pixels when somebody asks for them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

from PIL import Image

__all__ = ["MaestroImage"]


class MaestroImage:
    """A validated picture behind a reference.

    Attributes:
        ref: the reference it was opened by (path, https URL or `sha256:…`).
        sha256: hex digest of the encoded bytes: the key of every cache.
        width, height: pixels, after EXIF orientation.
        notes: what was done to the picture on opening ("first of 12 frames", "transparency laid on white").
    """

    __slots__ = ("_load", "_rgb", "height", "notes", "ref", "sha256", "width")

    def __init__(
        self,
        *,
        ref: str,
        sha256: str,
        width: int,
        height: int,
        notes: tuple[str, ...],
        load: Callable[[], Image.Image],
    ) -> None:
        self.ref, self.sha256, self.width, self.height, self.notes = ref, sha256, width, height, notes
        self._load = load
        self._rgb: Image.Image | None = None

    def rgb(self) -> Image.Image:
        """The pixels, 8-bit RGB, upright. Shared: copy it before drawing on it."""
        if self._rgb is None:
            self._rgb = self._load()
        return self._rgb

    def release(self) -> None:
        """Drop the decoded pixels; the next `rgb()` decodes again."""
        self._rgb = None

    def data_url(self, *, max_side: int = 2048) -> str:
        """The picture as a PNG data URL for an OpenAI-compatible endpoint, scaled down to `max_side` pixels."""
        picture = self.rgb()
        if max(picture.size) > max_side:
            picture = picture.copy()
            picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

    def __repr__(self) -> str:
        return f"MaestroImage({self.ref!r}, {self.width}x{self.height}, sha256={self.sha256[:12]}…)"

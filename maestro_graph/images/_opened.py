"""An opened image: identity now, pixels when somebody asks for them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

from PIL import Image

from maestro_graph.errors import ImageError
from maestro_graph.images._cache import ByteCache
from maestro_graph.images._limits import ImageLimits

__all__ = ["ImageCaches", "MaestroImage"]

SAMPLE_SIDE = 512
FEW_COLOURS = 4096
PASS_BYTES = 4 << 20
JPEG_QUALITY = 92


class ImageCaches:
    """What a store keeps of its pictures in memory: decoded pixels and data URLs, both bounded."""

    def __init__(self, limits: ImageLimits) -> None:
        self.pixels: ByteCache[Image.Image] = ByteCache(limits.pixel_cache_bytes, _pixel_bytes)
        self.data_urls: ByteCache[str] = ByteCache(limits.data_url_cache_bytes, len)


def _pixel_bytes(picture: Image.Image) -> int:
    return picture.width * picture.height * 4  # Pillow keeps RGB in four bytes


class MaestroImage:
    """A validated picture behind a reference. Safe to use from several threads.

    Attributes:
        ref: the reference it was opened by (path, https URL or `sha256:…`).
        sha256: hex digest of the encoded bytes: the key of every cache.
        width, height: pixels, after EXIF orientation.
        notes: what was done to the picture on opening ("first of 12 frames", "transparency laid on white").
    """

    __slots__ = ("_caches", "_encoded", "_load", "_mime", "height", "notes", "ref", "sha256", "width")

    def __init__(
        self,
        *,
        ref: str,
        sha256: str,
        width: int,
        height: int,
        notes: tuple[str, ...],
        load: Callable[[], Image.Image],
        encoded: Callable[[], bytes] | None = None,
        mime: str | None = None,
        caches: ImageCaches | None = None,
    ) -> None:
        """Made by `ImageStore.open`.

        Args:
            load: decodes the pixels, anew at each call.
            encoded: the original bytes, which may be sent as they are where `mime` is given.
            caches: those of the store; without, the picture has its own.
        """
        self.ref, self.sha256, self.width, self.height, self.notes = ref, sha256, width, height, notes
        self._load, self._encoded, self._mime = load, encoded, mime
        self._caches = caches or ImageCaches(ImageLimits())

    def rgb(self) -> Image.Image:
        """The pixels, 8-bit RGB, upright. Shared: copy it before drawing on it.

        Raises:
            ImageError: the pixels had been dropped and the file has changed or gone since it was opened.
        """
        return self._caches.pixels.get(self.sha256, self._load)

    def encoded(self) -> bytes:
        """The original file's bytes, metadata included: those that `sha256` is of.

        Raises:
            ImageError: the file has changed or gone since it was opened, or the picture never was a file.
        """
        if self._encoded is None:
            raise ImageError(self.ref, "it has no file", "open it through an ImageStore")
        return self._encoded()

    def release(self) -> None:
        """Drop the decoded pixels; the next `rgb()` decodes again."""
        self._caches.pixels.drop(self.sha256)

    def data_url(self, *, max_side: int = 2048) -> str:
        """The picture as a data URL for an OpenAI-compatible endpoint, scaled down to `max_side` pixels.

        A plain PNG or JPEG that is small enough is passed on byte for byte; otherwise pictures with few
        colours (charts, text) become PNG and photos JPEG. File metadata (place, camera) is never sent.
        """
        if max_side < 1:
            raise ValueError(f"max_side must be at least 1, got {max_side}")
        return self._caches.data_urls.get((self.sha256, max_side), lambda: self._make_data_url(max_side))

    def _make_data_url(self, max_side: int) -> str:
        picture = self.rgb()
        if max(picture.size) <= max_side and self._mime is not None and self._encoded is not None:
            data = self._encoded()
            if len(data) <= PASS_BYTES:
                return _data_url(self._mime, data)
        few = _few_colours(picture)  # before scaling, which invents colours
        if max(picture.size) > max_side:
            picture = picture.copy()
            picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        if few:
            picture.save(buffer, format="PNG", compress_level=6)
            return _data_url("image/png", buffer.getvalue())
        picture.save(buffer, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
        return _data_url("image/jpeg", buffer.getvalue())

    def __repr__(self) -> str:
        return f"MaestroImage({self.ref!r}, {self.width}x{self.height}, sha256={self.sha256[:12]}…)"


def _few_colours(picture: Image.Image) -> bool:
    step = -(-max(picture.size) // SAMPLE_SIDE)
    size = (-(-picture.width // step), -(-picture.height // step))
    sample = picture.resize(size, Image.Resampling.NEAREST) if step > 1 else picture
    return sample.getcolors(FEW_COLOURS) is not None


def _data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"

"""The image store: from references to opened pictures, and from bytes to references."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from maestro_graph.errors import ImageError
from maestro_graph.images._cache import KeyLocks
from maestro_graph.images._decode import Decoded, decode
from maestro_graph.images._directory import PREFIX, ContentDirectory, default_directory
from maestro_graph.images._files import FileKey, file_key, read_file, shorten, to_path
from maestro_graph.images._limits import ImageLimits
from maestro_graph.images._opened import ImageCaches, MaestroImage

__all__ = ["ImageStore"]

OPENED_KEPT = 1024


class ImageStore:
    """Opens references and keeps bytes by content hash. Safe to share between threads and runs.

    A reference is a file path (also `~/…` and `file://…`), an https URL where they are allowed, or `sha256:`
    and 64 hexadecimal digits for what was added. A file whose name looks like one of the others is written
    `./name`. Making a store touches nothing; its folder is made by the first `add`.

    Args:
        directory: where added pictures are kept; by default `MAESTRO_IMAGE_DIR`, or `maestro-graph/images` in
            the user's cache folder.
        allow_urls: whether https references may be fetched.
        allow_paths: whether references may name files. A server that takes references from strangers says no:
            a path is a way to read this machine's pictures.
        limits: sizes and times allowed for one picture, and the memory of the caches.
        max_bytes: size of the folder above which the least recently used pictures go when one is added;
            `None`: nothing goes by itself. Checkpoints that name a removed picture cannot be continued.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        allow_urls: bool = False,
        *,
        allow_paths: bool = True,
        limits: ImageLimits | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.directory = Path(directory) if directory else default_directory()
        self.allow_urls, self.allow_paths = allow_urls, allow_paths
        self.limits = limits or ImageLimits()
        self._content = ContentDirectory(self.directory, max_bytes)
        self._caches = ImageCaches(self.limits)
        self._opened: OrderedDict[str | FileKey, MaestroImage] = OrderedDict()
        self._fetched: dict[str, str] = {}
        self._lock = threading.Lock()
        self._opening = KeyLocks()

    def open(self, ref: str) -> MaestroImage:
        """Open a reference: read and decode it once, so that every flaw shows now; keep the pixels a while.

        An unchanged file is not read again. A URL is fetched once by a store and kept in its folder.

        Raises:
            ImageError: it cannot be used; the message says why and what to do.
        """
        with self._opening.of(ref):
            if ref.startswith(PREFIX):
                return self._open_content(ref, ref)
            if ref[:5].lower() == "data:":
                raise ImageError(shorten(ref), "data are no reference", "use ingest() for data URLs, ./… for a file")
            if is_url(ref):
                return self._open_url(ref)
            return self._open_file(ref)

    def check(self, ref: str) -> None:
        """Whether such references may be opened at all; reads nothing.

        Raises:
            ImageError: references of this kind are not allowed here.
        """
        if is_url(ref):
            if ref[:8].lower() != "https://":
                raise ImageError(ref, "http is not allowed", "give an https URL")
            if not self.allow_urls:
                raise ImageError(ref, "URLs are not allowed", "download it, or make ImageStore(allow_urls=True)")
        elif not self.allow_paths and not ref.startswith(PREFIX):
            raise ImageError(shorten(ref), "file paths are not allowed here", "give the picture's bytes")

    def add(self, data: bytes) -> str:
        """Keep encoded image bytes, undecoded (`ingest` decodes first); returns `sha256:…`.

        Raises:
            ImageError: they are empty or too many, or the folder cannot be written.
        """
        if not data or len(data) > self.limits.max_file_bytes:
            problem = f"it has {len(data):,} bytes, allowed are 1 to {self.limits.max_file_bytes:,}"
            raise ImageError(f"<{len(data):,} bytes>", problem, "give an encoded picture within the limit")
        return PREFIX + self._content.add(bytes(data))

    def add_checked(self, data: bytes, name: str) -> str:
        """As `add`, after decoding the picture once.

        Args:
            name: what to call it in an error message.

        Raises:
            ImageError: it is not a picture that can be opened.
        """
        decoded = decode(data, name, self.limits)
        ref = self.add(data)
        self._keep(ref, self._image(ref, data, decoded, lambda: self._content_bytes(ref)))
        return ref

    def remove(self, ref: str) -> bool:
        """Remove an added picture from the folder and from memory; whether the folder had it."""
        digest = self._content.digest_of(ref)
        with self._lock:
            self._opened.pop(ref, None)
            self._fetched = {url: kept for url, kept in self._fetched.items() if kept != ref}
        self._caches.pixels.drop(digest)
        return self._content.remove(ref)

    def purge(self, max_bytes: int) -> int:
        """Remove the least recently used pictures until at most `max_bytes` remain; the bytes removed."""
        return self._content.purge(max_bytes)

    def _open_content(self, key: str, ref: str) -> MaestroImage:
        """Open `sha256:…` under the name `ref` (itself, or the URL it came from)."""
        image = self._find(ref)
        if image is None:
            data = self._content_bytes(key)
            image = self._image(ref, data, decode(data, ref, self.limits), lambda: self._content_bytes(key))
            self._keep(ref, image)
        return image

    def _open_url(self, ref: str) -> MaestroImage:
        self.check(ref)
        if ref not in self._fetched or not self._content.holds(self._fetched[ref]):
            from maestro_graph.images._fetch import Fetcher  # http and ssl cost 40 ms that few runs need

            data = Fetcher(self.limits).fetch(ref)
            decode(data, ref, self.limits)
            self._fetched[ref] = self.add(data)
        return self._open_content(self._fetched[ref], ref)

    def _open_file(self, ref: str) -> MaestroImage:
        self.check(ref)
        path = to_path(ref)
        image = self._find(file_key(path, ref))
        if image is not None and image.ref == ref:
            return image
        data, key = read_file(path, ref, self.limits.max_file_bytes)
        place = os.path.abspath(path)  # noqa: PTH100 - a changed working folder must not matter
        image = self._image(ref, data, decode(data, ref, self.limits), lambda: self._file_bytes(place, ref))
        self._keep(key, image)
        return image

    def _image(self, ref: str, data: bytes, decoded: Decoded, read: Callable[[], bytes]) -> MaestroImage:
        digest = hashlib.sha256(data).hexdigest()
        self._caches.pixels.put(digest, decoded.picture)

        def encoded() -> bytes:
            again = read()
            if hashlib.sha256(again).hexdigest() != digest:
                raise ImageError(ref, "the file has changed since it was opened", "open it again")
            return again

        def load() -> Image.Image:
            return decode(encoded(), ref, self.limits).picture

        return MaestroImage(
            ref=ref,
            sha256=digest,
            width=decoded.picture.width,
            height=decoded.picture.height,
            notes=decoded.notes,
            load=load,
            encoded=encoded,
            mime=decoded.mime,
            caches=self._caches,
        )

    def _content_bytes(self, ref: str) -> bytes:
        return self._content.read(ref, self.limits.max_file_bytes)

    def _file_bytes(self, path: str, ref: str) -> bytes:
        return read_file(path, ref, self.limits.max_file_bytes)[0]

    def _find(self, key: str | FileKey) -> MaestroImage | None:
        with self._lock:
            image = self._opened.get(key)
            if image is not None:
                self._opened.move_to_end(key)
            return image

    def _keep(self, key: str | FileKey, image: MaestroImage) -> None:
        with self._lock:
            self._opened[key] = image
            while len(self._opened) > OPENED_KEPT:
                self._opened.popitem(last=False)


def is_url(ref: str) -> bool:
    """Whether a reference is a web address."""
    return ref[:8].lower().startswith(("http://", "https://"))

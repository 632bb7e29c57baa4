"""Pictures that come as bytes or base64 inside a table, kept as files named after their content."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

__all__ = ["PictureError", "Pictures"]

SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif"}
SHORTEST_BASE64 = 65
"""VLMEvalKit writes the index of another row where a picture is the same; no longer text is an index."""

QUOTED = re.compile(r"""['"]([^'"]+)['"]""")


class PictureError(ValueError):
    """What is wrong with a picture's field; the row adds where it is."""


class Pictures:
    """Files of pictures by content.

    Args:
        folder: where they are kept.
        beside: folder in which pictures that are named by path are looked for; zip archives in it are looked into.
    """

    def __init__(self, folder: Path, beside: Path | None = None) -> None:
        self._folder, self._beside = folder, beside
        self._archives: dict[Path, zipfile.ZipFile] = {}

    def close(self) -> None:
        for archive in self._archives.values():
            archive.close()

    def of(self, value: Any) -> list[str]:
        """Paths of the pictures of a field: bytes, base64, a path, `{"bytes", "path"}`, or a list of these.

        Raises:
            PictureError: it is none of them, or no picture.
        """
        if value is None:
            return []
        if isinstance(value, (list, tuple)):
            return [path for item in value for path in self.of(item)]
        if isinstance(value, (bytes, bytearray)):
            return [self._keep(bytes(value))]
        if isinstance(value, Mapping):
            if value.get("bytes") is not None:
                return [self._keep(bytes(value["bytes"]))]
            value = value.get("path")
        if isinstance(value, str) and value.strip():
            return self._of_text(value.strip())
        raise PictureError(f"holds no picture (bytes, base64, or a file's name) but {type(value).__name__}")

    def _of_text(self, text: str) -> list[str]:
        if text.startswith(("https://", "http://")):
            return [text]
        if text.startswith("[") and text.endswith("]"):
            return [path for item in _listed(text) for path in self._of_text(item)]
        if text.startswith("data:image/"):
            text = text.partition(",")[2]
        elif (found := self._named(text)) is not None:
            return [found]
        if len(text) < SHORTEST_BASE64:
            where = f"in {self._beside}" if self._beside else "here"
            raise PictureError(f"names a picture {text!r} that is not {where}")
        try:
            return [self._keep(base64.b64decode(text, validate=True))]
        except binascii.Error as error:
            raise PictureError(f"is not base64 ({error}): {text[:40]!r}…") from error

    def _named(self, name: str) -> str | None:
        if self._beside is None or len(name) > 500:
            return None
        root = self._beside.resolve()
        for place in (root / name, root / "images" / name, root / "imgs" / name):
            path = place.resolve()
            if path.is_relative_to(root) and path.is_file():
                return str(path)
        for archive in sorted(root.glob("*.zip")):
            if (data := self._archived(archive, name)) is not None:
                return self._keep(data)
        return None

    def _archived(self, path: Path, name: str) -> bytes | None:
        try:
            if path not in self._archives:
                self._archives[path] = zipfile.ZipFile(path)
            archive = self._archives[path]
            for member in (name, f"imgs/{name}", f"images/{name}", f"{path.stem}/{name}"):
                if member in archive.NameToInfo:
                    return archive.read(member)
        except (zipfile.BadZipFile, OSError) as error:
            raise PictureError(f"names a picture {name!r}; the archive {path} cannot be read: {error}") from error
        return None

    def _keep(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        target = self._folder / digest[:2] / f"{digest}.{_suffix(data)}"
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".partial")
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).replace(target)
        return str(target.resolve())


def _suffix(data: bytes) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # 8K scenes are meant
            with Image.open(io.BytesIO(data)) as picture:
                name = picture.format or ""
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise PictureError(f"holds {len(data)} bytes that are no picture: {error}") from error
    return SUFFIXES.get(name, name.lower())


def _listed(text: str) -> list[str]:
    """The items of a list as JSON or as Python writes it; base64 and paths hold no quotes."""
    try:
        found = json.loads(text)
    except ValueError:
        return QUOTED.findall(text)
    return [item for item in found if isinstance(item, str)]

"""Turn pictures in any form into references before a run.

LangGraph checkpoints the input before the first node, so bytes must have become references by then. What
arrives as bytes is decoded here once; what arrives as a path or URL stays as it is and is opened by the run.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from PIL import Image

from maestro_graph.errors import ImageError
from maestro_graph.images._decode import to_upright_rgb
from maestro_graph.images._directory import PREFIX
from maestro_graph.images._files import read_file, shorten
from maestro_graph.images._store import ImageStore, is_url

__all__ = ["ImageSource", "ingest", "ingest_base64", "ingest_input"]

ImageSource = str | bytes | bytearray | memoryview | os.PathLike[str] | Image.Image

NO_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+://|sha256:|data:|~)", re.IGNORECASE)


def ingest(source: ImageSource, store: ImageStore) -> str:
    """A reference for a picture in any form.

    Args:
        source: encoded bytes, a Pillow picture, a data URL, or what is a reference already: a path, an https
            URL (where the store allows them), `sha256:…`.
        store: keeps what is no reference yet.

    Returns:
        `sha256:…` for bytes, Pillow pictures and data URLs; paths and URLs as they were given. (A path that
        is not valid Unicode cannot stand in a checkpoint: such a file is copied into the store.)

    Raises:
        ImageError: the bytes are no picture, or references of this kind are not allowed.
        TypeError: `source` is something else.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return store.add_checked(data, f"<{len(data):,} bytes>")
    if isinstance(source, Image.Image):
        return _ingest_picture(source, store)
    if isinstance(source, str):
        return _ingest_data_url(source, store) if source[:5].lower() == "data:" else _ingest_reference(source, store)
    if isinstance(source, os.PathLike):
        path = os.fspath(source)
        return _ingest_reference(f"./{path}" if NO_PATH.match(path) else path, store)
    raise TypeError(f"an image is bytes, a Pillow picture, a path or a URL, not {type(source).__name__}")


def ingest_base64(text: str, store: ImageStore, name: str) -> str:
    """A reference for base64 data; `name` is for the error message.

    Raises:
        ImageError: it is not base64, or no picture.
    """
    if len(text) > store.limits.max_file_bytes * 4 // 3 + 1024:
        limit = f"the limit is {store.limits.max_file_bytes:,} bytes"
        raise ImageError(name, f"it has {len(text):,} characters of base64, {limit}", "scale the picture down")
    compact = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(name, f"its base64 data are damaged ({error})", "encode the picture again") from error
    return store.add_checked(data, name)


def ingest_input(values: Mapping[str, Any], store: ImageStore) -> dict[str, Any]:
    """The input of a graph, `{"question", "images"}` or `{"messages"}`, with references for its pictures.

    Returns:
        a new dict; other keys are passed on.

    Raises:
        ImageError: one of the pictures cannot be used.
    """
    result = dict(values)
    if values.get("images") is not None:
        images = values["images"]
        one = isinstance(images, str | bytes | bytearray | memoryview | os.PathLike | Image.Image)
        result["images"] = [ingest(image, store) for image in ([images] if one else images)]
    if values.get("messages") is not None:
        from maestro_graph.images._messages import ingest_messages

        messages = values["messages"]
        many = isinstance(messages, Sequence) and not isinstance(messages, str)
        result["messages"] = ingest_messages(messages if many else [messages], store)
    return result


def _ingest_reference(ref: str, store: ImageStore) -> str:
    store.check(ref)
    if ref.startswith(PREFIX) or is_url(ref):
        return ref
    try:
        ref.encode()
    except UnicodeEncodeError:
        data, _ = read_file(ref, ref, store.limits.max_file_bytes)
        return store.add_checked(data, ref)
    return ref


def _ingest_data_url(url: str, store: ImageStore) -> str:
    name = shorten(url)
    head, comma, body = url.partition(",")
    if not comma:
        raise ImageError(name, "the data URL has no comma", "write data:image/png;base64,…")
    if head.lower().endswith(";base64"):
        return ingest_base64(unquote_to_bytes(body).decode("latin-1") if "%" in body else body, store, name)
    return store.add_checked(unquote_to_bytes(body), name)


def _ingest_picture(picture: Image.Image, store: ImageStore) -> str:
    name = f"<Pillow picture {picture.mode} {picture.width}x{picture.height}>"
    if picture.width * picture.height > store.limits.max_pixels:
        raise ImageError(name, f"the limit is {store.limits.max_pixels:,} pixels", "scale the picture down")
    try:
        rgb, _ = to_upright_rgb(picture)
        buffer = io.BytesIO()
        rgb.save(buffer, format="PNG", compress_level=3)
    except (OSError, ValueError, SyntaxError) as error:  # a lazily loaded picture fails only now
        raise ImageError(name, f"it cannot be decoded ({error})", "load it before handing it over") from error
    return store.add_checked(buffer.getvalue(), name)

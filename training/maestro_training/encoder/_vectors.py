"""Vectors of texts by text: computed once, kept beside the run, so that other seeds and resumed runs have them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

__all__ = ["VectorStore"]

Floats = NDArray[np.float32]
CHUNK = 64


class VectorStore:
    """A memory before an encoder.

    Args:
        encode: texts to vectors (`SentenceEncoder.encode`).
        file: where vectors are kept (`.npz`); an unreadable file is made anew.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Floats], file: Path | None = None) -> None:
        self._encode, self._file = encode, file
        self._known: dict[bytes, Floats] = {}
        if file is not None and file.is_file():
            try:
                with file.open("rb") as opened, np.load(opened, allow_pickle=False) as data:
                    keys, vectors = data["keys"], data["vectors"].astype(np.float32)
            except (OSError, ValueError, KeyError, BadZipFile):
                return
            self._known = {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}

    def __call__(self, texts: Sequence[str]) -> Floats:
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            for key, vector in zip(missing, self._encode(list(missing.values())), strict=True):
                self._known[key] = vector
        return np.stack([self._known[key] for key in keys])

    def prepare(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> None:
        """Compute what is missing, and keep it on disk."""
        missing = [text for text in texts if _key(text) not in self._known]
        for begin in range(0, len(missing), CHUNK):
            self(missing[begin : begin + CHUNK])
            if progress is not None:
                progress(min(begin + CHUNK, len(missing)), len(missing))
        if missing:
            self.save()

    def save(self) -> None:
        """Write the vectors, whole or not at all."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        keys = np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), 16)
        with part.open("wb") as out:
            np.savez(out, keys=keys, vectors=np.stack(list(self._known.values())))
        part.replace(self._file)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]

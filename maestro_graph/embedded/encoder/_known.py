"""Vectors of the texts that ship (cards of experts and skills), so that a cold process need not compute them.

Written by scripts/known_vectors.py; a test says when it is out of date. A text that is not here is computed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TEXTS", "VECTORS", "known_vectors"]

TEXTS, VECTORS = "known.json", "known.npy"


def known_vectors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by text; empty where a model's folder has none."""
    import numpy as np

    if not (folder / TEXTS).is_file():
        return {}
    texts: list[str] = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
    vectors = np.load(folder / VECTORS, allow_pickle=False).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(texts, vectors, strict=True))

"""The vectors that ship are those of the texts that ship."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from maestro_graph.embedded.encoder import SentenceEncoder, default_encoder

SCRIPT = Path(__file__).parents[2] / "scripts" / "known_vectors.py"

pytestmark = pytest.mark.real


def test_every_card_is_known_and_right() -> None:
    texts = runpy.run_path(str(SCRIPT))["shipped_texts"]()
    shipped, computed = default_encoder(), SentenceEncoder(known=False)
    missing = [text for text in texts if text not in shipped._known]
    assert not missing, f"run python scripts/known_vectors.py; these are new: {missing}"
    assert np.abs(shipped.encode(texts) - computed.encode(texts)).max() < 1e-3

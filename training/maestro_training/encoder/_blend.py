"""Part of the way back to where training started, in the space of the weights.

What training changes in how near things seem to each other fits the wordings that it saw; where the start was good on
others, weights between the two keep most of both (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from maestro_training.encoder._config import Blend

__all__ = ["blended"]

Weights = Mapping[str, NDArray[np.float32]]


def blended(start: Weights, trained: Weights, blend: Blend) -> dict[str, NDArray[np.float32]]:
    """Weights between the start and the trained ones, by their part of the head.

    Args:
        start: of the head that training began with, the same random projections included.
        blend: shares of the trained weights; what decides about stopping is always taken as trained.
    """
    return {
        name: ((1 - share) * start[name] + share * weights).astype(np.float32)
        for name, weights in trained.items()
        for share in [_share(name, blend)]
    }


def _share(name: str, blend: Blend) -> float:
    if name.startswith("stop"):
        return 1.0
    return blend.networks if name.startswith("pair") or name == "kinds" else blend.similarity

"""Weights between the start and what was trained."""

from __future__ import annotations

import numpy as np
import pytest

from maestro_graph.routers.encoder import initial_weights
from maestro_training.encoder import Blend, blended

START = initial_weights(0, dimensions=8)
TRAINED = {name: weights + 1 for name, weights in START.items()}


def test_all_of_the_training_is_kept_unless_asked_for() -> None:
    for name, weights in blended(START, TRAINED, Blend()).items():
        np.testing.assert_array_equal(weights, TRAINED[name])


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("metric_out", 0.25),
        ("card", 0.25),
        ("scale", 0.25),
        ("pair_1", 0.5),
        ("kinds", 0.5),
        ("stop", 1),
        ("stop_2", 1),
    ],
)
def test_each_part_goes_its_share_of_the_way(name: str, share: float) -> None:
    found = blended(START, TRAINED, Blend(similarity=0.25, networks=0.5))
    np.testing.assert_allclose(found[name] - START[name], share, atol=1e-6)
    assert found[name].dtype == np.float32 and set(found) == set(START)

"""What a perceiver's replies depend on: the key that they are cached under."""

from __future__ import annotations

from typing import Any

import pytest

from maestro_graph.perceivers import ChatPerceiver
from maestro_graph.registry import EndpointConfig, Sampling


def identity(sampling: dict[str, Any] | None = None, coordinates: Any = "auto", **endpoint: Any) -> str:
    home = EndpointConfig(**{"base_url": "http://localhost:1/v1", "model": "m", **endpoint})
    return ChatPerceiver.at("detect", home, Sampling(**(sampling or {})), timeout_s=1, coordinates=coordinates).identity


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"base_url": "http://localhost:2/v1"},
        {"max_image_side": 512},
        {"extra_body": {"detail": "low"}},
        {"coordinates": "absolute"},
        {"sampling": {"max_tokens": 5}},
    ],
)
def test_whatever_changes_a_reply_changes_its_key(change: dict[str, Any]) -> None:
    assert identity(**change) != identity()
    assert identity(**change) == identity(**change)

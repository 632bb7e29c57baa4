"""What all embedded experts share."""

from __future__ import annotations

import logging

import pytest

from maestro_graph.embedded._base import EmbeddedExpert
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest


class Tripping(EmbeddedExpert):
    """Raises what it is given."""

    def __init__(self, error: Exception) -> None:
        super().__init__(ExpertCard(name="tripping", description="Trips."))
        self.error = error

    def answer(self, request: ExpertRequest) -> ExpertReply:
        raise self.error


@pytest.mark.parametrize("error", [OverflowError("too large"), ValueError("shape"), IndexError("row 9")])
async def test_data_that_trips_an_expert_is_a_failure_of_the_call(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(CallFailure, match="tripping failed") as caught:
        await Tripping(error).ask(ExpertRequest(question="?"))
    assert caught.value.kind == "failed"
    assert type(error).__name__ in caplog.text


@pytest.mark.parametrize("error", [TypeError("a bug"), AttributeError("a bug"), NameError("a bug")])
async def test_a_bug_propagates(error: Exception) -> None:
    with pytest.raises(type(error)):
        await Tripping(error).ask(ExpertRequest(question="?"))

"""The embedded router's decisions, with an encoder whose vectors the test chooses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from maestro_graph.decisions import Answer, CallExpert
from maestro_graph.evidence import Evidence, EvidenceStatus
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.registry import Registry
from maestro_graph.routers import PastTurn, RouterView
from maestro_graph.routers.encoder import EncoderRouter


class Words:
    """An encoder: bags of words over a small vocabulary."""

    vocabulary = ("count", "coins", "read", "sign", "sum", "chart")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [[1e-3 + text.lower().count(word) for word in self.vocabulary] for text in texts]
        vectors = np.array(rows, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Idle:
    def __init__(self, name: str, description: str) -> None:
        self.card = ExpertCard(name=name, description=description)

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        raise AssertionError("a router asks nobody")


@pytest.fixture
def registry() -> Registry:
    return Registry(experts=[Idle("counter", "count coins"), Idle("reader", "read sign"), Idle("adder", "sum")])


def evidence(
    expert: str, *, answer: str | None = None, confidence: float | None = None, status: EvidenceStatus = "ok"
) -> Evidence:
    return Evidence(
        turn=0,
        call=0,
        expert=expert,
        skill=None,
        query="q",
        status=status,
        text="t",
        answer=answer,
        confidence=confidence,
    )


def view(registry: Registry, *found: Evidence, turns_left: int = 4, question: str = "count the coins") -> RouterView:
    history = tuple(PastTurn(decision=(CallExpert(e.expert, "q"),), text="", evidence=(e,)) for e in found)
    return RouterView(
        question=question, images=(), registry=registry, history=history, turns_left=turns_left, calls_left=4
    )


@pytest.fixture
def router() -> EncoderRouter:
    return EncoderRouter(Words())  # type: ignore[arg-type]  # has the one method that is used


async def test_it_asks_whose_card_is_nearest_and_says_why(router: EncoderRouter, registry: Registry) -> None:
    turn = await router.decide(view(registry))
    assert turn.decision == (CallExpert("counter", "count the coins"),)
    distribution = turn.info["distribution"]
    assert isinstance(distribution, dict)
    assert sum(float(str(share)) for share in distribution.values()) == pytest.approx(1.0, abs=1e-3)


async def test_a_confident_answer_ends_the_run(router: EncoderRouter, registry: Registry) -> None:
    turn = await router.decide(view(registry, evidence("counter", answer="24", confidence=0.9)))
    assert turn.decision == Answer("24")


async def test_a_chat_models_answer_counts_as_confident(router: EncoderRouter, registry: Registry) -> None:
    turn = await router.decide(view(registry, evidence("counter", answer="24")))
    assert turn.decision == Answer("24")


@pytest.mark.parametrize("status", ["refused", "timeout", "unreachable", "failed", "unusable", "rate_limited"])
async def test_after_a_failure_it_asks_the_next_best(
    router: EncoderRouter, registry: Registry, status: EvidenceStatus
) -> None:
    turn = await router.decide(view(registry, evidence("counter", status=status)))
    assert turn.decision != (CallExpert("counter", "count the coins"),)
    assert isinstance(turn.decision, tuple)
    assert len(turn.decision) == 1


async def test_doubtful_answers_are_kept_for_the_last_turn(router: EncoderRouter, registry: Registry) -> None:
    doubtful = evidence("counter", answer="23", confidence=0.2)
    assert isinstance((await router.decide(view(registry, doubtful))).decision, tuple)
    last = await router.decide(view(registry, doubtful, evidence("reader", status="refused"), turns_left=1))
    assert last.decision == Answer("23")


async def test_before_the_last_turn_it_asks_everyone_left_if_nobody_could_answer(
    router: EncoderRouter, registry: Registry
) -> None:
    refused = evidence("counter", status="refused")
    turn = await router.decide(view(registry, refused, turns_left=2))
    assert isinstance(turn.decision, tuple)
    assert {call.expert for call in turn.decision} == {"reader", "adder"}
    doubtful = evidence("counter", answer="23", confidence=0.2)
    turn = await router.decide(view(registry, doubtful, turns_left=2))
    assert isinstance(turn.decision, tuple)
    assert len(turn.decision) == 1


async def test_when_nobody_is_left_it_gives_up(router: EncoderRouter, registry: Registry) -> None:
    failed = [evidence(name, status="refused") for name in registry.experts]
    assert (await router.decide(view(registry, *failed))).decision == ()


async def test_a_new_expert_is_chosen_by_its_card(router: EncoderRouter, registry: Registry) -> None:
    asked = view(registry, question="what does the chart say")
    registry.add_expert(Idle("plotter", "chart"))
    assert (await router.decide(asked)).decision == (CallExpert("plotter", "what does the chart say"),)

"""Experts that say which evidence they read: requests that differ in the rest are equal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from maestro_graph import CallExpert, Evidence, ExpertCard, ExpertReply, ExpertRequest, Registry, load_registry
from maestro_graph.calls import CallSettings, evidence_read, run_call


class Reads:
    """Reads the evidence of experts whose name begins with `own`."""

    card = ExpertCard(name="reads", description="Reads some evidence.")

    def __init__(self) -> None:
        self.asked = 0

    def cache_identity(self, request: ExpertRequest) -> str:
        return "reads"

    def evidence_read(self, request: ExpertRequest) -> Sequence[Evidence]:
        return [item for item in request.evidence if item.expert.startswith("own")]

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        self.asked += 1
        return ExpertReply(text="seen")


class ReadsAll(Reads):
    evidence_read = None  # type: ignore[assignment]  # says nothing about it


def found(expert: str, text: str = "7", **fields: object) -> Evidence:
    return Evidence(turn=0, call=0, expert=expert, skill=None, query="?", status="ok", text=text, **fields)  # type: ignore[arg-type]


async def ask(registry: Registry, *evidence: Evidence) -> int:
    settings = CallSettings(seconds_left=10)
    await run_call(registry, CallExpert("reads", "?"), turn=1, index=0, images=(), evidence=evidence, settings=settings)
    (expert,) = registry.experts.values()
    assert isinstance(expert, Reads)
    return expert.asked


async def test_evidence_that_is_not_read_makes_no_other_request() -> None:
    registry = Registry(experts=[Reads()])
    assert [
        await ask(registry),
        await ask(registry, found("other")),
        await ask(registry, found("own", "7")),
        await ask(registry, found("other"), found("own", "7")),
        await ask(registry, found("own", "8")),
    ] == [1, 1, 2, 2, 3]


async def test_an_expert_that_says_nothing_reads_everything() -> None:
    expert = ReadsAll()
    request = ExpertRequest(question="?", evidence=(found("other"),))
    assert evidence_read(expert, request) == request.evidence
    registry = Registry(experts=[expert])
    assert [await ask(registry), await ask(registry, found("other"))] == [1, 2]


@pytest.mark.parametrize(
    ("expert", "question", "reads"),
    [
        ("reader", "What is the sum of these numbers?", []),
        ("counter", "How many of these?", []),
        ("looker", "What colour is that?", []),
        ("chart-reader", "What is the sum of these numbers?", ["table"]),
        ("calculator", "What is the sum of these numbers?", ["plain", "table", "broken"]),
        ("calculator", "How much is 3 plus 4?", []),
    ],
)
def test_what_embedded_experts_read(expert: str, question: str, reads: list[str]) -> None:
    table = {"series": ["a"], "categories": ["x"], "values": [[1.0]], "kind": "bars"}
    evidence = (found("plain"), found("table", details={"table": table}), found("broken", details={"table": 3}))
    reader = load_registry("embedded").expert(expert)
    read = evidence_read(reader, ExpertRequest(question=question, evidence=evidence))
    assert [item.expert for item in read] == reads

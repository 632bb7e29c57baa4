"""Any router in a table's world, and routers side by side."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripted import ScriptedExpert

from maestro_evaluation.plans import Plan
from maestro_evaluation.running import PlanRouter
from maestro_evaluation.samples import Sample
from maestro_graph.decisions import Answer, CallExpert, Malformed
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.evidence import Evidence, Usage
from maestro_graph.registry import Registry
from maestro_graph.routers import RouterTurn, RouterView
from maestro_graph.routers.encoder import ActionCards, CardText
from maestro_training.encoder import (
    Budget,
    Course,
    Entry,
    TableWorld,
    WorldSample,
    cards_without,
    closed_gap,
    comparison_rows,
    comparison_table,
    paired,
    routed,
)

A, B = ("a", None), ("b", None)


def said(expert: str, answer: str | None) -> Evidence:
    status = "refused" if answer is None else "ok"
    usage, text = Usage(calls=1, cost=0.5), answer or "no"
    return Evidence(
        turn=0, call=0, expert=expert, skill=None, query="", status=status, text=text, answer=answer, usage=usage
    )  # fmt: skip


def item(number: int, replies: dict[tuple[tuple[str, None], ...], Evidence], family: str = "f") -> WorldSample:
    sample = Sample(id=str(number), suite="s", question=f"Q{number}?", images=(), answer=7, family=family)
    return WorldSample(sample, {}, replies)


WORLD = [
    item(0, {(A,): said("a", "7"), (B,): said("b", "3"), (A, B): said("b", "8")}),
    item(1, {(A,): said("a", None), (B,): said("b", "7"), (A, B): said("b", "7")}),
]
REGISTRY = Registry(experts=[ScriptedExpert("a", "x"), ScriptedExpert("b", "x")])


class Saying:
    def __init__(self, *turns: object) -> None:
        self.turns, self.views = turns, []

    async def decide(self, view: RouterView) -> RouterTurn:
        self.views.append(view)
        return RouterTurn(decision=self.turns[len(view.history)])  # type: ignore[arg-type]


def test_a_plan_is_answered_from_the_table() -> None:
    found = asyncio.run(routed(WORLD, REGISTRY, PlanRouter(Plan((A,)))))
    assert dict(found.scores) == {"s/0": 1.0, "s/1": 0.0}
    assert found.runs["s/1"].stop_reason == "no_action"
    assert found.calls == 1
    assert found.cost == 0.5


def test_a_later_call_sees_what_came_before() -> None:
    found = asyncio.run(routed(WORLD, REGISTRY, PlanRouter(Plan((A, B)))))
    assert found.runs["s/0"].answer == "8"
    assert found.runs["s/1"].answer == "7"
    router = Saying((CallExpert("a", "Q"),), Answer("7"))
    asyncio.run(routed(WORLD[:1], REGISTRY, router))
    assert [(view.turns_left, view.calls_left, len(view.evidence)) for view in router.views] == [(4, 8, 0), (3, 7, 1)]


def test_calls_of_one_turn_and_the_budget() -> None:
    both = (CallExpert("a", "Q"), CallExpert("b", "Q"))
    found = asyncio.run(routed(WORLD[:1], REGISTRY, Saying(both, Answer("7")), budget=Budget(max_calls=1)))
    assert len(found.runs["s/0"].calls) == 1
    endless = Saying(*[(CallExpert("a", "Q"),)] * 4)
    assert asyncio.run(routed(WORLD[:1], REGISTRY, endless)).runs["s/0"].stop_reason == "max_turns"


@pytest.mark.parametrize(("turn", "reason"), [((), "no_action"), (Malformed("?", "no turn"), "malformed")])
def test_a_router_that_gives_up(turn: object, reason: str) -> None:
    found = asyncio.run(routed(WORLD[:1], REGISTRY, Saying(turn)))
    assert found.runs["s/0"].stop_reason == reason
    assert found.score == 0


def test_a_call_that_the_table_lacks_is_an_error() -> None:
    with pytest.raises(MaestroError, match="no row of c"):
        asyncio.run(routed(WORLD[:1], REGISTRY, Saying((CallExpert("c", "Q"),))))


def entry(name: str, *scores: float) -> Entry:
    keys = [f"s/{number}" for number in range(len(scores))]
    return Entry(name, dict(zip(keys, scores, strict=True)), dict.fromkeys(keys, 2.0), dict.fromkeys(keys, 0.1))


MANY = [item(number, {}) for number in range(40)]
LOW = entry("low", *[0.0] * 40)
HALF = entry("half", *[0.0, 1.0] * 20)
HIGH = entry("high", *[1.0] * 40)


def test_the_share_of_a_gap() -> None:
    found = closed_gap(HALF, LOW, HIGH, MANY)
    assert found is not None
    assert found.value == 0.5
    assert 0.3 < found.low < 0.5 < found.high < 0.7
    assert closed_gap(HALF, HIGH, HIGH, MANY) is None


def test_differences_are_paired() -> None:
    found = paired(LOW, HALF, MANY)
    assert found.difference.value == 0.5
    assert found.difference.low > 0
    assert paired(HALF, HALF, MANY).difference.value == 0


def test_rows_and_their_table() -> None:
    rows = comparison_rows([HALF, LOW, HIGH], MANY, ours=HALF, low=LOW, high=HIGH)
    assert "ours_minus_it" not in rows[0]
    assert rows[1]["ours_minus_it"][0] == 0.5  # type: ignore[index]
    assert rows[2]["ours_minus_it"][0] == -0.5  # type: ignore[index]
    lines = comparison_table(rows, ours="half").splitlines()
    assert len(lines) == 5
    assert lines[2].startswith("| half | 40 | 50.0 (")
    assert "+50.0 (" in lines[3]


def test_an_entry_is_the_mean_of_its_runs() -> None:
    results = [asyncio.run(routed(WORLD, REGISTRY, PlanRouter(Plan(plan)))) for plan in ((A,), (A, B))]
    found = Entry.of("both", results)
    assert found.scores == {"s/0": 0.5, "s/1": 0.5}
    assert found.calls == {"s/0": 1.5, "s/1": 1.5}
    assert found.mean_cost(WORLD) == 0.75


CARDS = ActionCards(
    (CardText("a", "A."), CardText("b", "B.")), (CardText("S", "S."),), ((0, None), (1, None), (0, 0), (1, 0))
)


def test_cards_without_experts_and_skills() -> None:
    assert cards_without(CARDS, ["a"], []).actions == (("b", None), ("b", "S"))
    assert cards_without(CARDS, [], ["S"]).actions == (A, B)
    assert cards_without(CARDS, [], []) == CARDS
    with pytest.raises(UnknownNameError):
        cards_without(CARDS, ["z"], [])


def test_a_course_without_a_family() -> None:
    samples = (MANY[0], replace(MANY[1], sample=replace(MANY[1].sample, family="other")))
    world = TableWorld(samples, (), {one.sample.key: one for one in samples})
    course = Course(CARDS, CARDS, world, world, world, encode=lambda texts: None)  # type: ignore[arg-type, return-value]
    found = course.without(families=["other"], experts=["b"])
    assert [one.sample.key for one in found.train.samples] == ["s/0"]
    assert list(found.train.by_key) == ["s/0"]
    assert found.test == world
    assert found.every_card == CARDS
    assert found.cards.actions == (A, ("a", "S"))

"""The trained encoder router: an exact distribution over cards and replies, whatever the registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maestro_graph.decisions import Answer, CallExpert, CallSkill
from maestro_graph.errors import RegistryError
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.registry import Registry, RouterConfig, build_router, resolve_router
from maestro_graph.routers import PastTurn, RouterView
from maestro_graph.routers.encoder import (
    WEIGHTS,
    ActionCards,
    CardText,
    EncoderRouter,
    Head,
    PolicyState,
    SeenEvidence,
    card_arrays,
    choices,
    initial_weights,
    parts_of,
    stacked,
    state_arrays,
)

DIMENSIONS = 12


class Hashed:
    """An encoder whose vectors depend on the text alone."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [np.random.default_rng([*text.encode(), 7]).standard_normal(DIMENSIONS) for text in texts]
        vectors = np.array(rows, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def random_head(seed: int = 0) -> Head:
    """All weights at work, also those that start at zero."""
    rng = np.random.default_rng(seed)
    start = initial_weights(seed, dimensions=DIMENSIONS, metric=4, second=4, kinds=3, hidden=6)
    return Head({k: (v + 0.3 * rng.standard_normal(v.shape)).astype(np.float32) for k, v in start.items()})


CARDS = ActionCards(
    experts=(
        CardText("reader", "Reads text.", ("What does it say?", "Which date is it?"), 1.0),
        CardText("counter", "Counts things.", (), 4.0),
        CardText("adder", "Adds numbers up.", ("What is 1 plus 2?",)),
    ),
    skills=(CardText("Careful", "Looks twice.", ("Check it.",)),),
    pairs=((0, None), (0, 0), (1, None), (2, None), (2, 0)),
)
STATE = PolicyState(
    question="How many coins are there?",
    picture={"Reading printed text on a page, receipt or form.": 1.0},
    evidence=(
        SeenEvidence("counter", None, "ok", "There are 4 coins.", "4", 0.6),
        SeenEvidence("reader", "Careful", "refused", "There is no text.", None, None),
        SeenEvidence("adder", None, "ok", "It is\n 4 ", None, None),
    ),
    turns_left=3,
    calls_left=4,
)


def logits(cards: ActionCards, *states: PolicyState, head: Head | None = None) -> NDArray[np.float32]:
    encode = Hashed().encode
    arrays = [state_arrays(state, cards, encode) for state in states]
    return (head or random_head()).logits(card_arrays(cards, encode), stacked(arrays))


def reordered(cards: ActionCards, experts: Sequence[int], pairs: Sequence[int]) -> ActionCards:
    at = {old: new for new, old in enumerate(experts)}
    moved = tuple((at[cards.pairs[number][0]], cards.pairs[number][1]) for number in pairs)
    return replace(cards, experts=tuple(cards.experts[number] for number in experts), pairs=moved)


def test_actions_in_another_order_have_the_same_scores() -> None:
    order = [3, 0, 4, 2, 1]
    there = logits(CARDS, STATE)[0]
    moved = logits(reordered(CARDS, [2, 0, 1], order), STATE)[0]
    np.testing.assert_allclose(moved[:5], there[order], atol=1e-4)
    np.testing.assert_allclose(moved[5:], there[5:], atol=1e-4)


def test_names_are_never_read() -> None:
    def called(text: str | None) -> str | None:
        return None if text is None else f"x{text[::-1]}"

    cards = replace(
        CARDS,
        experts=tuple(replace(card, name=called(card.name) or "") for card in CARDS.experts),
        skills=tuple(replace(card, name=called(card.name) or "") for card in CARDS.skills),
    )
    evidence = tuple(
        replace(item, expert=called(item.expert) or "", skill=called(item.skill)) for item in STATE.evidence
    )
    np.testing.assert_array_equal(logits(cards, replace(STATE, evidence=evidence)), logits(CARDS, STATE))


def test_cards_are_read() -> None:
    swapped = [
        replace(card, description=CARDS.experts[(at + 1) % 3].description) for at, card in enumerate(CARDS.experts)
    ]
    assert np.abs(logits(replace(CARDS, experts=tuple(swapped)), STATE) - logits(CARDS, STATE)).max() > 0.01


def test_a_batch_scores_each_state_as_if_it_were_alone() -> None:
    first = replace(STATE, evidence=())
    both = logits(CARDS, first, STATE)
    np.testing.assert_allclose(both[0, :5], logits(CARDS, first)[0], atol=1e-4)
    np.testing.assert_allclose(both[1], logits(CARDS, STATE)[0], atol=1e-4)
    assert (both[0, 5:] < -1e8).all()


def test_what_may_be_done() -> None:
    assert choices(STATE, CARDS).tolist() == [True, False, False, False, True, True, False, True]
    last = replace(STATE, turns_left=1)
    assert choices(last, CARDS).tolist() == [False] * 5 + [True, False, True]
    assert choices(replace(STATE, calls_left=0), CARDS).tolist() == [False] * 5 + [True, False, True]
    assert choices(replace(STATE, evidence=()), CARDS).tolist() == [True] * 5


def test_states_and_cards_survive_json() -> None:
    assert PolicyState.from_json(json.loads(json.dumps(STATE.to_json()))) == STATE
    read = ActionCards.from_json(json.loads(json.dumps(CARDS.to_json())))
    assert (read, read.digest) == (CARDS, CARDS.digest)


class Idle:
    def __init__(self, name: str, description: str) -> None:
        self.card = ExpertCard(name=name, description=description)

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        raise AssertionError("a router asks nobody")


REGISTRY = Registry(experts=[Idle("a", "counts"), Idle("b", "reads"), Idle("c", "adds")])


def view(*found: Evidence, **fields: object) -> RouterView:
    history = tuple(PastTurn(decision=(CallExpert(e.expert, "q"),), text="", evidence=(e,)) for e in found)
    made = RouterView(question="how many?", images=(), registry=REGISTRY, history=history, turns_left=4, calls_left=8)
    return replace(made, **fields)  # type: ignore[arg-type]


def evidence(expert: str, answer: str | None = "4", status: str = "ok") -> Evidence:
    return Evidence(
        turn=0, call=0, expert=expert, skill=None, query="q", status=status, text="t", answer=answer, confidence=0.5
    )  # type: ignore[arg-type]


@pytest.fixture
def router() -> EncoderRouter:
    return EncoderRouter(Hashed(), head=random_head())  # type: ignore[arg-type]  # has the one method that is used


async def test_greedy_use_records_no_choice_and_repeats_itself(router: EncoderRouter) -> None:
    turns = [await router.decide(view()) for _ in range(2)]
    assert turns[0] == turns[1]
    assert "policy" not in turns[0].info


async def test_draws_follow_the_exact_distribution_and_say_so(router: EncoderRouter) -> None:
    drawn = []
    for seed in range(400):
        turn = await router.decide(view(evidence("a"), sampling={"temperature": 1.0, "seed": seed}))
        drawn.append(turn)
    first = drawn[0].info["policy"]
    assert isinstance(first, dict)
    state, cards = PolicyState.from_json(first["state"]), ActionCards.from_json(first["cards"])  # type: ignore[arg-type]
    row = router.logits(state, cards).astype(float)
    expected = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    chosen = [turn.info["policy"]["chosen"] for turn in drawn]  # type: ignore[index,call-overload]
    counted = np.bincount(chosen, minlength=len(expected)) / len(chosen)
    np.testing.assert_allclose(counted, expected, atol=0.08)
    for turn, number in zip(drawn, chosen, strict=True):
        assert turn.info["policy"]["logprob"] == pytest.approx(np.log(expected[number]), abs=1e-5)  # type: ignore[index,call-overload]
        assert (number < 3) == isinstance(turn.decision, tuple)
    again = await router.decide(view(evidence("a"), sampling={"temperature": 1.0, "seed": 3}))
    assert again == drawn[3]


async def test_it_answers_with_a_reply_on_its_last_turn_and_gives_up_without_one(router: EncoderRouter) -> None:
    assert (await router.decide(view(evidence("a"), turns_left=1))).decision == Answer("4")
    failed = evidence("a", None, "refused")
    assert (await router.decide(view(failed, turns_left=1))).decision == ()
    asked = (await router.decide(view(failed))).decision
    assert isinstance(asked, tuple)
    assert isinstance(asked[0], CallExpert | CallSkill)
    assert asked[0].expert != "a"


async def test_weights_are_found_by_the_folder_of_a_registry_file(tmp_path: Path) -> None:
    head = Head(random_head().weights, {"seed": 3})
    head.save(tmp_path / WEIGHTS)
    (tmp_path / "router.json").write_text('{"kind": "encoder", "protocol_version": 1}')
    config = resolve_router(str(tmp_path))
    built = build_router(config)
    assert isinstance(built, EncoderRouter)
    assert built.head is not None
    assert built.head.about == {"seed": 3}
    assert {k: v.tolist() for k, v in built.head.weights.items()} == {k: v.tolist() for k, v in head.weights.items()}


def test_weights_that_cannot_be_read_are_refused_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(RegistryError, match="train it again"):
        build_router(RouterConfig(kind="encoder", weights=str(tmp_path)))
    weights = random_head().weights
    del weights["card"]
    Head(weights).save(tmp_path / WEIGHTS)
    with pytest.raises(RegistryError, match="another head"):
        Head.load(tmp_path / WEIGHTS)


def test_what_ships_is_the_default_and_the_untrained_policy_can_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_head().save(tmp_path / WEIGHTS)
    monkeypatch.setattr("maestro_graph.routers.encoder._router.packaged_weights", lambda: tmp_path / WEIGHTS)

    def head(**options: object) -> Head | None:
        built = build_router(RouterConfig(kind="encoder", options=options))
        assert isinstance(built, EncoderRouter)
        return built.head

    assert head() is not None
    assert head(trained=False) is None
    assert head(picture=0.1) is None
    assert head(trained=True, picture=0.1) is not None
    monkeypatch.setattr("maestro_graph.routers.encoder._router.packaged_weights", lambda: None)
    assert head() is None


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How many cells?", ("How many cells?",)),
        ("What is the value for Ducks? Add 41 to it.", ("Add 41 to it.", "What is the value for Ducks?")),
        ("Count the cars, then add 2.", ("then add 2.", "Count the cars")),
        ("One. Two. Three. Four.", ("Four.", "Three.", "Two.")),
        ("12.5 and 3.", ("12.5 and 3.",)),
        ("", ("",)),
    ],
)
def test_sentences_of_a_question_the_last_one_first(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question) == parts

"""The encoder policy learns from outcomes alone, and from nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small_world import CARDS, NEUTRAL, PLAIN, encode, settings, trainer, world  # noqa: E402

from maestro_graph.errors import MaestroError  # noqa: E402
from maestro_graph.routers.encoder import Head, card_arrays, forward, initial_weights, stacked  # noqa: E402
from maestro_training.encoder import (  # noqa: E402
    Batch,
    Budget,
    Learner,
    Objective,
    RunFolder,
    Variation,
    batch_of,
    judged,
    play,
    reworded,
    unvaried,
    varied,
)
from maestro_training.rewards import paper_rewards, with_rewards  # noqa: E402

pytestmark = pytest.mark.train


def random_head(seed: int) -> Head:
    rng = np.random.default_rng(seed)
    start = initial_weights(seed, dimensions=11, metric=4, second=4, kinds=4, hidden=16)
    return Head({k: (v + 0.2 * rng.standard_normal(v.shape)).astype(np.float32) for k, v in start.items()})


def played(head: Head, seed: int = 0, group_size: int = 8):  # type: ignore[no-untyped-def]
    found = world(12)
    done = play(found.samples, unvaried(CARDS), head.logits, encode, np.random.default_rng(seed), group_size=group_size)
    groups = tuple(with_rewards(g, found.by_key[g.sample].sample, paper_rewards()) for g in done.groups)
    return replace(done, groups=groups)


def test_torch_and_numpy_agree() -> None:
    head = random_head(3)
    done = played(head)
    states, cards = stacked(done.arrays), card_arrays(CARDS, encode)
    given = {name: torch.from_numpy(value) for name, value in head.weights.items()}

    def moved(item: object) -> object:
        names = item.__dataclass_fields__  # type: ignore[attr-defined]
        return type(item)(**{name: torch.from_numpy(np.asarray(getattr(item, name))) for name in names})

    theirs = forward(torch, given, moved(cards), moved(states)).numpy()  # type: ignore[arg-type]
    np.testing.assert_allclose(theirs, head.logits(cards, states), atol=2e-3, rtol=1e-4)


def test_the_ratio_is_one_before_the_first_change() -> None:
    head = random_head(1)
    learner = Learner(head.weights, Objective())
    batch = batch_of(played(head))
    assert batch is not None
    assert learner.update([batch]).first_ratio < 1e-3


def test_corrupted_log_probabilities_stop_the_training() -> None:
    head = random_head(1)
    batch = batch_of(played(head))
    assert batch is not None
    with pytest.raises(MaestroError, match="ratio new/old"):
        Learner(head.weights, Objective()).update([replace(batch, logprob=batch.logprob + 0.1)])


def test_the_gradient_is_that_of_the_objective() -> None:
    """With no clipping, entropy or KL, the first gradient is that of mean advantage times log-probability."""
    head = random_head(2)
    batch = batch_of(played(head))
    assert batch is not None
    learner = Learner(head.weights, Objective(entropy=0, passes=1))
    cards, states, rows = learner._tensors(batch)
    loss, _ = learner._loss(cards, states, rows, len(batch.row))
    loss.backward()
    given = learner._weights["card"].grad.clone()
    learner._optimiser.zero_grad()
    logprobs = torch.log_softmax(forward(torch, learner._weights, cards, states), -1)
    (-(logprobs[rows["row"], rows["chosen"]] * rows["advantage"]).mean()).backward()
    torch.testing.assert_close(given, learner._weights["card"].grad, rtol=1e-3, atol=1e-5)


def test_it_learns_whom_to_ask_and_when_to_stop() -> None:
    made = trainer(steps=60)
    test = world(30, seed=9)
    before = judged(test.samples, CARDS, made.head.logits, encode).score
    figures = [made.one_step() for _ in range(60)]
    after = judged(test.samples, CARDS, made.head.logits, encode)
    assert before < 0.75
    assert after.score > 0.9
    assert after.calls < 1.5
    assert max(item.first_ratio for item in figures) < 1e-3


def test_nothing_is_learnt_from_shuffled_rewards() -> None:
    """On the same questions, seeds and steps as true rewards, from which much is learnt."""
    test = world(60, seed=9)
    gains: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(8):
        for shuffled in (True, False):
            still = {**PLAIN, "noise": 0.0}
            made = trainer(steps=25, shuffle_rewards=shuffled, seed=seed, cards=NEUTRAL, vary=still)
            before = judged(test.samples, NEUTRAL, made.head.logits, encode).score
            made.run()
            gains[shuffled].append(judged(test.samples, NEUTRAL, made.head.logits, encode).score - before)
    assert np.mean(gains[False]) > 0.15
    assert np.mean(gains[True]) < 0.05


def test_groups_whose_rewards_are_equal_move_nothing() -> None:
    head = random_head(1)
    done = played(head, group_size=2)
    flat = tuple(group.with_advantages([0.0, 0.0]) for group in done.groups)
    batch = batch_of(replace(done, groups=flat))
    assert batch is not None
    learner = Learner(head.weights, Objective(entropy=0, weight_decay=0))
    learner.update([batch])
    for name, value in head.weights.items():
        np.testing.assert_array_equal(learner.weights[name], value)


def test_the_entropy_term_spreads_what_rewards_say_nothing_of() -> None:
    head = random_head(1)
    done = played(head, group_size=2)
    flat = replace(done, groups=tuple(group.with_advantages([0.0, 0.0]) for group in done.groups))
    batch = batch_of(flat)
    assert batch is not None
    learner = Learner(head.weights, Objective(entropy=0.5, passes=1, learning_rate=1e-3))
    figures = [learner.update([replace(batch, logprob=_now(learner, batch))]) for _ in range(5)]
    assert figures[-1].entropy > figures[0].entropy


def _now(learner: Learner, batch: Batch) -> np.ndarray:  # type: ignore[type-arg]
    """The steps' log-probabilities under the weights as they are now."""
    logits = Head(learner.weights).logits(batch.cards, batch.states).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logprobs[batch.row, batch.chosen].astype(np.float32)  # type: ignore[no-any-return]


def test_varied_registries_answer_for_the_original_action() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        variation = Variation(drop_expert=0.4, drop_skill=0.5)
        found = varied(CARDS, variation, rng, reworded(CARDS, variation, rng))
        assert len(found.cards.experts) >= 2
        assert not {card.name for card in found.cards.experts} & {"a", "b", "c"}
        for (expert, skill), (original, skilled) in zip(found.cards.pairs, found.original, strict=True):
            kind = {"a": "apples", "b": "letters", "c": "sums"}[original]
            assert kind in found.cards.experts[expert].description
            assert (skill is None) == (skilled is None)


def test_a_policy_that_cannot_go_on_gives_up_and_pays_for_it() -> None:
    found = world(3, right={"apples": "-", "letters": "-", "sums": "-"})
    done = play(
        found.samples,
        unvaried(CARDS),
        random_head(0).logits,
        encode,
        np.random.default_rng(0),
        group_size=16,
        budget=Budget(max_turns=2),
    )
    runs = [item for group in done.groups for item in group]
    assert {run.stop_reason for run in runs} == {"answered", "no_action"}
    assert all((run.answer is None) == (run.stop_reason == "no_action") for run in runs)


@pytest.mark.parametrize("place", ["rollouts", "update", "checkpoint"])
def test_a_killed_training_goes_on_as_if_it_had_not_been(tmp_path: Path, place: str) -> None:
    whole = trainer(tmp_path / "whole", steps=12)
    whole.run()
    folder = tmp_path / "killed"
    script = Path(__file__).with_name("small_world.py")
    child = subprocess.Popen(
        [sys.executable, str(script), str(folder), place, "6"], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == place
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    if child.stdin is not None:
        child.stdin.close()
    resumed = trainer(folder, steps=12)
    assert resumed.step == 4
    assert [item.sample.key for item in resumed.questions(4)] == [item.sample.key for item in whole.questions(4)]
    resumed.run()
    for name, value in whole.learner.weights.items():
        np.testing.assert_array_equal(resumed.learner.weights[name], value)
    seen = RunFolder(folder, settings(steps=12).model_dump(mode="json")).figures()
    assert [item["step"] for item in seen] == list(range(12))

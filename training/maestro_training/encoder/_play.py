"""Play groups of runs in a table's world with the policy's exact distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maestro_graph.evidence import Evidence, Usage
from maestro_graph.registry import Action
from maestro_graph.routers.encoder import (
    CardArrays,
    PolicyState,
    StateArrays,
    card_arrays,
    seen,
    stacked,
    state_arrays,
)
from maestro_training.encoder._vary import VariedCards
from maestro_training.encoder._world import WorldSample
from maestro_training.trajectory import EncoderStep, MadeCall, Trajectory, TrajectoryGroup

__all__ = ["Budget", "Encode", "Logits", "Played", "play"]

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Logits = Callable[[CardArrays, StateArrays], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Budget:
    """As in `MaestroContext`."""

    max_turns: int = 4
    max_calls: int = 8


@dataclass(frozen=True, slots=True)
class Played:
    """Groups with the arrays that their steps were decided on, in the order of `TrajectoryGroup.trajectories`.

    Attributes:
        arrays: one for each distinct state; `steps` names, for each group, member and step, its number there.
    """

    groups: tuple[TrajectoryGroup, ...]
    cards: CardArrays
    arrays: tuple[StateArrays, ...]
    steps: tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(slots=True)
class _Run:
    world: WorldSample
    evidence: tuple[Evidence, ...] = ()
    actions: tuple[Action, ...] = ()
    steps: tuple[EncoderStep, ...] = ()
    states: tuple[int, ...] = ()
    answer: str | None = None
    reason: str | None = None


def play(
    samples: Sequence[WorldSample],
    cards: VariedCards,
    logits: Logits,
    encode: Encode,
    rng: np.random.Generator | None,
    *,
    group_size: int = 1,
    budget: Budget | None = None,
    noise: float = 0.0,
) -> Played:
    """Run every sample `group_size` times.

    Args:
        cards: the registry that the policy sees; the table answers for the original behind each action.
        logits: the policy (`Head.logits`).
        rng: draws from the distribution; `None` takes the most likely action.
        noise: length of a random vector that is added to those of question and replies: what is learnt must hold in
            the neighbourhood of a wording. Needs `rng`.
    """
    table = _States(cards, card_arrays(cards.cards, encode), logits, encode, budget or Budget())
    table.noise = None if rng is None or noise == 0 else (rng, noise)
    runs = [[_Run(item) for _ in range(group_size)] for item in samples]
    flat = [run for group in runs for run in group]
    while under_way := [run for run in flat if run.reason is None]:
        numbers = table.numbers(under_way)
        for run, number in zip(under_way, numbers, strict=True):
            _advance(run, number, table, rng)
    groups = tuple(
        TrajectoryGroup(group[0].world.sample.key, tuple(_trajectory(run, at) for at, run in enumerate(group)))
        for group in runs
    )
    return Played(groups, table.card_arrays, tuple(table.arrays), tuple(tuple(r.states for r in g) for g in runs))


class _States:
    """The distinct states of a play: members of a group share theirs until they part."""

    def __init__(self, cards: VariedCards, arrays: CardArrays, logits: Logits, encode: Encode, budget: Budget) -> None:
        self.cards, self.card_arrays, self.budget = cards, arrays, budget
        self._logits, self._encode = logits, encode
        self.noise: tuple[np.random.Generator, float] | None = None
        self.arrays: list[StateArrays] = []
        self.states: list[PolicyState] = []
        self.logprobs: list[NDArray[np.float64] | None] = []
        self._number: dict[tuple[int, tuple[Action, ...]], int] = {}
        self._alias = dict(zip(cards.original, cards.cards.actions, strict=True))

    def numbers(self, runs: Sequence[_Run]) -> list[int]:
        """The state of each run, scored if it is new."""
        keys = [(id(run.world), run.actions) for run in runs]
        new = {key: run for key, run in zip(keys, runs, strict=True) if key not in self._number}
        first = len(self.arrays)
        for key, run in new.items():
            state = self._state(run)
            self._number[key] = len(self.arrays)
            self.states.append(state)
            arrays = state_arrays(state, self.cards.cards, self._encode)
            self.arrays.append(arrays if self.noise is None else _perturbed(arrays, *self.noise))
            self.logprobs.append(None)
        open_ones = [at for at in range(first, len(self.arrays)) if self.arrays[at].allowed.any()]
        if open_ones:
            found = self._logits(self.card_arrays, stacked([self.arrays[at] for at in open_ones]))
            for at, row in zip(open_ones, found, strict=True):
                self.logprobs[at] = _log_softmax(row[: len(self.arrays[at].allowed)])
        return [self._number[key] for key in keys]

    def _state(self, run: _Run) -> PolicyState:
        shown = seen(run.evidence)
        aliased = tuple(
            replace(item, expert=name, skill=skill)
            for item, action in zip(shown, run.actions, strict=True)
            for name, skill in [self._alias[action]]
        )
        return PolicyState(
            question=run.world.sample.question,
            picture=run.world.picture,
            evidence=aliased,
            turns_left=self.budget.max_turns - len(run.evidence),
            calls_left=self.budget.max_calls - len(run.evidence),
        )


def _advance(run: _Run, number: int, table: _States, rng: np.random.Generator | None) -> None:
    """One decision and what comes of it."""
    logprobs, state = table.logprobs[number], table.states[number]
    if logprobs is None:  # nothing may be done
        run.reason = "no_action"
        return
    chosen = int(logprobs.argmax()) if rng is None else _drawn(logprobs, rng)
    step = EncoderStep(state=state, cards=table.cards.cards, chosen=chosen, logprob=float(logprobs[chosen]))
    run.steps, run.states = (*run.steps, step), (*run.states, number)
    pairs = len(table.cards.original)
    if chosen >= pairs:
        run.answer, run.reason = state.evidence[chosen - pairs].said, "answered"
        return
    action = table.cards.original[chosen]
    run.evidence = (*run.evidence, run.world.reply(run.evidence, action))
    run.actions = (*run.actions, action)


def _trajectory(run: _Run, member: int) -> Trajectory:
    sample = run.world.sample
    return Trajectory(
        sample=sample.key,
        run=f"{sample.key}#{member}",
        question=sample.question,
        images=sample.images,
        answer=run.answer,
        stop_reason=run.reason,
        calls=tuple(
            MadeCall(expert, skill, item.status, item.answer, item.confidence, item.seconds, item.usage)
            for (expert, skill), item in zip(run.actions, run.evidence, strict=True)
        ),
        steps=run.steps,
        seconds=sum(item.seconds for item in run.evidence),
        usage=sum((item.usage for item in run.evidence), Usage()),
    )


def _perturbed(arrays: StateArrays, rng: np.random.Generator, noise: float) -> StateArrays:
    """Question and replies moved by a random vector of that length, back to unit length."""

    def moved(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        step = rng.standard_normal(rows.shape) * (noise / np.sqrt(rows.shape[-1]))
        there = rows + np.where(np.abs(rows).sum(-1, keepdims=True) > 0, step, 0.0)
        length = np.sqrt((there * there).sum(-1, keepdims=True))
        found: NDArray[np.float32] = (there / np.maximum(length, 1e-6)).astype(np.float32)
        return found

    return replace(arrays, question=moved(arrays.question), parts=moved(arrays.parts), last=moved(arrays.last))


def _log_softmax(row: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = row.astype(np.float64) - float(row.max())
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return found


def _drawn(logprobs: NDArray[np.float64], rng: np.random.Generator) -> int:
    sums = np.exp(logprobs).cumsum()
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))  # never one of probability 0

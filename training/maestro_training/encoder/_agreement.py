"""Whether the router as it is used decides as the policy did in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maestro_graph.routers.encoder import ActionCards, EncoderRouter, PolicyState, stacked
from maestro_training.encoder._judge import unvaried
from maestro_training.encoder._learner import torch_logits
from maestro_training.encoder._play import Encode, play
from maestro_training.encoder._world import WorldSample

__all__ = ["agreement"]


def agreement(
    router: EncoderRouter,
    samples: Sequence[WorldSample],
    cards: ActionCards,
    encode: Encode,
    *,
    seed: int | None = None,
    group_size: int = 1,
) -> tuple[int, int]:
    """In how many states both would do the same, of how many.

    The trained side: torch, on vectors that were encoded in batches and kept. The used side: `router`, its own encoder
    on a text at a time, the weights in numpy. States are those that the trained policy reaches, greedily or drawn.

    Args:
        encode: the vectors of training (`VectorStore`).
        seed: of drawn runs; `None` for the greedy ones.

    Raises:
        ValueError: the router has no head.
        MissingExtraError: torch is not installed.
    """
    if router.head is None:
        raise ValueError("an untrained router has no decisions to compare; give it a head")
    trained = torch_logits(dict(router.head.weights))
    rng = None if seed is None else np.random.default_rng(seed)
    done = play(samples, unvaried(cards), trained, encode, rng, group_size=group_size)
    states: dict[int, PolicyState] = {
        number: step.state
        for group, runs in zip(done.groups, done.steps, strict=True)
        for run, numbers in zip(group, runs, strict=True)
        for step, number in zip(run.steps, numbers, strict=False)
    }
    same = 0
    for number, state in states.items():
        theirs = trained(done.cards, stacked([done.arrays[number]]))[0]
        same += int(router.logits(state, cards).argmax() == theirs.argmax())
    return same, len(states)

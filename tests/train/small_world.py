"""A small world for training tests: three kinds of questions, three experts, one right for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maestro_evaluation.samples import Sample
from maestro_graph.evidence import Evidence
from maestro_graph.routers.encoder import ActionCards, CardText
from maestro_training.encoder import EncoderTraining, HeadSizes, Objective, RunFolder, TableWorld, Trainer, WorldSample

KINDS = ("apples", "letters", "sums")
CARDS = ActionCards(
    experts=(
        CardText("a", "Knows apples.", ("apples here",)),
        CardText("b", "Knows letters.", ("letters here",)),
        CardText("c", "Knows sums.", ("sums here",)),
    ),
    skills=(CardText("S", "Twice."),),
    pairs=((0, None), (1, None), (2, None), (0, 0), (1, 0)),
)
NEUTRAL = replace(
    CARDS,
    experts=tuple(CardText(name, f"The {word} one.") for name, word in zip("abc", ("red", "wet", "old"), strict=True)),
)
"""Cards that say nothing of the kinds: the start is no better than chance."""

ODD = {"apples": "b", "letters": "c", "sums": "a"}
"""Whose card names the kind is not who knows it: what must be learnt."""


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Words of the kinds, and a little of the text's own."""
    rows = []
    for text in texts:
        own = 0.2 * np.random.default_rng([*text.encode(), 1]).standard_normal(8)
        rows.append(np.concatenate([[float(kind in text.lower()) for kind in KINDS], own]))
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def world(count: int, *, seed: int = 0, right: dict[str, str] | None = None) -> TableWorld:
    """Questions whose right expert is sure of the right answer; others refuse or are wrong, and less sure."""
    rng = np.random.default_rng(seed)
    samples: list[WorldSample] = []
    for number in range(count):
        kind = KINDS[number % 3]
        sample = Sample(
            id=f"{seed}-{number}", suite="w", question=f"{kind} {number} {seed}", images=(), answer=7, family=kind
        )
        replies = {}
        for name, skill in CARDS.actions:
            knows = (right or ODD)[kind] == name
            refused = not knows and rng.random() < 0.5
            replies[((name, skill),)] = Evidence(
                turn=0,
                call=0,
                expert=name,
                skill=skill,
                query="",
                status="refused" if refused else "ok",
                text="no" if refused else "it is 7" if knows else "it is 3",
                answer=None if refused else "7" if knows else "3",
                confidence=None if refused else float(rng.uniform(0.6, 0.9) if knows else rng.uniform(0.3, 0.7)),
            )
        samples.append(WorldSample(sample, {}, replies))
    return TableWorld(tuple(samples), (), {item.sample.key: item for item in samples})


PLAIN = {"drop_expert": 0.0, "drop_skill": 0.0, "drop_clause": 0.0, "synonym": 0.0}


def settings(**fields: object) -> EncoderTraining:
    given = {
        "steps": 40,
        "questions": 12,
        "registries": 2,
        "threads": 1,
        "watch": 1000,
        "checkpoint": 4,
        "vary": PLAIN,
        "objective": Objective(learning_rate=1e-2),
        "head": HeadSizes(metric=4, second=4, kinds=4, hidden=16),
        **fields,
    }
    return EncoderTraining.model_validate({"suite": "w", "outcomes": "none", **given})


def trainer(folder: Path | None = None, *, cards: ActionCards = CARDS, **fields: object) -> Trainer:
    made = settings(**fields)
    kept = RunFolder(folder, made.model_dump(mode="json")) if folder is not None else None
    return Trainer(made, world(60, seed=made.seed), cards, encode, folder=kept)


def kill(where: str) -> None:
    """Say that the place was reached, and wait to be killed."""
    sys.stdout.write(f"{where}\n")
    sys.stdout.flush()
    while True:
        os.read(0, 1)


if __name__ == "__main__":
    place, step = sys.argv[2], int(sys.argv[3])
    made = trainer(Path(sys.argv[1]), steps=12)
    originals = {
        "rollouts": (made, "_with_rewards"),
        "update": (made.learner, "_loss"),
        "checkpoint": (made.learner, "save"),
    }
    owner, name = originals.get(place, (made, "one_step"))
    original = getattr(owner, name)

    def stopping(*args: object, **options: object) -> object:
        if made.step == step or (place == "checkpoint" and made.step > step):
            if place == "checkpoint":
                Path(str(args[0])).write_bytes(b"half a checkpoint")
            kill(place)
        return original(*args, **options)

    setattr(owner, name, stopping)
    made.run()

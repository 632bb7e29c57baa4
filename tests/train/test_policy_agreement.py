"""The router as it ships decides as the policy did in training: its encoder and numpy against batches and torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from maestro_evaluation.synthetic import generate
from maestro_graph import load_registry
from maestro_graph.embedded.encoder import SentenceEncoder
from maestro_graph.evidence import Evidence
from maestro_graph.images import ImageStore
from maestro_graph.routers.encoder import (
    EncoderRouter,
    Head,
    cards_of,
    initial_weights,
    packaged_weights,
    picture_tasks,
)
from maestro_training.encoder import VectorStore, WorldSample, agreement

pytestmark = [pytest.mark.train, pytest.mark.real]

REPLIES = (
    ("ok", "The title says: quarterly results 2019.\nTotal 412.50", "412.50", 0.83),
    ("refused", "no text was found in the picture", None, None),
    ("ok", "There are 14 of them.", "14", 0.52),
    ("ok", "blue", "blue", 0.31),
    ("refused", "the question needs no calculation", None, None),
    ("ok", "Oslo: 12.5\nRome: 20\nCairo: 31", None, None),
)


def head() -> Head:
    """The one that ships, or one that has moved in every weight."""
    file = packaged_weights()
    if file is not None:
        return Head.load(file)
    rng = np.random.default_rng(0)
    start = initial_weights(0)
    return Head({k: (v + 0.05 * rng.standard_normal(v.shape)).astype(np.float32) for k, v in start.items()})


def test_it_decides_as_in_training(tmp_path: Path) -> None:
    policy, cards = head(), cards_of(load_registry("embedded"))
    samples = list(generate("synthetic-mixed", sizes={"test": 54}, seed=11, folder=tmp_path))
    rng, images = np.random.default_rng(3), ImageStore()

    def reply(action: tuple[str, str | None]) -> Evidence:
        status, text, answer, confidence = REPLIES[int(rng.integers(len(REPLIES)))]
        said = f"{text} ({action[0]})" if status == "ok" else text
        return Evidence(
            turn=0,
            call=0,
            expert=action[0],
            skill=action[1],
            query="",
            status=status,  # type: ignore[arg-type]
            text=said,
            answer=answer,
            confidence=confidence,
        )

    world = [
        WorldSample(item, picture_tasks([images.open(item.images[0])]), {(a,): reply(a) for a in cards.actions})
        for item in samples
    ]
    store = VectorStore(SentenceEncoder().encode)
    texts = [item.sample.question for item in world] + [r.text for item in world for r in item.replies.values()]
    store.prepare(list(dict.fromkeys(texts)))
    router = EncoderRouter(SentenceEncoder(), head=policy)
    same, total = agreement(router, world, cards, store, seed=1, group_size=4)
    assert total > 150
    assert same >= 0.995 * total

"""Which of several cards a question is meant for: a linear score over sentence vectors, fitted to the cards.

Nearest neighbours among descriptions and examples are easily misled by what a question is about (a robot, a receipt).
What tells the siblings apart is small beside what they share, so a ridge regression is fitted in closed form to the
vectors of all descriptions and examples of the siblings: milliseconds, without state, the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from maestro_graph.skills import SkillCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maestro_graph.embedded.encoder import SentenceEncoder

__all__ = ["card_texts", "meaning_scores"]

RIDGE = 1.5
"""Strength of the regularisation: vectors have length 1, so their Gram matrix has a trace of the number of texts."""

_CLAUSE = re.compile(r"[;:,.]")


def meaning_scores(
    cards: Sequence[SkillCard], question: str, encoder: SentenceEncoder | None = None
) -> dict[str, float]:
    """How well each card suits the question, by name; the scores are comparable within one call only.

    Args:
        cards: siblings, at least two.
        question: in any words.
        encoder: by default the embedded one.

    Raises:
        MissingExtraError: the sentence encoder is not installed.
    """
    if encoder is None:
        from maestro_graph.embedded.encoder import default_encoder

        encoder = default_encoder()
    score = _fitted(tuple(cards), encoder)
    return dict(zip((card.name for card in cards), score(question), strict=True))


@dataclass(frozen=True)
class _Fit:
    encoder: SentenceEncoder
    mean: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __call__(self, question: str) -> list[float]:
        vector = self.encoder.encode([question])[0].astype(float) - self.mean
        scores: list[float] = (vector @ self.weights).tolist()
        return scores


@lru_cache(maxsize=64)
def _fitted(cards: tuple[SkillCard, ...], encoder: SentenceEncoder) -> Callable[[str], list[float]]:
    import numpy as np

    texts = [card_texts(card) for card in cards]
    vectors = encoder.encode([text for own in texts for text in own]).astype(float)
    owner = np.repeat(np.arange(len(cards)), [len(own) for own in texts])
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    # Each card weighs the same, however many examples it has.
    weight = 1.0 / np.bincount(owner)[owner]
    weight *= len(weight) / weight.sum()
    target = np.eye(len(cards))[owner] - 1.0 / len(cards)
    # The dual form solves a system of as many unknowns as there are texts.
    root = np.sqrt(weight)[:, None]
    rows = root * centred
    dual = np.linalg.solve(rows @ rows.T + RIDGE * np.eye(len(rows)), root * target)
    return _Fit(encoder, mean, rows.T @ dual)


def card_texts(card: SkillCard) -> list[str]:
    """What a question is compared with: the description, its clauses, and the examples."""
    clauses = [clause.strip() for clause in _CLAUSE.split(card.description)]
    return [card.description, *(clause for clause in clauses if " " in clause), *card.examples]

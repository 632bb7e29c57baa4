"""From states and cards to arrays. Nothing here knows an expert: names only tie evidence to the pair it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.preview import TASKS
from maestro_graph.routers.encoder._state import PARTS, ActionCards, PolicyState, parts_of

__all__ = [
    "PAIR_FEATURES",
    "STOP_FEATURES",
    "UNSTATED",
    "CardArrays",
    "Encode",
    "StateArrays",
    "card_arrays",
    "choices",
    "stacked",
    "state_arrays",
    "texts_of",
]

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
"""Texts to unit vectors, shape (n, d)."""

UNSTATED = 0.6
"""The confidence of an expert without an estimate of its own (a chat model): fairly sure."""

PAIR_FEATURES = (
    "expert answered",
    "expert failed",
    "skill was used",
    "somebody was asked",
    "best confidence",
    "calls made",
    "last reply is good",
    "last reply is this expert's",
    "relative price",
    "last chance",
)
STOP_FEATURES = (
    "confidence",
    "confidence unstated",
    "answer marked",
    "answer is a number",
    "answer is yes or no",
    "from the last reply",
    "most confident",
    "share of others that agree",
    "calls made",
    "answer's length",
    "last chance",
    "last reply is good",
    "calls that failed",
)

_NUMBER = re.compile(r"[^\d\w]*\d[\d,.]*\s*\S{0,3}")


@dataclass(frozen=True, slots=True)
class CardArrays:
    """C cards (experts, then skills, then one of zeros for "no skill"), N texts each at most, A pairs.

    Attributes:
        texts: (C, N, d) unit vectors, the description first; `present` (C, N) is 1 where there is a text.
        tasks: (C, 8) likeness of the description to each task, less the card's mean.
        expert, skill: (A,) rows in `texts` of each pair's cards.
        has_skill: (A, 1).
    """

    texts: Any
    present: Any
    tasks: Any
    expert: Any
    skill: Any
    has_skill: Any


@dataclass(frozen=True, slots=True)
class StateArrays:
    """B states, A pairs, K pieces of evidence at most. Shapes by field: see `state_arrays`."""

    question: Any  # (B, d)
    parts: Any  # (B, PARTS, d): its sentences, the last one first, zeros where there is none
    picture: Any  # (B, 8)
    evidence: Any  # (B, K, d)
    last: Any  # (B, d): the last good reply, zeros if there is none
    pair: Any  # (B, A, PAIR_FEATURES)
    stop: Any  # (B, K, STOP_FEATURES)
    source: Any  # (B, K) number of the pair a reply came from, A where it is gone
    allowed: Any  # (B, A + K) bool


def texts_of(cards: ActionCards) -> list[str]:
    """All texts of the cards and of the tasks that they are compared with."""
    return [*TASKS.values(), *(text for card in (*cards.experts, *cards.skills) for text in card.texts)]


def card_arrays(cards: ActionCards, encode: Encode) -> CardArrays:
    """Encode cards; done once for a registry."""
    vectors = dict(zip(texts := texts_of(cards), encode(texts), strict=True))
    rows = [*cards.experts, *cards.skills]
    width = max((len(card.texts) for card in rows), default=1)
    d = len(next(iter(vectors.values())))
    found = np.zeros((len(rows) + 1, width, d), np.float32)
    present = np.zeros((len(rows) + 1, width), np.float32)
    for at, card in enumerate(rows):
        found[at, : len(card.texts)] = [vectors[text] for text in card.texts]
        present[at, : len(card.texts)] = 1
    likeness = found[:, 0] @ np.stack([vectors[task] for task in TASKS.values()]).T
    none = len(rows)
    return CardArrays(
        texts=found,
        present=present,
        tasks=(likeness - likeness.mean(axis=1, keepdims=True)).astype(np.float32),
        expert=np.array([expert for expert, _ in cards.pairs], np.int64),
        skill=np.array([none if s is None else len(cards.experts) + s for _, s in cards.pairs], np.int64),
        has_skill=np.array([[s is not None] for _, s in cards.pairs], np.float32).reshape(-1, 1),
    )


def choices(state: PolicyState, cards: ActionCards) -> NDArray[np.bool_]:
    """What may be done, (A + K,): each pair that was not tried, while turns and calls are left; an answer per reply.

    No choice at all: everything was tried and nothing was found, so the run gives up.
    """
    tried = {item.action for item in state.evidence}
    asking = state.calls_left > 0 and (state.turns_left > 1 or not state.evidence)
    calls = [asking and action not in tried for action in cards.actions]
    return np.array([*calls, *(item.said is not None for item in state.evidence)], bool)


def state_arrays(state: PolicyState, cards: ActionCards, encode: Encode) -> StateArrays:
    """One state, without the leading B."""
    evidence = state.evidence
    sentences = parts_of(state.question)
    vectors = encode([state.question, *sentences, *(item.text for item in evidence)])
    vectors, parts = np.concatenate([vectors[:1], vectors[1 + len(sentences) :]]), vectors[1 : 1 + len(sentences)]
    good = [at for at, item in enumerate(evidence) if item.ok]
    return StateArrays(
        question=vectors[0],
        parts=np.concatenate([parts, np.zeros((PARTS - len(parts), vectors.shape[1]), np.float32)]),
        picture=np.array([state.picture.get(task, 0.0) for task in TASKS.values()], np.float32),
        evidence=vectors[1:],
        last=vectors[1 + good[-1]] if good else np.zeros_like(vectors[0]),
        pair=_pair_features(state, cards),
        stop=_stop_features(state),
        source=np.array([cards.index.get(item.action, len(cards.pairs)) for item in evidence], np.int64),
        allowed=choices(state, cards),
    )


def stacked(states: Sequence[StateArrays]) -> StateArrays:
    """States over the same cards as one batch; missing evidence is zeros and not allowed."""
    k = max((len(state.stop) for state in states), default=0)
    pairs = states[0].pair.shape[0]
    d = states[0].question.shape[0]

    def padded(name: str, shape: tuple[int, ...], dtype: Any, fill: float = 0) -> NDArray[Any]:
        out = np.full((len(states), *shape), fill, dtype)
        for row, state in enumerate(states):
            value = getattr(state, name)
            out[row, : len(value)] = value
        return out

    return StateArrays(
        question=np.stack([state.question for state in states]),
        parts=np.stack([state.parts for state in states]),
        picture=np.stack([state.picture for state in states]),
        evidence=padded("evidence", (k, d), np.float32),
        last=np.stack([state.last for state in states]),
        pair=np.stack([state.pair for state in states]),
        stop=padded("stop", (k, len(STOP_FEATURES)), np.float32),
        source=padded("source", (k,), np.int64, pairs),
        allowed=padded("allowed", (pairs + k,), bool),
    )


def _confidence(value: float | None) -> float:
    return UNSTATED if value is None else value


def _pair_features(state: PolicyState, cards: ActionCards) -> Floats:
    evidence = state.evidence
    good = {item.expert for item in evidence if item.ok}
    bad = {item.expert for item in evidence if not item.ok}
    used = {item.skill for item in evidence if item.skill is not None}
    best = max((_confidence(item.confidence) for item in evidence if item.said is not None), default=0.0)
    last = evidence[-1] if evidence else None
    dearest = max((card.price for card in cards.experts), default=0.0) or 1.0
    rows = [
        (
            name in good,
            name in bad,
            skill in used,
            bool(evidence),
            best,
            len(evidence) / 4,
            last is not None and last.ok,
            last is not None and last.expert == name,
            cards.experts[number].price / dearest,
            state.turns_left <= 2,
        )
        for (name, skill), (number, _) in zip(cards.actions, cards.pairs, strict=True)
    ]
    return np.array(rows, np.float32).reshape(len(rows), len(PAIR_FEATURES))


def _stop_features(state: PolicyState) -> Floats:
    evidence = state.evidence
    said = [_folded(item.said) for item in evidence]
    failed = sum(not item.ok for item in evidence)
    sure = [_confidence(item.confidence) if item.said is not None else -1.0 for item in evidence]
    rows = [
        (
            _confidence(item.confidence),
            item.confidence is None,
            bool(item.answer),
            bool(_NUMBER.fullmatch(said[at])),
            said[at] in ("yes", "no"),
            at == len(evidence) - 1,
            sure[at] == max(sure),
            _agreeing(said, at),
            len(evidence) / 4,
            min(len(said[at].split()), 10) / 10,
            state.turns_left <= 2,
            evidence[-1].ok,
            failed / 4,
        )
        for at, item in enumerate(evidence)
    ]
    return np.array(rows, np.float32).reshape(len(rows), len(STOP_FEATURES))


def _folded(text: str | None) -> str:
    return "" if text is None else " ".join(text.casefold().split()).rstrip(".")


def _agreeing(said: Sequence[str], at: int) -> float:
    others = [text for number, text in enumerate(said) if number != at and text]
    return sum(text == said[at] for text in others) / len(others) if others else 0.0

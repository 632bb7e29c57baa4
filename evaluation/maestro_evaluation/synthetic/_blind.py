"""What guessing without the picture reaches: from how often answers occur, and from what the question says.

Each guess is made from the other samples only (five folds; samples of a group stay together).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from maestro_evaluation._registry import score
from maestro_evaluation.samples import Sample

__all__ = ["BlindBaseline", "blind_baseline"]

FOLDS = 5
NEIGHBOURS = 15
SLOW_RULES = ("geometry3k.", "humanevalv.")
"""Compared as text: their scoring takes a worker or a sandbox, and the replies of these suites are in one form."""

VARIABLE = re.compile(r"\d+(?:\.\d+)?|[\"“'].*?[\"”']|(?<!^)(?<![.?!:] )\b[A-Z][\w-]*")
WORD = re.compile(r"\w+")


class BlindBaseline(NamedTuple):
    """Accuracies, 0 to 1.

    Attributes:
        majority: the answer that is most frequent among the others.
        wording: the one most frequent among questions of the same wording (numbers and names left out).
        neighbours: the one most frequent among the 15 questions with most words in common.
    """

    majority: float
    wording: float
    neighbours: float

    @property
    def best(self) -> float:
        return max(self)


def blind_baseline(samples: Sequence[Sample]) -> BlindBaseline:
    """Guess each sample of one split from the others of that split."""
    if not samples:
        return BlindBaseline(0.0, 0.0, 0.0)
    folds = [zlib.crc32((sample.group or sample.id).encode()) % FOLDS for sample in samples]
    replies = [str(sample.scene["reply"]) for sample in samples]
    wordings = [VARIABLE.sub("_", sample.question) for sample in samples]
    words = [frozenset(WORD.findall(sample.question.lower())) for sample in samples]
    majority = _grouped(folds, replies, lambda place: sample_rule(samples[place]))
    wording = _grouped(folds, replies, lambda place: (samples[place].rule, wordings[place]))
    near = [_nearest(place, folds, words, replies) for place in range(len(samples))]
    return BlindBaseline(*(_accuracy(samples, replies, guesses) for guesses in (majority, wording, near)))


def sample_rule(sample: Sample) -> Hashable:
    """What tells forms of answers apart, and nothing about the question."""
    return sample.rule


def _grouped(folds: Sequence[int], replies: Sequence[str], key: Callable[[int], Hashable]) -> list[str | None]:
    counts: dict[tuple[Hashable, int], Counter[str]] = defaultdict(Counter)
    for place, reply in enumerate(replies):
        counts[key(place), folds[place]][reply] += 1
    return [
        _most([counts[key(place), fold] for fold in range(FOLDS) if fold != folds[place]])
        for place in range(len(replies))
    ]


def _most(counters: Sequence[Counter[str]]) -> str | None:
    total: Counter[str] = sum(counters, Counter())
    return min(total, key=lambda reply: (-total[reply], reply)) if total else None


def _nearest(place: int, folds: Sequence[int], words: Sequence[frozenset[str]], replies: Sequence[str]) -> str | None:
    others = [other for other in range(len(replies)) if folds[other] != folds[place]]
    own = words[place]
    others.sort(key=lambda other: (-len(own & words[other]) / len(own | words[other] | {""}), other))
    return _most([Counter(replies[other] for other in others[:NEIGHBOURS])])


def _accuracy(samples: Sequence[Sample], replies: Sequence[str], guesses: Sequence[str | None]) -> float:
    hits = 0.0
    for sample, reply, guess in zip(samples, replies, guesses, strict=True):
        if guess is None:
            continue
        if guess == reply or sample.rule.startswith(SLOW_RULES):
            hits += guess == reply
        else:
            hits += score(sample.rule, guess, sample.answer, sample.meta) or 0.0
    return hits / len(samples)

"""Whether a confidence of 0.8 is right eight times in ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from maestro_graph.errors import MaestroError

__all__ = ["Bin", "Calibration", "calibration"]

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in `(low, high]` (the first bin holds 0 too).

    Attributes:
        confidence, accuracy: means over the `n` answers; `None` in an empty bin.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of confidences.

    Attributes:
        ece: expected calibration error (Guo et al. 2017): mean distance of confidence and accuracy over the bins,
            weighted by how many answers they hold.
        brier: mean squared distance of confidence and score (Brier 1950).
        auc: how often a right answer has the higher confidence than a wrong one, ties half; `None` where all are
            right or all are wrong. A wrong score is one under a half.
    """

    n: int
    bins: tuple[Bin, ...]
    ece: float
    brier: float
    auc: float | None


def calibration(confidences: Sequence[float], scores: Sequence[float], *, bins: int = BINS) -> Calibration:
    """Calibration over bins of equal width.

    Raises:
        MaestroError: the sequences differ in length or are empty, or a confidence is not from 0 to 1.
    """
    if len(confidences) != len(scores) or not scores:
        raise MaestroError(f"{len(confidences)} confidences for {len(scores)} scores; give one for each, and some")
    if outside := [value for value in confidences if not 0.0 <= value <= 1.0]:
        raise MaestroError(f"the confidence {outside[0]!r} is not from 0 to 1")
    members: list[list[int]] = [[] for _ in range(bins)]
    for at, confidence in enumerate(confidences):
        members[max(0, math.ceil(confidence * bins) - 1)].append(at)
    filled = tuple(_bin(at, bins, own, confidences, scores) for at, own in enumerate(members))
    n = len(scores)
    return Calibration(
        n=n,
        bins=filled,
        ece=sum(
            each.n / n * abs(each.confidence - each.accuracy)
            for each in filled
            if each.confidence is not None and each.accuracy is not None
        ),
        brier=sum((confidence - score) ** 2 for confidence, score in zip(confidences, scores, strict=True)) / n,
        auc=_auc(confidences, scores),
    )


def _bin(at: int, bins: int, own: list[int], confidences: Sequence[float], scores: Sequence[float]) -> Bin:
    low, high = at / bins, (at + 1) / bins
    if not own:
        return Bin(low, high, 0, None, None)
    return Bin(
        low,
        high,
        len(own),
        sum(confidences[index] for index in own) / len(own),
        sum(scores[index] for index in own) / len(own),
    )


def _auc(confidences: Sequence[float], scores: Sequence[float]) -> float | None:
    """By the rank sum (Mann and Whitney), ties at their mean rank."""
    order = sorted(range(len(scores)), key=confidences.__getitem__)
    ranks = [0.0] * len(scores)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and confidences[order[end]] == confidences[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = (begin + end + 1) / 2
        begin = end
    right = [at for at, score in enumerate(scores) if score >= 0.5]
    wrong = len(scores) - len(right)
    if not right or not wrong:
        return None
    return (sum(ranks[at] for at in right) - len(right) * (len(right) + 1) / 2) / (len(right) * wrong)

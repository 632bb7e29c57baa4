"""Scores of answers, each computed once."""

from __future__ import annotations

from maestro_evaluation import score
from maestro_evaluation.samples import Sample

__all__ = ["Scores"]


class Scores:
    """`maestro_evaluation.score` with a memory; `None` where a rule leaves the answer to a judge."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float | None] = {}

    def __call__(self, rule: str, answer: str, sample: Sample) -> float | None:
        key = (sample.key, answer)
        if key not in self._known:
            self._known[key] = score(rule, answer, sample.answer, sample.meta)
        return self._known[key]

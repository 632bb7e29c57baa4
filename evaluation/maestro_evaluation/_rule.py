"""What a scoring rule is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Meta", "Rule", "Scorer"]

Meta = Mapping[str, Any]
"""What a rule needs beside prediction and answer: options, precision, task."""

Scorer = Callable[[Any, Any, Meta], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One published way to score one answer.

    Attributes:
        name: `BENCHMARK.PROTOCOL`, the name in conformance vectors and in samples.
        benchmark: the benchmark's own name.
        source: where the rule is published: repository, commit, file and function.
        scorer: prediction, answer and meta in; a number from 0 to 1 out, or `None` where a judge must decide.
        needs_judge: whether `None` can come out.
    """

    name: str
    benchmark: str
    source: str
    scorer: Scorer
    needs_judge: bool = False

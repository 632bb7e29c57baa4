"""Compare our scorers with values that the published ones gave."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maestro_evaluation._registry import aggregate, aggregates, rules, score
from maestro_graph.errors import MaestroError

__all__ = ["Conformance", "Disagreement", "check_vectors", "read_vectors"]

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A vector whose value we do not give.

    Attributes:
        line: its line in the file, from 1.
        vector: the vector.
        got: our value.
    """

    line: int
    vector: Mapping[str, Any]
    got: Any


@dataclass(slots=True)
class Conformance:
    """What a vector file says about our scorers.

    Attributes:
        agreed, total: rows by `primary` or not; of the others, only those whose rule is known count.
        unknown: names of rules that we do not have.
        disagreements: the rows with another value.
    """

    agreed: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    total: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    unknown: set[str] = field(default_factory=set)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every primary row agrees."""
        return self.agreed[True] == self.total[True]

    def summary(self) -> str:
        """The last line of the report."""
        return (
            f"conformance: primary {self.agreed[True]}/{self.total[True]}, "
            f"other {self.agreed[False]}/{self.total[False]}, unknown rules {len(self.unknown)}"
        )


def read_vectors(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    """The vectors of a file with their lines.

    Raises:
        MaestroError: it cannot be read, or a line is no vector.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MaestroError(f"the vector file {str(path)!r} cannot be read: {error}; name a JSON-lines file") from error
    return [
        (number, _vector(path, number, line)) for number, line in enumerate(text.split("\n"), start=1) if line.strip()
    ]


def _vector(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        vector = json.loads(line)
    except ValueError as error:
        raise MaestroError(f"line {number} of {str(path)!r} is not JSON: {error}") from error
    wanted = {"prediction", "answer", "meta", "expected"}
    if not isinstance(vector, dict) or not wanted <= vector.keys() or not isinstance(vector["meta"], dict):
        raise MaestroError(f"line {number} of {str(path)!r} is no vector: it needs {', '.join(sorted(wanted))}")
    return vector


def check_vectors(vectors: Iterable[tuple[int, Mapping[str, Any]]]) -> Conformance:
    """Score each vector and compare."""
    result = Conformance()
    for line, vector in vectors:
        rule, primary = str(vector["meta"].get("rule")), bool(vector["meta"].get("primary"))
        known = rule in rules or rule in aggregates
        if not known:
            result.unknown.add(rule)
        if known or primary:
            result.total[primary] += 1
            got = _value(rule, vector) if known else None
            if known and _agrees(got, vector["expected"]):
                result.agreed[primary] += 1
            else:
                result.disagreements.append(Disagreement(line, vector, got if known else "(unknown rule)"))
    return result


def _value(rule: str, vector: Mapping[str, Any]) -> Any:
    compute = score if rule in rules else aggregate
    return compute(rule, vector["prediction"], vector["answer"], vector["meta"])


def _agrees(got: Any, expected: Any) -> bool:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return got.keys() == expected.keys() and all(_agrees(got[key], expected[key]) for key in expected)
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)):
        return math.isclose(got, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(got == expected)

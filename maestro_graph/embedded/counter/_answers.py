"""From counts to the answer: a number, a name, yes or no."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded.counter._question import Query, QueryKind
from maestro_graph.embedded.counter._things import Thing

__all__ = ["Said", "answer_from_counts"]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and in words what it rests on."""

    answer: str
    words: str


_COMPARE: dict[QueryKind, Callable[[int, int], bool]] = {
    "more": lambda left, right: left > right,
    "fewer": lambda left, right: left < right,
    "equal": lambda left, right: left == right,
}


def answer_from_counts(query: Query, groups: list[list[Thing]]) -> Said:
    """Answer a query from the things that belong to each of its targets."""
    counts = [len(group) for group in groups]
    if query.kind in ("most", "least", "colours", "forms"):
        return _by_tally(query, groups[0])
    if query.kind == "count":
        number = len({id(t) for group in groups for t in group})
        return Said(str(number), f"{number} " + " and ".join(t.words() for t in query.targets))
    if query.kind == "exists":
        return Said("yes" if counts[0] else "no", f"{counts[0]} {query.targets[0].words()}")
    right = counts[1] if len(counts) > 1 else (query.number or 0)
    other = f"{right} {query.targets[1].words()}" if len(counts) > 1 else f"the {right} asked about"
    words = f"{counts[0]} {query.targets[0].words()} against {other}"
    if query.kind == "difference":
        return Said(str(abs(counts[0] - right)), words)
    return Said("yes" if _COMPARE[query.kind](counts[0], right) else "no", words)


def _by_tally(query: Query, things: list[Thing]) -> Said:
    by_form = "form" in query.asks or query.kind == "forms"
    tally = Tally(t.form if by_form else t.colour for t in things).most_common()
    if not tally:
        raise refuse("nothing of the kind asked about was found")
    words = ", ".join(f"{number} {name}" for name, number in tally)
    if query.kind in ("colours", "forms"):
        return Said(str(len(tally)), words)
    return Said(tally[0][0] if query.kind == "most" else tally[-1][0], words)

"""Which expert and skill a router chose for which kind of question."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maestro_evaluation.records import SampleRecord

__all__ = ["Choices", "choices_of"]

MOST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A heat map.

    Attributes:
        families: columns, with how many records each has.
        actions: rows, most frequent first; at most 24.
        used: in how many of a family's records an action was called at least once, by (action, family).
        right: how many of those were answered rightly (a score of at least a half).
        level2: how often each Level-2 skill was dispatched to, by action.
        left_out: how many rarer actions are not listed.
    """

    families: Mapping[str, int]
    actions: tuple[str, ...]
    used: Mapping[tuple[str, str], int]
    right: Mapping[tuple[str, str], int]
    level2: Mapping[str, tuple[tuple[str, int], ...]]
    left_out: int


def choices_of(records: Sequence[SampleRecord]) -> Choices:
    """Count what was called for what."""
    used: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    level2: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        called = set()
        for call in record["calls"]:
            action = call["expert"] if call["skill"] is None else f"{call['expert']}@@{call['skill']}"
            called.add(action)
            if call.get("level2"):
                level2[action][str(call["level2"])] += 1
        for action in called:
            used[action, record["family"]] += 1
            right[action, record["family"]] += (record["score"] or 0.0) >= 0.5
            total[action] += 1
    actions = [action for action, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))]
    return Choices(
        families=dict(sorted(Counter(record["family"] for record in records).items())),
        actions=tuple(actions[:MOST]),
        used=used,
        right=right,
        level2={action: tuple(found.most_common()) for action, found in level2.items()},
        left_out=max(0, len(actions) - MOST),
    )

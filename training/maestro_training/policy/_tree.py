"""Rows that begin alike, laid out as one sequence in which every shared token stands once.

The G trajectories of a question share their prompt, and those that took the same first decision share its turns too.
Packed as a prefix tree, each token attends to the tokens on its own path only, at the position that it has in its own
row; log-probabilities and gradients are then those of the separate rows, for a fraction of the tokens.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PrefixTree", "prefix_tree"]


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """The layout of R rows in a sequence of N tokens made of S segments.

    Attributes:
        ids: N token ids; a segment's ancestors stand before it.
        depths: N positions, each counted in the token's own row.
        segments: N segment numbers.
        parents: S segment numbers, -1 for a segment without one.
        places: for every row, in the order given, where each of its tokens stands: `ids[places[r][t]] == rows[r][t]`.
    """

    ids: tuple[int, ...]
    depths: tuple[int, ...]
    segments: tuple[int, ...]
    parents: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]

    @property
    def tokens_given(self) -> int:
        """Tokens of all rows, one after another."""
        return sum(len(row) for row in self.places)

    def ancestors(self) -> list[list[bool]]:
        """S by S: whether segment s sees segment t (its own path, itself included)."""
        seen = [[False] * len(self.parents) for _ in self.parents]
        for segment in range(len(self.parents)):
            at = segment
            while at >= 0:
                seen[segment][at] = True
                at = self.parents[at]
        return seen


@dataclass(frozen=True, slots=True)
class _Branch:
    """Rows `first` to `last` (sorted) that agree up to `depth` and hang below segment `parent`."""

    first: int
    last: int
    depth: int
    parent: int


def prefix_tree(rows: Sequence[Sequence[int]]) -> PrefixTree:
    """Lay rows out as a prefix tree.

    Args:
        rows: R non-empty sequences of token ids that may share their beginnings; tokens that stand for pictures must
            stand for the same pictures in all rows.

    Raises:
        ValueError: there is no row, or one is empty.
    """
    if not rows or not all(rows):
        raise ValueError("a prefix tree needs at least one row, and no row may be empty")
    order = sorted(range(len(rows)), key=lambda row: tuple(rows[row]))
    ordered = [rows[row] for row in order]
    alike = [_common(one, other) for one, other in itertools.pairwise(ordered)]
    ids: list[int] = []
    depths: list[int] = []
    segments: list[int] = []
    parents: list[int] = []
    places: list[list[int]] = [[] for _ in rows]
    waiting = _children(ordered, _Branch(0, len(rows) - 1, 0, -1))[::-1]
    while waiting:
        branch = waiting.pop()
        end = min(alike[branch.first : branch.last], default=len(ordered[branch.first]))
        segment = len(parents)
        parents.append(branch.parent)
        begin = len(ids)
        ids.extend(ordered[branch.first][branch.depth : end])
        depths.extend(range(branch.depth, end))
        segments.extend([segment] * (end - branch.depth))
        for at in range(branch.first, branch.last + 1):
            places[order[at]].extend(range(begin, len(ids)))
        waiting.extend(_children(ordered, _Branch(branch.first, branch.last, end, segment))[::-1])
    return PrefixTree(
        tuple(ids), tuple(depths), tuple(segments), tuple(parents), tuple(tuple(place) for place in places)
    )


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first tokens two rows share."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def _children(ordered: Sequence[Sequence[int]], branch: _Branch) -> list[_Branch]:
    """The rows that go on after `branch.depth`, one branch for each next token."""
    found: list[_Branch] = []
    for at in range(branch.first, branch.last + 1):
        if len(ordered[at]) <= branch.depth:
            continue
        last = found[-1] if found else None
        if last is not None and ordered[last.first][branch.depth] == ordered[at][branch.depth]:
            found[-1] = _Branch(last.first, at, branch.depth, branch.parent)
        else:
            found.append(_Branch(at, at, branch.depth, branch.parent))
    return found

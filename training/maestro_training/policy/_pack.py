"""Groups of rows as one padded batch of prefix trees: ids, positions and attention for a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from maestro_training.policy._head import Score
from maestro_training.policy._rows import PolicyRow
from maestro_training.policy._tree import PrefixTree, prefix_tree

__all__ = ["Pack", "TokenMasks", "pack_rows"]

TokenMasks = Callable[[str, Sequence[int]], Sequence[torch.Tensor]]
"""The mask of every token of a turn, from its regular expression and its token ids: 32-bit words, as `Score.masks`."""

DENSE = "dense"
FLEX = "flex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """B trees of at most N tokens.

    Attributes:
        rows: the rows, in the order given.
        trees: one for each group.
        members: for each tree, the indices of its rows.
        ids: `(B, N)` token ids, padded on the right.
        depths: `(B, N)` positions within the row.
        segments: `(B, N)` segment numbers; padding has one of its own.
        visible: `(B, S, S)` which segment sees which.
    """

    rows: tuple[PolicyRow, ...]
    trees: tuple[PrefixTree, ...]
    members: tuple[tuple[int, ...], ...]
    ids: torch.Tensor
    depths: torch.Tensor
    segments: torch.Tensor
    visible: torch.Tensor

    def attention(self, kind: str = DENSE) -> Any:
        """The mask of the forward pass: `dense` a boolean `(B, 1, N, N)`, `flex` a FlexAttention block mask."""
        if kind == FLEX:
            return self._block_mask()
        trees = torch.arange(len(self.trees), device=self.ids.device)[:, None, None]
        sees = self.visible[trees, self.segments[:, :, None], self.segments[:, None, :]]
        length = self.ids.shape[1]
        return (sees & torch.ones(length, length, dtype=torch.bool, device=self.ids.device).tril())[:, None]

    def _block_mask(self) -> Any:
        from torch.nn.attention.flex_attention import create_block_mask

        visible, segments = self.visible, self.segments

        def sees(batch: Any, head: Any, query: Any, key: Any) -> Any:
            return (query >= key) & visible[batch, segments[batch, query], segments[batch, key]]

        batch, length = self.ids.shape
        return create_block_mask(sees, batch, None, length, length, device=self.ids.device)

    def score(self, masks: TokenMasks | None = None) -> Score:
        """What to score: every token of the policy, row by row.

        Args:
            masks: gives the masks of structured decoding; needed where a row was sampled with it.
        """
        length = self.ids.shape[1]
        at = {row: (tree, place) for tree, rows in enumerate(self.members) for place, row in enumerate(rows)}
        places: list[int] = []
        targets: list[int] = []
        temperature: list[float] = []
        found: list[torch.Tensor | None] = []
        kept: list[int] = []
        total = 0
        for number, row in enumerate(self.rows):
            tree, place = at[number]
            stands = self.trees[tree].places[place]
            for span in row.spans:
                span_masks = _span_masks(span.regex, row.ids[span.start : span.stop], masks)
                for index, mask, free in zip(
                    range(span.start, span.stop), span_masks, _has_choice(span_masks), strict=True
                ):
                    if free:
                        places.append(tree * length + stands[index - 1])
                        targets.append(row.ids[index])
                        found.append(mask)
                        temperature.append(row.temperature)
                        kept.append(total)
                    total += 1
        device = self.ids.device
        return Score(
            places=torch.tensor(places, device=device, dtype=torch.long),
            targets=torch.tensor(targets, device=device, dtype=torch.long),
            temperature=torch.tensor(temperature, device=device, dtype=torch.float32),
            masks=found if any(mask is not None for mask in found) else None,
            kept=torch.tensor(kept, device=device, dtype=torch.long) if len(kept) < total else None,
            total=total,
        )


def _has_choice(masks: Sequence[torch.Tensor | None]) -> list[bool]:
    """Whether a mask leaves more than one token."""
    given = [mask for mask in masks if mask is not None]
    if len(given) < len(masks):
        return [mask is None or not _only_one(mask[None])[0] for mask in masks]
    return [not one for one in _only_one(torch.stack(given))] if given else []


def _only_one(masks: torch.Tensor) -> list[bool]:
    """Whether one bit of each row of 32-bit words is set."""
    words = (masks != 0).sum(-1) == 1
    bits = masks.to(torch.int64).sum(-1) & 0xFFFFFFFF  # where one word is set, its bits
    found: list[bool] = (words & ((bits & (bits - 1)) == 0)).tolist()
    return found


def _span_masks(
    regex: str | None, tokens: Sequence[int], masks: TokenMasks | None
) -> Sequence[torch.Tensor] | list[None]:
    if regex is None:
        return [None] * len(tokens)
    if masks is None:
        raise ValueError("a row was sampled with structured decoding, and there is nothing that gives its masks")
    return masks(regex, tokens)


def pack_rows(
    rows: Sequence[PolicyRow], *, pad: int, device: Any = "cpu", share: bool = True, multiple: int = 1
) -> Pack:
    """Lay rows out as one tree for each group.

    Args:
        rows: rows of one group have the same `group` and the same pictures.
        pad: id of the padding token.
        share: whether what rows have in common stands once; otherwise each row is a tree of its own.
        multiple: pad lengths to a multiple of it (FlexAttention works in blocks of 128).
    """
    members: dict[tuple[object, ...], list[int]] = {}
    for number, row in enumerate(rows):
        members.setdefault((row.group, row.images) if share else (number,), []).append(number)
    trees = [prefix_tree([rows[number].ids for number in numbers]) for numbers in members.values()]
    length = -(-max(len(tree.ids) for tree in trees) // multiple) * multiple
    segments = max(len(tree.parents) for tree in trees) + 1
    visible = torch.zeros(len(trees), segments, segments, dtype=torch.bool)
    for number, tree in enumerate(trees):
        count = len(tree.parents)
        visible[number, :count, :count] = torch.tensor(tree.ancestors())
        # Padding sees itself: a row of attention without any key is not a number.
        visible[number, segments - 1, segments - 1] = True
    return Pack(
        rows=tuple(rows),
        trees=tuple(trees),
        members=tuple(tuple(numbers) for numbers in members.values()),
        ids=_padded([tree.ids for tree in trees], length, pad).to(device),
        depths=_padded([tree.depths for tree in trees], length, 0).to(device),
        segments=_padded([tree.segments for tree in trees], length, segments - 1).to(device),
        visible=visible.to(device),
    )


def _padded(lists: Sequence[Sequence[int]], length: int, value: int) -> torch.Tensor:
    return torch.tensor([[*items, *([value] * (length - len(items)))] for items in lists], dtype=torch.long)

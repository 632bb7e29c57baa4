"""Masks of structured decoding, replayed for training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch

from maestro_graph.routers.policy import GrammarMasks
from maestro_training.policy._pack import TokenMasks

__all__ = ["token_masks"]

KEPT_TURNS = 256
"""Turns whose masks are kept: members of a group often take the same ones."""


def token_masks(grammar: GrammarMasks) -> TokenMasks:
    """The masks under which a turn was sampled, rebuilt from its regular expression: sampled = trained distribution.

    The returned function raises `MaestroError` where the tokens do not follow the expression.
    """

    @lru_cache(maxsize=KEPT_TURNS)
    def replayed(regex: str, tokens: tuple[int, ...]) -> Sequence[torch.Tensor]:
        return list(torch.from_numpy(grammar.replay(regex, tokens)))

    def masks(regex: str, tokens: Sequence[int]) -> Sequence[torch.Tensor]:
        return replayed(regex, tuple(tokens))

    return masks

"""Masks of structured decoding, replayed for training."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from maestro_graph.routers.policy import GrammarMasks
from maestro_training.policy._pack import TokenMasks

__all__ = ["token_masks"]


def token_masks(grammar: GrammarMasks) -> TokenMasks:
    """The masks under which a turn was sampled, rebuilt from its regular expression: sampled = trained distribution.

    The returned function raises `MaestroError` where the tokens do not follow the expression.
    """

    def masks(regex: str, tokens: Sequence[int]) -> Sequence[torch.Tensor]:
        return list(torch.from_numpy(grammar.replay(regex, tokens)))

    return masks

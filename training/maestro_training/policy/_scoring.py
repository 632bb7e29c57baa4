"""One forward pass over rows: log-probabilities and entropies of the policy's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from maestro_training.policy._pack import DENSE, FLEX, TokenMasks, pack_rows
from maestro_training.policy._rows import PolicyRow
from maestro_training.policy._vision import PixelSource, picture_inputs

__all__ = ["RowScorer"]

BLOCK = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RowScorer:
    """Scores rows with a model that has a scoring head (`add_scoring_head`).

    Attributes:
        pad: id of the padding token.
        share: lay out what rows of a group have in common once.
        attention: `dense` (SDPA or eager with a boolean mask) or `flex` (FlexAttention; the model must have been
            loaded with `attn_implementation="flex_attention"`; its backward pass needs a GPU).
        masks: gives the masks of structured decoding.
        pixels: gives the pixels of a picture; needed where rows have pictures.
        image_token: id that stands for a patch of a picture.
    """

    pad: int
    share: bool = True
    attention: str = DENSE
    masks: TokenMasks | None = None
    pixels: PixelSource | None = None
    image_token: int | None = None

    def __call__(self, model: Any, rows: Sequence[PolicyRow], *, device: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities and entropies of all policy tokens, row by row: two tensors of K numbers.

        Args:
            model: the model, wrapped (PEFT, FSDP, DDP) or not.

        Raises:
            ValueError: rows have pictures, and the scorer has no pixels for them.
        """
        multiple = BLOCK if self.attention == FLEX else 1
        pack = pack_rows(rows, pad=self.pad, device=device, share=self.share, multiple=multiple)
        given: dict[str, Any] = {"position_ids": pack.depths}
        if any(row.images for row in rows):
            if self.pixels is None or self.image_token is None:
                raise ValueError("rows have pictures; give RowScorer pixels= and image_token=")
            given = picture_inputs(unwrapped(model), pack, self.pixels, image_token=self.image_token)
        scored = model(
            input_ids=pack.ids, attention_mask=pack.attention(self.attention), score=pack.score(self.masks), **given
        )
        return scored.logps, scored.entropies


def unwrapped(model: Any) -> Any:
    """The transformers model inside PEFT, DDP and FSDP."""
    while hasattr(model, "module"):
        model = model.module
    return model.get_base_model() if hasattr(model, "get_base_model") else model

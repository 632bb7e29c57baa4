"""Pictures in a packed forward pass: pixels in the order of their tokens, and positions with three axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from maestro_training.policy._pack import Pack
from maestro_training.policy._rows import PolicyRow

__all__ = ["PictureInputs", "PixelSource", "picture_inputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInputs:
    """Pixels of P pictures as the model's own image processor gives them.

    Attributes:
        pixel_values: `(patches, channels * patch volume)`, the patches of all pictures one after another.
        image_grid_thw: `(P, 3)` patches in time, height and width.
    """

    pixel_values: torch.Tensor
    image_grid_thw: torch.Tensor


PixelSource = Callable[[str], PictureInputs]
"""The pixels of one picture, by its reference."""


def picture_inputs(model: Any, pack: Pack, pixels: PixelSource, *, image_token: int) -> dict[str, Any]:
    """Arguments of the forward pass that pictures need: pixels, grids, token types and positions `(3, B, N)`.

    A picture whose tokens stand once in a tree is encoded once, however many rows share it.

    Args:
        model: a Qwen-VL model, unwrapped: it computes the positions of a row (`get_rope_index`).
        image_token: id that stands for a patch of a picture.

    Raises:
        ValueError: a row has another number of picture tokens than its pictures have patches.
    """
    device = pack.ids.device
    grids = {ref: pixels(ref) for row in pack.rows for ref in row.images}
    merge = model.config.vision_config.spatial_merge_size**2
    positions = torch.zeros(3, *pack.ids.shape, dtype=torch.long, device=device)
    shown: list[PictureInputs] = []
    for number, (tree, members) in enumerate(zip(pack.trees, pack.members, strict=True)):
        stands: dict[int, str] = {}
        for place, member in enumerate(members):
            row = pack.rows[member]
            where = torch.tensor(tree.places[place], device=device)
            positions[:, number, where] = _row_positions(model, row, grids, image_token, device)
            starts = _picture_starts(row, grids, merge, image_token)
            stands.update({tree.places[place][start]: ref for start, ref in starts})
        shown += [grids[stands[at]] for at in sorted(stands)]
    given: dict[str, Any] = {
        "position_ids": positions,
        "mm_token_type_ids": (pack.ids == image_token).int(),
    }
    if shown:
        given["pixel_values"] = torch.cat([one.pixel_values for one in shown]).to(device)
        given["image_grid_thw"] = torch.cat([one.image_grid_thw for one in shown]).to(device)
    return given


def _row_positions(
    model: Any, row: PolicyRow, grids: dict[str, PictureInputs], image_token: int, device: torch.device
) -> torch.Tensor:
    ids = torch.tensor([row.ids], device=device)
    grid = torch.cat([grids[ref].image_grid_thw for ref in row.images]).to(device) if row.images else None
    types = (ids == image_token).int()
    found, _ = model.model.get_rope_index(input_ids=ids, mm_token_type_ids=types, image_grid_thw=grid)
    return found[:, 0]


def _picture_starts(
    row: PolicyRow, grids: dict[str, PictureInputs], merge: int, image_token: int
) -> Sequence[tuple[int, str]]:
    """Where the tokens of each picture of a row begin."""
    spots = [at for at, token in enumerate(row.ids) if token == image_token]
    sizes = [int(grids[ref].image_grid_thw.prod(-1).sum()) // merge for ref in row.images]
    if len(spots) != sum(sizes):
        raise ValueError(f"{len(spots)} picture tokens in a row whose {len(sizes)} pictures need {sum(sizes)}")
    starts = []
    at = 0
    for ref, size in zip(row.images, sizes, strict=True):
        starts.append((spots[at], ref))
        at += size
    return starts

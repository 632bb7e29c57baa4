"""Small policies with random weights, and rows made with them."""

from __future__ import annotations

import random
from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from maestro_training.policy._head import add_scoring_head
from maestro_training.policy._rows import PolicyRow, PolicySpan
from maestro_training.policy._vision import PictureInputs

IMAGE, START, END = 90, 92, 93
TEXT = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
}
VISION = {
    "depth": 3,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 4,
    "out_hidden_size": 32,
    "patch_size": 8,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "deepstack_visual_indexes": [0, 1],
    "num_position_embeddings": 64,
}
ROPE = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10000.0}


def text_policy() -> Any:
    torch.manual_seed(0)
    return add_scoring_head(Qwen3ForCausalLM(Qwen3Config(**TEXT)).float())


def seeing_policy() -> Any:
    torch.manual_seed(0)
    config = Qwen3VLConfig(
        text_config={**TEXT, "rope_parameters": ROPE},
        vision_config=VISION,
        image_token_id=IMAGE,
        video_token_id=91,
        vision_start_token_id=START,
        vision_end_token_id=END,
    )
    return add_scoring_head(Qwen3VLForConditionalGeneration(config).float())


def picture(seed: int, high: int, wide: int) -> PictureInputs:
    values = torch.randn(high * wide, 3 * 2 * 8 * 8, generator=torch.Generator().manual_seed(seed))
    return PictureInputs(pixel_values=values, image_grid_thw=torch.tensor([[1, high, wide]]))


PICTURES = {"x": picture(1, 4, 6), "y": picture(2, 2, 4), "z": picture(3, 4, 4)}


def tokens_of(reference: str) -> list[int]:
    return [START, *[IMAGE] * (int(PICTURES[reference].image_grid_thw.prod()) // 4), END]


def made_row(draw: random.Random, group: str, prompt: list[int], images: tuple[str, ...] = ()) -> PolicyRow:
    """Two turns of four tokens with an observation of three after each; few tokens, so that turns are shared."""
    ids = list(prompt)
    spans = []
    for _ in range(2):
        spans.append(PolicySpan(start=len(ids), stop=len(ids) + 4))
        ids += [draw.randrange(3) for _ in range(4)] + [7, 8, 9]
    return PolicyRow(
        ids=tuple(ids), spans=tuple(spans), sampled=(-4.5,) * 8, temperature=0.7, images=images, group=group
    )


def text_rows() -> list[PolicyRow]:
    draw = random.Random(0)
    rows = [made_row(draw, group, list(range(10, 30 + 3 * at))) for at, group in enumerate("ab") for _ in range(6)]
    draw.shuffle(rows)
    return rows


def seeing_rows() -> list[PolicyRow]:
    """Two pictures of two sizes; one picture behind a word in which rows differ; no picture."""
    draw = random.Random(0)
    rows = [made_row(draw, "two", [5, 6, 4, *tokens_of("x"), *tokens_of("y"), 11], ("x", "y")) for _ in range(4)]
    rows += [made_row(draw, "one", [5, 6, draw.randrange(2), *tokens_of("z"), 11], ("z",)) for _ in range(4)]
    rows += [made_row(draw, "none", [5, 6, 4, 11, 12]) for _ in range(2)]
    draw.shuffle(rows)
    return rows

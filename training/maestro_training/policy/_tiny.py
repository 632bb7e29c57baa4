"""A Qwen3-VL of a few million random parameters with a tokenizer of its own, built on the spot.

It can say nothing and see nothing until it is trained: for tests, for trying out a configuration without a download,
and for showing that pictures are learnt from reward alone. No weights of anybody are in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from maestro_graph.protocol import render_prompt
from maestro_graph.registry import Registry, load_registry

__all__ = ["build_tiny_qwen3vl"]

CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
TAGS = ("<think>", "</think>")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PATCH = 16
SPREAD = 0.05
"""Of the random weights. With the usual 0.02 what is decided depends on the picture ten times less at the start."""


def build_tiny_qwen3vl(
    folder: Path,
    *,
    registry: str | Registry = "embedded",
    hidden: int = 256,
    layers: int = 4,
    vision_hidden: int = 192,
    vision_layers: int = 4,
    vocabulary: int = 2000,
    max_side: int = 256,
    blind: bool = False,
    seed: int = 0,
) -> Path:
    """Write model, tokenizer, chat template and image processor into a folder that a policy can be trained from.

    Args:
        registry: the tokenizer is trained on this registry's prompts, so that they are short.
        hidden: width of the language model, a multiple of 64 (heads have 64 dimensions).
        vision_hidden: width of the vision tower, a multiple of 48.
        vocabulary: tokens, at most.
        max_side: pictures are scaled down to about this many pixels a side, in patches of 16.
        blind: the image processor makes every picture black: the control that has everything but the pixels.
        seed: of the weights.
    """
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration

    ensemble = load_registry(registry) if isinstance(registry, str) else registry
    tokens = _tokenizer(_texts(ensemble), vocabulary)
    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokens,
        eos_token="<|im_end|>",  # noqa: S106 - a token of a vocabulary
        pad_token="<|endoftext|>",  # noqa: S106
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": tokens.get_vocab_size(),
            "hidden_size": hidden,
            "intermediate_size": 3 * hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": hidden // 64,
            "num_key_value_heads": hidden // 64,
            "head_dim": 64,
            "max_position_embeddings": 8192,
            "tie_word_embeddings": True,
            "initializer_range": SPREAD,
            "eos_token_id": tokens.token_to_id("<|im_end|>"),
            "pad_token_id": tokens.token_to_id("<|endoftext|>"),
            "bos_token_id": None,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [12, 10, 10],
                "mrope_interleaved": True,
                "rope_theta": 10_000.0,
            },
        },
        vision_config={
            "depth": vision_layers,
            "hidden_size": vision_hidden,
            "intermediate_size": 3 * vision_hidden,
            "num_heads": vision_hidden // 48,
            "out_hidden_size": hidden,
            "patch_size": PATCH,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "deepstack_visual_indexes": [vision_layers // 2],
            "initializer_range": SPREAD,
            "num_position_embeddings": (max_side // PATCH) ** 2,
        },
        image_token_id=tokens.token_to_id("<|image_pad|>"),
        video_token_id=tokens.get_vocab_size() - 1,
        vision_start_token_id=tokens.token_to_id("<|vision_start|>"),
        vision_end_token_id=tokens.token_to_id("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        Qwen3VLForConditionalGeneration(config).float().save_pretrained(folder)
    processor = {
        "image_processor_type": "Qwen2VLImageProcessor",
        "patch_size": PATCH,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "size": {"shortest_edge": (2 * PATCH) ** 2, "longest_edge": max_side**2},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "rescale_factor": 0.0 if blind else 1 / 255,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n", encoding="utf-8")
    return folder


def _texts(registry: Registry) -> list[str]:
    """What a policy of this registry reads and writes."""
    experts = [expert.card for expert in registry.experts.values()]
    skills = [skill.card for skill in registry.skills.values()]
    actions = registry.actions()
    written = [f"<search> {expert}{'@@' + skill if skill else ''}: " for expert, skill in actions]
    prompts = [render_prompt(experts, skills, actions, max_turns=turns) for turns in (1, 2, 3, 4)]
    frame = "system\nuser\nassistant\n<answer> 7 </answer> </search>\n<information> </information>"
    return [*prompts, *written * 4, *[frame] * 4]


def _tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(CONTROL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return tokenizer

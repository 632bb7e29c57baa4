"""Small tokenizers and models for tests of the policy router, built on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from maestro_graph.routers.policy import PolicyTokenizer

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
TAGS = ("<think>", "</think>")
CORPUS = (
    "<search> Reader: What does the picture say? </search>\n<answer> three masts and a flag </answer>\n"
    "<search> Counter@@Counting: How many ships are there? </search> You direct an ensemble of specialists.\n"
    "system user assistant the evidence comes back here, and the final answer is short."
)

CHATML_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
FORGETFUL_TEMPLATE = CHATML_TEMPLATE.replace("message['content']", "message['content'].split('</think>')[-1].lstrip()")
"""Drops earlier reasoning, as Qwen3's template does."""
OTHER_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{'<|im_start|>(' + message['role'] + ')\n' + message['content'] "
    "+ '<|im_end|>'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>(assistant)\n' }}{% endif %}"
)
SPACED_TEMPLATE = OTHER_TEMPLATE.replace("\n", " ")
"""Its glue ends with a space, which byte-level tokenizers join to the word behind it."""


def byte_tokenizer(*, size: int = 420) -> Tokenizer:
    """Byte-level BPE, as SmolLM2 and Qwen have: control tokens are special, `<think>` is an ordinary added token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(CHATML),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([CORPUS], trainer)
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return tokenizer


def piece_tokenizer() -> Tokenizer:
    """A unigram model whose vocabulary holds its control tokens as pieces, which a plain text can match."""
    letters = sorted({*CORPUS, *"abcdefghijklmnopqrstuvwxyz<|>/_[]{}0123456789=!\\"})
    pieces = [("<unk>", 0.0), *((token, -1.0) for token in (*CHATML, *TAGS)), *((letter, -5.0) for letter in letters)]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, byte_fallback=False))
    tokenizer.add_special_tokens(list(CHATML))
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return tokenizer


def policy_tokenizer(template: str | None = CHATML_TEMPLATE) -> PolicyTokenizer:
    """The byte-level one, as a policy reads it."""
    return PolicyTokenizer(byte_tokenizer().to_str(), eos="<|im_end|>", chat_template=template, where="tiny")


def write_tokenizer(folder: Path, template: str | None = CHATML_TEMPLATE, **config: Any) -> Path:
    """A model's folder as far as a tokenizer goes."""
    folder.mkdir(parents=True, exist_ok=True)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "TokenizersBackend",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        **config,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder

"""One GRPO update of a Qwen3-VL policy: packed prefix trees beside TRL's own trainer, on the same trajectories.

Random weights, fixed synthetic trajectories (groups of eight, one picture, two turns of the policy), updates only:
seconds an update, tokens of the separate rows a second, peak memory. TRL gets its best micro-batch. Run on a GPU:

    python benchmarks/policy_update.py --shape 4b --mode lora --prompt 3000 6000 --out update.json
    python benchmarks/policy_update.py --shape 4b --mode full --prompt 3000 6000 --out update.json

`--shape tiny` runs the same on a CPU in seconds and says nothing about speed.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration, TrainerCallback

from maestro_training.policy._head import add_scoring_head
from maestro_training.policy._rows import PolicyRow, PolicySpan
from maestro_training.policy._runs import RewardedRow
from maestro_training.policy._scoring import RowScorer
from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig
from maestro_training.policy._vision import PictureInputs

IMAGE, START, END = 900, 901, 902
GROUP = 8
OBSERVATION = 64
TIMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a model; `4b` is that of Qwen3-VL-4B (its config.json)."""

    text: dict[str, Any]
    vision: dict[str, Any]
    patches: tuple[int, int]


SHAPES = {
    "4b": Shape(
        text={
            "vocab_size": 151936,
            "hidden_size": 2560,
            "intermediate_size": 9728,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": True,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [24, 20, 20],
                "mrope_interleaved": True,
                "rope_theta": 5000000.0,
            },
        },
        vision={
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_heads": 16,
            "out_hidden_size": 2560,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "deepstack_visual_indexes": [5, 11, 17],
            "num_position_embeddings": 2304,
        },
        patches=(64, 64),
    ),
    "tiny": Shape(
        text={
            "vocab_size": 1024,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 8192,
            "tie_word_embeddings": True,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [2, 1, 1],
                "mrope_interleaved": True,
                "rope_theta": 10000.0,
            },
        },
        vision={
            "depth": 4,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 4,
            "out_hidden_size": 32,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "deepstack_visual_indexes": [0, 1, 2],
            "num_position_embeddings": 64,
        },
        patches=(8, 8),
    ),
}


def build_model(shape: Shape, *, mode: str, attention: str, device: str) -> Any:
    config = Qwen3VLConfig(
        text_config=shape.text,
        vision_config=shape.vision,
        image_token_id=IMAGE,
        video_token_id=903,
        vision_start_token_id=START,
        vision_end_token_id=END,
        tie_word_embeddings=True,
    )
    text = {"flex": "flex_attention"}.get(attention, "sdpa")
    config._attn_implementation = "sdpa"
    config.text_config._attn_implementation = "sdpa"
    config.vision_config._attn_implementation = "sdpa"
    dtype = torch.bfloat16 if mode == "lora" and device == "cuda" else torch.float32
    torch.manual_seed(0)
    with torch.device(device):
        model = Qwen3VLForConditionalGeneration(config).to(dtype)
    # After construction: transformers 5.17 refuses FlexAttention for this architecture, which runs it all the same.
    model.config.text_config._attn_implementation = text
    return add_scoring_head(model)


def rows_and_pixels(shape: Shape, prompt: int, completion: int, group: str) -> tuple[list[PolicyRow], PictureInputs]:
    draw = random.Random(f"{prompt} {group}")
    high, wide = shape.patches
    volume = 3 * shape.vision["temporal_patch_size"] * shape.vision["patch_size"] ** 2
    generator = torch.Generator().manual_seed(0)
    picture = PictureInputs(
        pixel_values=torch.randn(high * wide, volume, generator=generator),
        image_grid_thw=torch.tensor([[1, high, wide]]),
    )
    shown = high * wide // shape.vision["spatial_merge_size"] ** 2
    start = [START, *[IMAGE] * shown, END]
    start += [draw.randrange(800) for _ in range(prompt - len(start))]
    turn = (completion - OBSERVATION) // 2
    rows = []
    for _ in range(GROUP):
        ids = list(start)
        first = PolicySpan(start=len(ids), stop=len(ids) + turn)
        ids += [draw.randrange(800) for _ in range(turn + OBSERVATION)]
        second = PolicySpan(start=len(ids), stop=len(ids) + turn)
        ids += [draw.randrange(800) for _ in range(turn)]
        rows.append(
            PolicyRow(
                ids=tuple(ids), spans=(first, second), sampled=(-6.0,) * (2 * turn), images=("picture",), group=group
            )
        )
    return rows, picture


class Clock(TrainerCallback):  # type: ignore[misc]
    """Seconds of every update."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        _wait()
        self.started = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        _wait()
        self.seconds.append(time.perf_counter() - self.started)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class OwnScoring(GraphGRPOTrainer):
    """TRL's own scoring of the same batch: padded rows, pictures once a row."""

    def __init__(self, *, picture: PictureInputs, **kwargs: Any) -> None:
        self._picture = picture
        super().__init__(**kwargs)

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        output = super()._generate_and_score_completions(inputs)
        count, device = len(self._rows), output["completion_ids"].device
        ids = torch.cat([output["prompt_ids"], output["completion_ids"]], 1)
        output["mm_token_type_ids"] = (ids == IMAGE).int()
        output["pixel_values"] = self._picture.pixel_values.to(device).repeat(count, 1)
        output["image_grid_thw"] = self._picture.image_grid_thw.to(device).repeat(count, 1)
        output["num_images"] = [1] * count
        return output

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        return super(GraphGRPOTrainer, self)._prepare_inputs(generation_batch)

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        return super(GraphGRPOTrainer, self)._get_per_token_logps_and_entropies(*args, **kwargs)


@contextlib.contextmanager
def trainer(kind: str, micro: int, options: argparse.Namespace, prompt: int) -> Iterator[tuple[Any, Clock]]:
    shape = SHAPES[options.shape]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    names = [f"question {number}" for number in range(options.groups)]
    made_rows = {name: rows_and_pixels(shape, prompt, options.completion, name) for name in names}
    picture = made_rows[names[0]][1]
    model = build_model(
        shape, mode=options.mode, attention=options.attention if kind == "tree" else "sdpa", device=device
    )
    clock = Clock()
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        args = GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=micro,
            gradient_accumulation_steps=options.groups * GROUP // micro,
            num_generations=GROUP,
            max_steps=TIMED + 1,
            max_completion_length=options.completion,
            bf16=device == "cuda",
            use_cpu=device == "cpu",
            gradient_checkpointing=True,
            gradient_checkpointing_kwargs={"use_reentrant": False},
            learning_rate=1e-6,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            temperature=1.0,
        )
        peft: dict[str, Any] = {}
        if options.mode == "lora":
            from peft import LoraConfig

            peft["peft_config"] = LoraConfig(
                r=16, lora_alpha=32, target_modules=r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
            )
        made = (GraphGRPOTrainer if kind == "tree" else OwnScoring)(
            **({} if kind == "tree" else {"picture": picture}),
            model=model,
            args=args,
            samples=names,
            rollout=lambda keys: [
                RewardedRow(row=made_rows[key][0][number % GROUP], rewards={"outcome": draw.random()})
                for number, key in enumerate(keys)
            ],
            scorer=RowScorer(pad=0, attention=options.attention, pixels=lambda _: picture, image_token=IMAGE),
            reward_weights={"outcome": 1.0},
            tokenizer=_tokenizer(shape.text["vocab_size"]),
            callbacks=[clock],
            **peft,
        )
        yield made, clock
    del made, model
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _tokenizer(size: int) -> Any:
    from tokenizers import Tokenizer, models

    words = {f"t{number}": number for number in range(size)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="t0")), pad_token="t0", eos_token="t1"
    )


def measure(kind: str, micro: int, options: argparse.Namespace, prompt: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": kind,
        "micro": micro,
        "groups": options.groups,
        "prompt": prompt,
        "mode": options.mode,
        "attention": options.attention if kind == "tree" else "sdpa",
    }
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        with trainer(kind, micro, options, prompt) as (made, clock):
            made.train()
            timed = clock.seconds[1:]
            tokens = options.groups * GROUP * (prompt + options.completion)
            found |= {
                "seconds": timed,
                "first": clock.seconds[0],
                "tokens_per_second": round(tokens / min(timed)),
            }
    except torch.OutOfMemoryError:
        found["out_of_memory"] = True
        gc.collect()
        torch.cuda.empty_cache()
    if torch.cuda.is_available():
        found["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
    print(json.dumps(found), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--mode", choices=("lora", "full"), default="lora")
    parser.add_argument("--attention", choices=("dense", "flex"), default="dense")
    parser.add_argument("--prompt", type=int, nargs="+", default=[200])
    parser.add_argument("--groups", type=int, default=4, help="questions an update, eight trajectories each")
    parser.add_argument("--completion", type=int, default=256)
    parser.add_argument("--micro", type=int, nargs="*", default=[8, 2, 1], help="micro-batches to try with TRL")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    results = []
    for prompt in options.prompt:
        results.append(measure("tree", options.groups * GROUP, options, prompt))
        results += [measure("trl", micro, options, prompt) for micro in options.micro]
        if options.out:
            options.out.write_text(json.dumps({"device": device, "results": results}, indent=1))


if __name__ == "__main__":
    main()

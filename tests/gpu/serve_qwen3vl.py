"""`maestro up` serves a Qwen3-VL of the 4B shape with random weights; the policy router decides about pictures on it.

    python tests/gpu/serve_qwen3vl.py [--dummy] [--eager] [--runs 64] [--vllm-arg=--enable-scale-out]

Needs a GPU of 40 GB or more, vllm, transformers and torchvision; no weights and no network. It writes configuration,
weights (normal, of the configuration's spread), tokenizer (one token a byte) and processor of the model into a
temporary folder, starts it by `maestro up` and, once it answers, sends runs with one and with two pictures through the
graph. With `--dummy` vLLM makes the weights up, so small that in bfloat16 no picture changes anything. Prints one line
of JSON; ends with 1 where a decision is not valid, a prompt does not begin with the one before, or another picture
changes nothing.

vLLM 0.32 opens the endpoints that take token ids with `--enable-scale-out`; 0.24 has them open and no such option.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

PORT = 8611
MODEL = "qwen3-vl-4b-shape"
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TEMPLATE = (
    "{%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}"
    "{%- if message.content is string %}{{ message.content }}{%- else %}{%- for part in message.content %}"
    "{%- if part.type in ('image', 'image_url') %}{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{%- elif part.type == 'text' %}{{ part.text }}{%- endif %}{%- endfor %}{%- endif %}"
    "{{ '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{%- endif %}"
)
BOUNDS = {"max_thought": 48, "max_query": 48, "max_answer": 48}


def write_tokenizer(folder: Path) -> Any:
    """One token a byte, and the control tokens of the family."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_config(folder: Path, tokenizer: Any, *, small: bool) -> None:
    """The published shape of Qwen3-VL-4B, or a tiny one with the same parts."""
    from transformers import Qwen3VLConfig

    ids = {text: tokenizer.convert_tokens_to_ids(text) for text in SPECIAL}
    text = {
        "vocab_size": 1024 if small else 151_936,
        "hidden_size": 64 if small else 2560,
        "intermediate_size": 128 if small else 9728,
        "num_hidden_layers": 4 if small else 36,
        "num_attention_heads": 4 if small else 32,
        "num_key_value_heads": 2 if small else 8,
        "head_dim": 128,
        "max_position_embeddings": 262_144,
        "rms_norm_eps": 1e-6,
        "rope_theta": 5_000_000,
        "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": [24, 20, 20]},
        "tie_word_embeddings": True,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
    }
    vision = {
        "depth": 4 if small else 24,
        "hidden_size": 64 if small else 1024,
        "intermediate_size": 128 if small else 4096,
        "num_heads": 4 if small else 16,
        "out_hidden_size": 64 if small else 2560,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [1, 2, 3] if small else [5, 11, 17],
    }
    config = Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
        architectures=["Qwen3VLForConditionalGeneration"],
        dtype="bfloat16",
    )
    config.save_pretrained(folder)


def write_weights(folder: Path) -> None:
    """Weights as an untrained model has them, drawn on the GPU where there is one."""
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen3VLForConditionalGeneration._from_config(
            Qwen3VLConfig.from_pretrained(folder), dtype=torch.bfloat16
        )
    model.save_pretrained(folder)


def write_processor(folder: Path, tokenizer: Any) -> None:
    """Pictures as the family cuts them: patches of 16, of which 2 x 2 make a token. Needs torchvision."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    cut: dict[str, Any] = {
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    images = Qwen2VLImageProcessor(size={"shortest_edge": 65_536, "longest_edge": 1_048_576}, **cut)
    videos = Qwen3VLVideoProcessor(**cut)
    Qwen3VLProcessor(
        image_processor=images, tokenizer=tokenizer, video_processor=videos, chat_template=TEMPLATE
    ).save_pretrained(folder)


def write_pictures(folder: Path) -> list[str]:
    """Two pictures of different size and content."""
    from PIL import Image, ImageDraw

    paths = []
    for number, (size, colour) in enumerate([((640, 480), "red"), ((384, 512), "blue")]):
        picture = Image.new("RGB", size, "white")
        draw = ImageDraw.Draw(picture)
        for at in range(3 + number):
            draw.ellipse((40 + 90 * at, 60 + 30 * at, 110 + 90 * at, 130 + 30 * at), fill=colour)
        path = folder / f"picture-{number}.png"
        picture.save(path)
        paths.append(str(path))
    return paths


def registry_of(model: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The registry that `maestro up` serves: a policy router."""
    args = ["--limit-mm-per-prompt", '{"image": 2, "video": 0}', *options.vllm_arg]
    if options.dummy:
        args += ["--load-format", "dummy"]
    serve = {
        "weights": str(model),
        "gpus": [0],
        "dtype": "bfloat16",
        "max_model_len": 16_384,
        "max_num_seqs": 64,
        "logprobs_mode": "processed_logprobs",
        "args": [*args, *(["--enforce-eager"] if options.eager else [])],
        "env": {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"},
        "start_s": options.start_s,
    }
    endpoint = {"base_url": f"http://127.0.0.1:{PORT}/v1", "model": MODEL, "serve": serve}
    return {
        "name": "gpu",
        "router": {
            "kind": "policy",
            "path": str(model),
            "endpoint": endpoint,
            "sampling": {"temperature": 1.0, "max_tokens": 512},
            "options": BOUNDS,
        },
    }


async def drive(registry_file: Path, pictures: list[str], runs: int) -> dict[str, Any]:
    """Runs with one picture and with two; what was decided, how fast, and whether pictures matter."""
    from maestro_graph.registry import RouterConfig, read_config
    from maestro_graph.routers.policy import build

    config, _ = read_config(registry_file)
    if not isinstance(config.router, RouterConfig):
        raise SystemExit("the registry names no router")
    router = build(config.router)
    found: dict[str, Any] = {}
    for images in (pictures[:1], pictures):
        await run_all(router, images, 2, 0)  # what the first requests compile
        found[f"{len(images)} pictures"] = await run_all(router, images, runs, 100)
    found["a picture changes the log-probabilities by"] = await difference(router, pictures)
    await router.aclose()
    return found


def two_experts() -> Any:
    """A registry of two experts that reply at once."""
    from maestro_graph import ExpertCard, ExpertReply, ExpertRequest, Registry

    class Oracle:
        def __init__(self, name: str) -> None:
            self.card = ExpertCard(name=name, description=f"Looks for {name}.")

        async def ask(self, request: ExpertRequest) -> ExpertReply:
            return ExpertReply(text="I see three circles.\nAnswer: 3", answer="3")

    return Registry(experts=[Oracle("shapes"), Oracle("colours")])


async def run_all(router: Any, images: Sequence[str], runs: int, seed: int) -> dict[str, Any]:
    from maestro_graph import Malformed, RouterTurn, RouterView, compile_maestro

    class Watched:
        def __init__(self) -> None:
            self.turns: list[tuple[RouterView, RouterTurn]] = []

        async def decide(self, view: RouterView) -> RouterTurn:
            turn: RouterTurn = await router.decide(view)
            self.turns.append((view, turn))
            return turn

    watched = Watched()
    graph = compile_maestro(two_experts(), watched)
    began = time.perf_counter()
    outs = await asyncio.gather(
        *(
            graph.ainvoke(
                {"question": f"How many circles are there ({at})?", "images": list(images)},
                context={
                    "max_turns": 3,
                    "max_calls": 3,
                    "deadline_s": 300,
                    "use_cache": False,
                    "router_sampling": {"seed": seed + at},
                },
            )
            for at in range(runs)
        )
    )
    seconds = time.perf_counter() - began
    records = [turn.tokens for _, turn in watched.turns if turn.tokens is not None]
    cut = [turn for _, turn in watched.turns if turn.tokens is not None and turn.tokens.finish == "length"]
    bad = [turn.text for _, turn in watched.turns if isinstance(turn.decision, Malformed) and turn not in cut]
    broken = 0
    for view, turn in watched.turns:
        if view.history and turn.tokens is not None and (before := view.history[-1].tokens) is not None:
            start = (*before.prompt_ids, *before.sampled_ids)
            broken += turn.tokens.prompt_ids[: len(start)] != start
    return {
        "runs": runs,
        "failed": sum(out["stop_reason"] == "router_failed" for out in outs),
        "decisions": len(watched.turns),
        "valid": len(watched.turns) - len(bad) - len(cut),
        "cut by length": len(cut),
        "malformed": bad[:3],
        "second turns": sum(bool(view.history) for view, _ in watched.turns),
        "broken prefixes": broken,
        "not finite": sum(not math.isfinite(value) for record in records for value in record.logprobs),
        "prompt tokens a decision": round(sum(len(r.prompt_ids) for r in records) / max(1, len(records))),
        "seconds": round(seconds, 2),
        "decisions a second": round(len(watched.turns) / seconds, 2),
        "sampled tokens a second": round(sum(len(record.sampled_ids) for record in records) / seconds, 1),
    }


async def difference(router: Any, pictures: Sequence[str]) -> dict[str, float]:
    """Largest difference of a first token's log-probability: the same picture again, and another of the same size."""
    from PIL import Image

    from maestro_graph import RouterTurn, RouterView, compile_maestro

    first = Path(pictures[0])
    other = first.with_name("other.png")
    Image.new("RGB", Image.open(first).size, "green").save(other)
    seen: list[RouterTurn] = []

    class Once:
        async def decide(self, view: RouterView) -> RouterTurn:
            turn: RouterTurn = await router.decide(view)
            seen.append(turn)
            return turn

    graph = compile_maestro(two_experts(), Once())
    for path in (first, first, other):
        context = {"max_turns": 1, "deadline_s": 120, "router_sampling": {"temperature": 0.0}}
        await graph.ainvoke({"question": "What is it?", "images": [str(path)]}, context=context)
    values = [turn.tokens.logprobs for turn in seen if turn.tokens is not None]

    def apart(one: Sequence[float], two: Sequence[float]) -> float:
        return max((abs(a - b) for a, b in zip(one, two, strict=False)), default=math.nan)

    return {"the same": apart(values[0], values[1]), "another": apart(values[0], values[2])}


def verdict(found: dict[str, Any], *, dummy: bool) -> bool:
    """Whether everything is as it should be."""
    parts = [item for name, item in found.items() if name.endswith("pictures")]
    changed = found["a picture changes the log-probabilities by"]
    return (dummy or changed["another"] > changed["the same"]) and all(
        part["failed"] == 0
        and part["valid"] > 0
        and not part["malformed"]
        and part["broken prefixes"] == part["not finite"] == 0
        for part in parts
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--eager", action="store_true", help="no compilation, no CUDA graphs: starts sooner")
    parser.add_argument("--dummy", action="store_true", help="weights made up by vLLM")
    parser.add_argument("--small", action="store_true", help="a tiny model of the same parts")
    parser.add_argument("--start-s", type=float, default=400.0)
    parser.add_argument("--vllm-arg", action="append", default=[], help="a further option of vllm serve")
    parser.add_argument("--logs", type=Path, help="folder for the server's log; by default it goes when the test ends")
    parser.add_argument("--only-write", type=Path, help="write the model's folder here and end")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        pictures = write_pictures(options.drive.parent)
        found = asyncio.run(drive(options.drive, pictures, options.runs))
        print(json.dumps(found), flush=True)
        return 0 if verdict(found, dummy=options.dummy) else 1
    with tempfile.TemporaryDirectory() as work:
        model = options.only_write or Path(work) / "model"
        model.mkdir(parents=True, exist_ok=True)
        tokenizer = write_tokenizer(model)
        write_config(model, tokenizer, small=options.small)
        write_processor(model, tokenizer)
        if not options.dummy:
            write_weights(model)
        if options.only_write:
            return 0
        file = Path(work) / "registry.yaml"
        file.write_text(yaml.safe_dump(registry_of(model, options)), encoding="utf-8")
        again = [sys.executable, __file__, "--drive", str(file), "--runs", str(options.runs)]
        again += ["--dummy"] if options.dummy else []
        maestro = [sys.executable, "-c", "from maestro_graph.cli import main; main()"]
        words = [*maestro, "up", "-r", str(file), "--python", sys.executable, "--logs", str(options.logs or work)]
        words += ["--", *again]
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(words, env={**os.environ, "PYTHONPATH": paths}).returncode


if __name__ == "__main__":
    sys.exit(main())

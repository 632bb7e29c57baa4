"""Ten GRPO updates under FSDP on two GPUs beside the same ten on one: the losses, and the time.

Fixed synthetic trajectories (two turns of the policy, an observation between them) with the log-probabilities of the
model as it starts, through the trainer that `maestro train policy` uses. Both runs see the same questions in every
update; their seconds are those of the updates alone.

    python benchmarks/two_gpus.py --shape 1b --out two.json

`--shape tiny --device cpu` runs the same with two gloo processes in a minute and says nothing about speed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

GROUP = 8
STEPS = 10
TEXT = {"max_position_embeddings": 8192, "tie_word_embeddings": True}
SHAPES: dict[str, dict[str, Any]] = {
    "1b": {
        "vocab_size": 49_152,
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_hidden_layers": 20,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
    },
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
    },
}


def fsdp_config() -> str:
    """The file for `accelerate launch --config_file` that ships."""
    return str(files("maestro_training.policy").joinpath("configs", "accelerate", "fsdp2.yaml"))


def build_model(shape: str, attention: str, device: str) -> Any:
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from maestro_training.policy._head import add_scoring_head

    torch.manual_seed(0)
    with torch.device(device):
        model = Qwen3ForCausalLM(Qwen3Config(**TEXT, **SHAPES[shape])).float()
    if attention == "flex":
        model.config._attn_implementation = "flex_attention"
    return add_scoring_head(model)


def made_rows(options: argparse.Namespace, name: str) -> list[Any]:
    """A group: one prompt, then what each member wrote and was shown, of its own length."""
    from maestro_training.policy._rows import PolicyRow, PolicySpan

    draw = random.Random(name)
    words = SHAPES[options.shape]["vocab_size"] - 8
    start = [draw.randrange(words) for _ in range(options.prompt)]
    rows = []
    for _ in range(GROUP):
        ids, spans = list(start), []
        for _ in range(2):
            turn = draw.randint(options.turn // 2, options.turn)
            spans.append(PolicySpan(start=len(ids), stop=len(ids) + turn))
            ids += [draw.randrange(words) for _ in range(turn + options.turn // 4)]
        count = sum(span.stop - span.start for span in spans)
        rows.append(PolicyRow(ids=tuple(ids), spans=tuple(spans), sampled=(0.0,) * count, group=name))
    return rows


def with_start(model: Any, rows: list[Any], scorer: Any, device: str) -> list[Any]:
    """The rows as the model that starts would have sampled them."""
    from dataclasses import replace

    import torch

    with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        logps, _ = scorer(model, rows, device=next(model.parameters()).device)
    values, done = logps.float().tolist(), []
    for row in rows:
        count = len(row.policy_places)
        done.append(replace(row, sampled=tuple(values[:count])))
        values = values[count:]
    return done


def worker(options: argparse.Namespace) -> None:
    """One process of a run; the first one writes what was measured, after every update."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, TrainerCallback

    from maestro_training.policy._runs import RewardedRow
    from maestro_training.policy._scoring import RowScorer
    from maestro_training.policy._trl import GraphGRPOTrainer, GRPOConfig

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    local = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if options.device == "cuda" else "cpu"
    if options.device == "cuda":
        torch.cuda.set_device(local)
    scorer = RowScorer(pad=0, attention=options.attention)
    model = build_model(options.shape, options.attention, local)
    names = [f"question {number}" for number in range(options.groups)]
    rows = {name: with_start(model, made_rows(options, name), scorer, options.device) for name in names}
    rewards = {name: [random.Random(f"{name} {member}").random() for member in range(GROUP)] for name in names}
    found: dict[str, Any] = {"processes": processes, "seconds": [], "losses": [], "grad_norms": []}

    class Watch(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            self.started = _now()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            found["seconds"].append(_now() - self.started)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if "loss" not in logs:
                return
            found["losses"].append(float(logs["loss"]))
            found["grad_norms"].append(float(logs["grad_norm"]))
            if options.device == "cuda":
                found["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
            if rank == 0:
                Path(options.out).write_text(json.dumps(found))
                print(json.dumps({key: found[key][-1] for key in ("losses", "grad_norms", "seconds")}), flush=True)

    def rollout(keys: Any) -> list[Any]:
        return [
            RewardedRow(row=rows[key][number % GROUP], rewards={"outcome": rewards[key][number % GROUP]})
            for number, key in enumerate(keys)
        ]

    size = SHAPES[options.shape]["vocab_size"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({f"t{number}": number for number in range(size)}, unk_token="t0")),
        pad_token="t0",
        eos_token="t1",
    )
    with tempfile.TemporaryDirectory() as folder:
        args = GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=GROUP * options.micro,
            gradient_accumulation_steps=options.groups // (options.micro * processes),
            num_generations=GROUP,
            max_steps=STEPS,
            max_completion_length=4 * options.turn,
            bf16=options.device == "cuda",
            use_cpu=options.device == "cpu",
            gradient_checkpointing=True,
            gradient_checkpointing_kwargs={"use_reentrant": False},
            learning_rate=options.learning_rate,
            lr_scheduler_type="constant",
            report_to=[],
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
            temperature=1.0,
            seed=0,
        )
        if processes > 1 and options.device == "cpu":
            _shard_on_cpu()
        made = GraphGRPOTrainer(
            model=model,
            args=args,
            samples=names,
            rollout=rollout,
            scorer=scorer,
            reward_weights={"outcome": 1.0},
            tokenizer=tokenizer,
            callbacks=[Watch()],
        )
        made.train()
        found["sharded"] = type(next(made.model.parameters())).__name__ == "DTensor"
        found["wrapped"] = type(made.model_wrapped).__name__
        if rank == 0:
            Path(options.out).write_text(json.dumps(found))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _shard_on_cpu() -> None:
    """accelerate shards on GPUs only; all that it does works with gloo, once it takes the processes for such."""
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    state = PartialState(cpu=True)
    state._shared_state["distributed_type"] = state.distributed_type = DistributedType.MULTI_XPU


def _now() -> float:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _fsdp_variables() -> dict[str, str]:
    """What `accelerate launch` makes of the file, without mixed precision, which would round what is compared."""
    import yaml

    given = yaml.safe_load(Path(fsdp_config()).read_text())["fsdp_config"]
    found = {name.upper(): str(value).lower() for name, value in given.items()}
    found["FSDP_STATE_DICT_TYPE"] = str(given["fsdp_state_dict_type"])
    found["FSDP_AUTO_WRAP_POLICY"] = str(given["fsdp_auto_wrap_policy"])
    return {**found, "ACCELERATE_USE_FSDP": "true", "ACCELERATE_USE_CPU": "true"}


def run(options: argparse.Namespace, processes: int, file: Path) -> dict[str, Any]:
    """One run as a command; what came of it, or of as much as there was time for."""
    given = [str(Path(__file__).resolve()), "--worker", "--out", str(file)]
    for name in ("shape", "device", "attention", "prompt", "turn", "groups", "micro", "learning_rate"):
        given += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    environment = {**os.environ, "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}
    launch = [sys.executable]
    if processes > 1:
        if options.device == "cuda":
            launch += ["-m", "accelerate.commands.launch", "--config_file", fsdp_config()]
            launch += ["--num_processes", str(processes)]
        else:
            launch += ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
            environment |= _fsdp_variables()
    elif options.device == "cuda":
        environment["CUDA_VISIBLE_DEVICES"] = "0"
    try:
        done = subprocess.run([*launch, *given], env=environment, timeout=options.limit, check=False)
        status = str(done.returncode)
    except subprocess.TimeoutExpired:
        status = f"stopped after {options.limit} s"
    found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return {**found, "status": status}


def compared(one: dict[str, Any], several: dict[str, Any]) -> dict[str, Any]:
    """How far the losses part, and how much faster an update is; the first two updates warm up."""
    found: dict[str, Any] = {"single": one, "fsdp": several}
    pairs = list(zip(one.get("losses", []), several.get("losses", []), strict=False))
    found["updates_compared"] = len(pairs)
    if pairs:
        found["largest_difference"] = max(abs(left - right) for left, right in pairs)
    quick, slow = (sorted(item.get("seconds", [])[2:]) for item in (several, one))
    if quick and slow:
        found["speed_up"] = slow[len(slow) // 2] / quick[len(quick) // 2]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="tiny")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--attention", choices=("dense", "flex"), default="dense")
    parser.add_argument("--prompt", type=int, default=60)
    parser.add_argument("--turn", type=int, default=16)
    parser.add_argument("--groups", type=int, default=4, help="questions an update, eight trajectories each")
    parser.add_argument("--micro", type=int, default=1, help="groups of one forward pass")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--limit", type=float, default=110.0, help="seconds for each of the two runs")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.worker:
        worker(options)
        return
    parts = [options.out.with_suffix(f".{name}.json") for name in ("single", "fsdp")]
    results: list[dict[str, Any]] = []
    for processes, part in zip((1, 2), parts, strict=True):
        results.append(run(options, processes, part))
        options.out.write_text(json.dumps(compared(results[0], results[1] if len(results) > 1 else {}), indent=1))
    found = compared(*results)
    print(json.dumps({key: value for key, value in found.items() if key not in ("single", "fsdp")}))


if __name__ == "__main__":
    main()

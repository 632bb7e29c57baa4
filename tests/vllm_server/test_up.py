"""`maestro up` for real: served, used, killed in mid-run, restarted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml
from conftest import ENVIRONMENT, MODEL, START_S, free_port, serve_section

from maestro_graph import CallExpert, Registry, RouterTurn, RouterView, compile_maestro, load_registry
from maestro_graph.decisions import Answer
from maestro_graph.registry import EndpointConfig
from maestro_graph.serving import endpoint_state

MAESTRO = [sys.executable, "-c", "from maestro_graph.cli import main; main()"]
DEADLINE_S = 40.0


class AskOnce:
    """Asks the expert for a long text, then answers with what came."""

    async def decide(self, view: RouterView) -> RouterTurn:
        if view.evidence:
            return RouterTurn(decision=Answer(f"{view.evidence[-1].status}: {view.evidence[-1].text}"))
        return RouterTurn(decision=(CallExpert("smol", view.question),))


@pytest.fixture
def registry_file(smollm2_folder: Path, tmp_path: Path) -> Path:
    port = free_port()
    serve = serve_section(
        smollm2_folder,
        args=["--enforce-eager"],
        max_model_len=4096,
        max_num_seqs=8,
        env={**ENVIRONMENT, "VLLM_CPU_KVCACHE_SPACE": "1"},
    )
    endpoint = {"base_url": f"http://127.0.0.1:{port}/v1", "model": MODEL, "serve": serve}
    expert = {
        "name": "smol",
        "description": "Answers short questions.",
        "endpoint": endpoint,
        "sampling": {"max_tokens": 3000},
        "timeout_s": 600,
    }
    file = tmp_path / "registry.yaml"
    file.write_text(yaml.safe_dump({"name": "small", "experts": [expert]}))
    return file


class Up:
    """`maestro up` as a process."""

    def __init__(self, file: Path, python: Path, logs: Path) -> None:
        words = [*MAESTRO, "up", "-r", str(file), "--python", str(python), "--logs", str(logs)]
        self.errors = logs.parent / f"{logs.name}.stderr"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.endpoint = _endpoint(file)

    def wait(self) -> None:
        deadline = time.monotonic() + START_S
        while not endpoint_state(self.endpoint, 2.0).fine:
            assert self.process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline, self.errors.read_text()
            time.sleep(0.5)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().split() == ["part", "address", "model", "state", "process"]
        row = self.process.stdout.readline().split()
        assert row[:4] == ["smol", self.endpoint.base_url, MODEL, "ready"]
        self.server = psutil.Process(int(row[4]))
        self.workers = self.server.children(recursive=True)
        assert self.workers  # vLLM's engine is a process of its own


def _endpoint(file: Path) -> EndpointConfig:
    (expert,) = yaml.safe_load(file.read_text())["experts"]
    return EndpointConfig.model_validate({**expert["endpoint"], "serve": None})


@pytest.fixture
def up(registry_file: Path, vllm_python: Path, tmp_path: Path) -> Iterator[Callable[[], Up]]:
    started: list[Up] = []

    def start() -> Up:
        one = Up(registry_file, vllm_python, tmp_path / f"logs-{len(started)}")
        started.append(one)
        one.wait()
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(60)
        if one.process.stdout is not None:
            one.process.stdout.close()


def gone(processes: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes):
            return True
        time.sleep(0.2)
    return False


async def run(registry: Registry, question: str, deadline_s: float = DEADLINE_S) -> dict[str, Any]:
    graph = compile_maestro(registry, AskOnce())
    out: dict[str, Any] = await graph.ainvoke(
        {"question": question}, context={"deadline_s": deadline_s, "use_cache": False}
    )
    return out


async def generating(one: Up) -> None:
    """Wait until the server works on a request."""
    deadline = time.monotonic() + 30
    async with httpx.AsyncClient() as client:
        while time.monotonic() < deadline:
            text = (await client.get(one.endpoint.base_url.removesuffix("/v1") + "/metrics", timeout=30)).text
            if any(float(count) > 0 for count in re.findall(r"^vllm:num_requests_running\{.*\} (\S+)$", text, re.M)):
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the server has not begun to work on the request")


async def test_a_server_killed_in_mid_run_and_started_again(up: Callable[[], Up], registry_file: Path) -> None:

    first = up()
    registry = load_registry(registry_file)
    running = asyncio.create_task(run(registry, "Write a very long story about a river."))
    await generating(first)
    assert not running.done()
    began = time.monotonic()
    first.server.send_signal(signal.SIGKILL)

    out = await running
    assert time.monotonic() - began < DEADLINE_S + 5
    assert out["turns"][0]["status"] in {"failed", "unreachable", "timeout"}
    assert out["stop_reason"] in {"answered", "deadline"}
    if out["stop_reason"] == "answered":
        assert out["answer"].split(":")[0] == out["turns"][0]["status"]  # the router was told

    # `maestro up` says which server ended, ends with code 3 and leaves nothing behind.
    assert first.process.wait(60) == 3
    said = first.errors.read_text()
    assert f"smol at {first.endpoint.base_url} ended with signal SIGKILL" in said
    assert gone([first.server, *first.workers])

    second = up()
    again = await run(registry, "What is the capital of France? Answer in one short sentence.", deadline_s=240)
    assert again["turns"][0]["status"] == "ok"
    assert again["answer"].startswith("ok: ")

    # What is up already is used and not stopped; a command ends with its own code.
    words = [*MAESTRO, "up", "-r", str(registry_file), "--", sys.executable, "-c", "raise SystemExit(7)"]
    used = subprocess.run(words, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "200"})
    assert used.returncode == 7, used.stderr
    assert "in use" in used.stdout
    assert endpoint_state(second.endpoint, 5.0).fine

    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(60) == 0
    assert gone([second.server, *second.workers])


def test_a_server_that_dies_at_its_start_is_told_with_its_log(
    registry_file: Path, vllm_python: Path, tmp_path: Path
) -> None:
    data = yaml.safe_load(registry_file.read_text())
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.json").write_text(json.dumps({"model_type": "no-such-model"}))
    data["experts"][0]["endpoint"]["serve"]["weights"] = "empty"  # relative to the registry's file
    registry_file.write_text(yaml.safe_dump(data))
    words = [*MAESTRO, "up", "-r", str(registry_file), "--python", str(vllm_python), "--logs", str(tmp_path / "logs")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=START_S)
    assert done.returncode == 3, done.stderr
    assert "no-such-model" in done.stderr  # the end of its log
    assert "smol at http://127.0.0.1:" in done.stderr.splitlines()[-1]
    assert "ended with exit code 1" in done.stderr.splitlines()[-1]

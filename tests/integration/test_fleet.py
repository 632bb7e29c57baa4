"""Servers as real processes: a stand-in for vLLM that takes its options and answers as it does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from maestro_graph import MaestroError
from maestro_graph.registry import RegistryConfig
from maestro_graph.serving import Fleet, Launcher, Server, ServerDied, StopFlag, plan_servers

pytestmark = pytest.mark.real

# `--model X`: `serves` answers after a moment, `dies` ends with code 5, `hangs` never listens, `stubborn` ignores TERM.
# Each starts a worker, as vLLM does.
STAND_IN = """
import argparse, http.server, json, os, signal, subprocess, sys, time
parser = argparse.ArgumentParser()
for name in ("model", "host", "port", "dtype", "generation-config", "gpu-memory-utilization"):
    parser.add_argument(f"--{name}")
parser.add_argument("--served-model-name", nargs="*")
options = parser.parse_args()
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("worker", worker.pid, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
if options.model == "dies":
    print("no such weights", flush=True)
    sys.exit(5)
if options.model == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if options.model == "hangs":
    time.sleep(600)
class Models(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": [{"id": name} for name in options.served_model_name]}).encode())
    def log_message(self, *words):
        pass
time.sleep(0.3)
http.server.ThreadingHTTPServer((options.host, int(options.port)), Models).serve_forever()
"""


def launcher() -> Launcher:
    return Launcher((sys.executable, "-c", STAND_IN), positional=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def registry(*weights: str, **serve: Any) -> RegistryConfig:
    experts = [
        {
            "name": f"e{at}",
            "description": "d",
            "endpoint": {
                "base_url": f"http://127.0.0.1:{free_port()}/v1",
                "model": f"m{at}",
                "serve": {"weights": item, **serve},
            },
        }
        for at, item in enumerate(weights)
    ]
    return RegistryConfig.model_validate({"experts": experts})


def fleet(config: RegistryConfig, logs: Path, **options: Any) -> Fleet:
    return Fleet(plan_servers(config), launcher, logs, **options)


def pids(logs: Path) -> list[int]:
    return [int(log.read_text().split()[1]) for log in logs.glob("*.log")]


def all_gone(numbers: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in numbers):
            return True
        time.sleep(0.05)
    return False


def test_servers_come_up_together_and_go_together(tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    config = registry("serves", "serves")
    with fleet(config, tmp_path, said=lambda server: said.append((server.plan.name, server.state))) as up:
        up.start()
        assert up.wait_ready()
        with fleet(config, tmp_path / "second") as other:  # finds them up, and leaves them so
            other.start()
            assert other.wait_ready()
            assert [server.state for server in other.servers] == ["in use", "in use"]
        up.check()
        processes = [server.process.pid for server in up.servers if server.process]
        workers = pids(tmp_path)
    assert len(workers) == 2
    assert all_gone([*processes, *workers])
    assert sorted(said) == sorted((f"e{at}", state) for at in range(2) for state in ("starting", "ready", "stopped"))


def test_one_that_dies_takes_the_others_along(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerDied, match="ended with exit code 5") as caught,
        fleet(registry("serves", "dies"), tmp_path) as up,
    ):
        up.start()
        up.wait_ready()
    assert caught.value.tail[-1] == "no such weights"
    assert all_gone(pids(tmp_path))


def test_one_that_dies_later_is_noticed(tmp_path: Path) -> None:
    with fleet(registry("serves"), tmp_path) as up:
        up.start()
        up.wait_ready()
        assert up.servers[0].process is not None
        os.kill(up.servers[0].process.pid, signal.SIGKILL)
        with pytest.raises(ServerDied, match="ended with signal SIGKILL"):
            up.watch()
    assert all_gone(pids(tmp_path))  # its worker did not outlive it


def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(MaestroError, match=r"does not serve its model after 1 s \(start_s\)"),
        fleet(registry("hangs", start_s=1.0), tmp_path) as up,
    ):
        up.start()
        up.wait_ready()
    assert all_gone(pids(tmp_path))


def test_servers_of_one_gpu_start_one_after_the_other(tmp_path: Path) -> None:
    order: list[str] = []

    def said(server: Server) -> None:
        order.append(f"{server.plan.name} {server.state}")

    with fleet(registry("serves", "serves", gpus=[3], gpu_memory_utilization=0.4), tmp_path, said=said) as up:
        up.start()
        assert up.wait_ready()
    assert order[:4] == ["e0 starting", "e0 ready", "e1 starting", "e1 ready"]
    assert {log.read_text().split()[2] for log in tmp_path.glob("*.log")} == {"3"}


def test_a_second_request_to_stop_does_not_wait_for_the_stubborn(tmp_path: Path) -> None:
    flag = StopFlag()
    with fleet(registry("stubborn"), tmp_path, stop=flag) as up:
        up.start()
        assert up.wait_ready()
        flag.count = 2
        began = time.monotonic()
    assert time.monotonic() - began < 25  # without the second request it is 30 s
    assert all_gone(pids(tmp_path))


def test_a_port_that_somebody_else_listens_on(tmp_path: Path) -> None:
    first, second = registry("serves"), registry("serves")
    url = first.experts[0].endpoint.base_url if first.experts[0].endpoint else ""
    data = second.model_dump(mode="json")
    data["experts"][0]["endpoint"].update(base_url=url, model="another")
    with fleet(first, tmp_path) as up:
        up.start()
        assert up.wait_ready()
        with (
            pytest.raises(MaestroError, match=r"something listens there .*does not serve 'another'"),
            fleet(RegistryConfig.model_validate(data), tmp_path / "second") as other,
        ):
            other.start()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_the_command_stops_what_it_started_when_interrupted(tmp_path: Path, number: int, code: int) -> None:
    """A `vllm` on the PATH that never answers; the command is interrupted while it waits."""
    stub = tmp_path / "bin" / "vllm"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -c "$STAND_IN" --model "$@"\n')
    stub.chmod(0o755)
    file = tmp_path / "r.yaml"
    file.write_text(yaml.safe_dump(registry("hangs").model_dump(mode="json", exclude_unset=True)))
    logs = tmp_path / "logs"
    words = [sys.executable, "-c", "from maestro_graph.cli import main; main()", "up", "-r", str(file)]
    job = subprocess.Popen(
        [*words, "--logs", str(logs)],
        env={**os.environ, "PATH": f"{stub.parent}:{os.environ['PATH']}", "STAND_IN": STAND_IN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if logs.exists() and any("worker" in log.read_text() for log in logs.glob("*.log")):
            break
        time.sleep(0.05)
    job.send_signal(number)
    out, err = job.communicate(timeout=60)
    assert (job.returncode, out) == (code, "")
    assert "maestro: interrupted" in err
    assert all_gone(pids(logs))

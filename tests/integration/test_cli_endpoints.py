"""The command line against a real HTTP server that speaks the OpenAI protocol."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_server import OpenAIServer, say, stall

from maestro_graph import read_trace

pytestmark = pytest.mark.real

MAESTRO = [sys.executable, "-c", "from maestro_graph.cli import main; main()"]
KEY = "sk-integration-secret"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


class Models(http.server.BaseHTTPRequestHandler):
    """`/v1/models` as the first part of the path says: `ok`, `other`, `none`, `denied`, `moved`, `broken`, `slow`."""

    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        type(self).seen.append((self.path, self.headers.get("Authorization")))
        bodies = {"ok": {"data": [{"id": "expert"}]}, "other": {"data": [{"id": f"m{i}"} for i in range(9)]}}
        status = {"none": 404, "denied": 401, "moved": 302, "failing": 503}.get(kind, 200)
        if kind == "slow":
            time.sleep(3)
        self.send_response(status)
        if kind == "moved":
            self.send_header("Location", "/elsewhere/v1/models")
        self.end_headers()
        self.wfile.write(json.dumps(bodies.get(kind, "no list")).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def models() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    Models.seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", Models.seen
        running.shutdown()
        thread.join()


def registry(tmp_path: Path, url: str, *, key: bool = True) -> str:
    secret = ", api_key_env: INTEGRATION_KEY" if key else ""
    path = tmp_path / "registry.yaml"
    path.write_text(
        "experts:\n  - name: expert\n    description: Answers questions.\n    timeout_s: 20\n"
        f"    endpoint: {{base_url: '{url}', model: expert{secret}}}\n"
        f"router: {{kind: chat, endpoint: {{base_url: '{url}', model: router{secret}}}}}\n"
    )
    return str(path)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "INTEGRATION_KEY": KEY, "COLUMNS": "200", **environment}
    return subprocess.run([*MAESTRO, *arguments], env=env, capture_output=True, text=True, timeout=90)


def test_an_ensemble_of_endpoints_answers(server: OpenAIServer, tmp_path: Path) -> None:
    server.script("router", say("<search> expert: What is it? </search>"), say(f"<answer> {KEY} 42 </answer>"))
    server.script("expert", say(f"You sent {KEY}.\nAnswer: 42", usage=(1000, 100)))
    trace = tmp_path / "t.jsonl"
    done = run("ask", "What is it?", "-r", registry(tmp_path, server.base_url), "--json", "--trace", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["answer"], found["stop_reason"], found["usage"]["input_tokens"]) == (f"{KEY} 42", "answered", 1020)
    assert server.of("expert")[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in trace.read_text()
    (recorded,) = read_trace(trace)
    assert recorded.complete
    assert recorded.calls[0].text == "You sent ***.\nAnswer: 42"


def test_endpoints_that_nobody_serves_are_exit_code_3(tmp_path: Path) -> None:
    done = run("ask", "What?", "-r", registry(tmp_path, "http://127.0.0.1:9/v1"), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["stop_reason"] == "router_failed"
    assert done.stderr.startswith("maestro: no expert could be reached: router (unreachable): ")
    assert done.stderr.count("\n") == 1


def test_a_missing_key_is_bad_input(server: OpenAIServer, tmp_path: Path) -> None:
    done = run("ask", "What?", "-r", registry(tmp_path, server.base_url), "--json", INTEGRATION_KEY="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'INTEGRATION_KEY'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupt_closes_the_connection_and_keeps_the_trace(server: OpenAIServer, tmp_path: Path) -> None:
    server.script("router", say("<search> expert: What is it? </search>"))
    server.script("expert", stall())
    trace = tmp_path / "t.jsonl"
    words = ["ask", "What is it?", "-r", registry(tmp_path, server.base_url), "--json", "--trace", str(trace)]
    job = subprocess.Popen(
        [*MAESTRO, *words],
        env={**os.environ, "INTEGRATION_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if server.of("expert"):
            break
        time.sleep(0.05)
    job.send_signal(signal.SIGINT)
    out, err = job.communicate(timeout=20)
    assert (job.returncode, out, err) == (130, "", "maestro: interrupted\n")
    (recorded,) = read_trace(trace)
    assert (recorded.complete, recorded.calls[0].status) == (False, None)


@pytest.mark.parametrize(
    ("kind", "fine", "words"),
    [
        ("ok", True, "answers and serves the model"),
        ("none", True, "answers, but lists no models (HTTP 404)"),
        ("other", False, "does not serve 'expert'; it serves: m0, m1, m2, m3, m4 and 4 more"),
        ("denied", False, "HTTP 401: the key in INTEGRATION_KEY is not accepted"),
        ("moved", False, "HTTP 302"),
        ("failing", False, "HTTP 503"),
        ("broken", False, "not as an OpenAI-compatible service"),
        ("slow", False, "no answer"),
    ],
)
def test_registry_check_says_how_an_endpoint_is(
    models: tuple[str, list[tuple[str, str | None]]], tmp_path: Path, kind: str, fine: bool, words: str
) -> None:
    url, seen = models
    path = registry(tmp_path, f"{url}/{kind}/v1")
    done = run("registry", "check", path, "--json", "--timeout", "1")
    expert = json.loads(done.stdout)["parts"][0]
    assert (expert["what"], expert["fine"]) == ("expert expert", fine)
    assert words in expert["words"]
    assert KEY not in done.stdout + done.stderr
    assert all(path == f"/{kind}/v1/models" and sent == f"Bearer {KEY}" for path, sent in seen)
    # The model "router" is in no list, so the registry as a whole is fine only where there are no lists.
    assert done.returncode == (0 if kind == "none" else 3)


def test_registry_check_without_keys_and_servers(tmp_path: Path) -> None:
    done = run("registry", "check", registry(tmp_path, "http://127.0.0.1:9/v1"), INTEGRATION_KEY="")
    assert done.returncode == 3
    assert "the environment variable INTEGRATION_KEY with its key is not set" in done.stdout
    done = run("registry", "check", registry(tmp_path, "http://127.0.0.1:9/v1", key=False))
    assert done.returncode == 3
    assert "no answer: " in done.stdout

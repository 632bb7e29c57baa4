"""The real command in processes of its own: streams, signals, and what is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PLUGIN

from maestro_graph import read_trace

Process = Callable[..., subprocess.CompletedProcess[str]]


def started(words: list[str], trace: Path, event: str) -> subprocess.Popen[str]:
    """The command, once its trace holds that event."""
    job = subprocess.Popen(
        words,
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if trace.exists() and f'"event": "{event}"' in trace.read_text():
            return job
        if job.poll() is not None:
            break
        time.sleep(0.05)
    job.kill()
    pytest.fail(f"no {event}: {job.communicate()}")


def test_noise_of_libraries_does_not_reach_stdout(process: Process, registry: str) -> None:
    done = process("ask", "noise", "-r", registry, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["answer"] == "noise"
    assert done.stdout.count("\n") == 1
    assert "noise from Python" in done.stderr
    assert "noise from native code" in done.stderr
    assert "a warning" not in done.stderr


def test_stdout_is_pure_even_where_stderr_is_closed(process: Process, registry: str, command: object) -> None:
    words = " ".join(f"'{word}'" for word in command("ask", "noise", "-r", registry, "--json"))  # type: ignore[operator]
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} 2>&-"],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["answer"] == "noise"


def test_texts_that_no_encoding_has(process: Process, registry: str) -> None:
    done = process("ask", 'say "\\ud800 \\u001b[31m €"', "-r", registry)
    assert done.returncode == 0
    assert "\\ud800 \\x1b[31m €" in done.stdout
    done = process("ask", 'say "€ é"', "-r", registry, "--json", encoding="latin-1", errors="strict")
    assert done.returncode == 0


def test_a_killed_run_leaves_a_readable_trace(command: Callable[..., list[str]], registry: str, tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    job = started(command("ask", "sleep 60", "-r", registry, "--trace", str(trace)), trace, "call_started")
    job.kill()
    assert job.communicate()[0] == ""
    (run,) = read_trace(trace)
    assert (run.complete, run.question, run.answer) == (False, "sleep 60", None)
    assert [(call.expert, call.status) for call in run.calls] == [("first", None)]


@pytest.mark.parametrize("question", ["sleep 60", "block 60"])
def test_an_interrupt_ends_the_command_at_once(
    command: Callable[..., list[str]], registry: str, tmp_path: Path, question: str
) -> None:
    """Also while an expert works in a thread, which cannot be stopped: the process would stay for a minute."""
    trace = tmp_path / "t.jsonl"
    job = started(command("ask", question, "-r", registry, "--json", "--trace", str(trace)), trace, "call_started")
    job.send_signal(signal.SIGINT)
    out, err = job.communicate(timeout=20)
    assert (job.returncode, out, err) == (130, "", "maestro: interrupted\n")
    (run,) = read_trace(trace)
    assert (run.complete, run.calls[0].status) == (False, None)


def test_a_deadline_does_not_wait_for_a_thread(process: Process, registry: str) -> None:
    done = process("ask", "block 300", "-r", registry, "--deadline", "0.5", "--json")  # 60 s are allowed
    assert done.returncode == 3
    assert json.loads(done.stdout)["turns"][0]["status"] == "timeout"


def test_a_reader_that_goes_away_is_no_error_message(process: Process, command: Callable[..., list[str]]) -> None:
    job = subprocess.Popen(command("graph"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout is not None
    assert job.stderr is not None
    job.stdout.close()
    assert job.stderr.read() == ""
    assert job.wait(timeout=60) == 141
    job.stderr.close()


def test_progress_is_shown_on_a_terminal_alone(command: Callable[..., list[str]], registry: str) -> None:
    ours, theirs = os.openpty()
    words = command("ask", 'say "[bold]24[/bold]\\u001b[0m"', "-r", registry, "--json")
    done = subprocess.run(
        words,
        env={**os.environ, "PYTHONPATH": str(PLUGIN), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed and everything has been read
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert json.loads(done.stdout)["answer"] == "[bold]24[/bold]\x1b[0m"
    text = shown.decode()
    for words_shown in ("1. first:", "first at work", "[bold]24[/bold]\\x1b[0m", "2. answer"):
        assert words_shown in text


def modules_after(*arguments: str) -> set[str]:
    """What the command has imported when it ends."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, sep='\\n', file=open('modules.txt', 'w')))\n"
        "from maestro_graph.cli import main\nmain()"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, timeout=60, check=False)
    return set(Path("modules.txt").read_text().split())


def test_commands_import_no_more_than_they_need() -> None:
    heavy = {"langgraph", "langchain_core", "langchain_openai", "numpy", "cv2", "onnxruntime", "torch"}
    assert not modules_after("--help") & (heavy - {"langgraph", "langchain_core"})  # commands of plugins have them
    assert not modules_after("ask", "What?", "-i", "nowhere.png") & heavy
    assert not modules_after("registry", "show", "paper") & (heavy - {"langgraph", "langchain_core"})
    Path("t.jsonl").touch()
    assert not modules_after("trace", "show", "t.jsonl") & heavy


def test_asking_imports_nothing_that_it_does_not_use(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGIN))
    found = modules_after("ask", "hello", "-r", registry)
    assert "langgraph" in found
    assert not found & {"langchain_openai", "openai", "cv2", "onnxruntime", "scipy", "skimage", "sympy", "torch"}

"""Hostile code in the real sandbox: stopped or without effect, reported with a reason, and the next run works."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest

from maestro_graph.errors import CallFailure, MaestroError
from maestro_skills.sandbox import (
    UNSAFE_VARIABLE,
    Bubblewrap,
    Limits,
    UnsafeSubprocess,
    check_asserts,
    check_folder,
    choose_sandbox,
    split_asserts,
)

pytestmark = pytest.mark.real

LIMITS = Limits(seconds=3.0, cpu_seconds=2)
HOSTILE = {
    "reads the shadow file": "def f():\n    open('/etc/shadow').read()\n    return 1",
    "lists the home directory": f"import os\ndef f():\n    os.listdir({str(Path.home())!r})\n    return 1",
    "connects to this machine": "import socket\ndef f():\n    return socket.create_connection(('127.0.0.1', 22), 1)",
    "connects elsewhere": "import socket\ndef f():\n    socket.create_connection(('192.0.2.1', 80), 1)\n    return 1",
    "forks without end": "import os\ndef f():\n    while True:\n        os.fork()",
    "starts threads without end": (
        "import threading, time\ndef f():\n"
        "    while True:\n        threading.Thread(target=time.sleep, args=(9,)).start()"
    ),
    "allocates 8 GB": "def f():\n    x = bytearray(8 << 30)\n    return 1",
    "writes 10 GB to one file": (
        "def f():\n    h = open('/tmp/x', 'wb')\n"
        "    for _ in range(10_000):\n        h.write(bytes(1_000_000))\n    return 1"
    ),
    "writes 10 GB to many files": (
        "def f():\n    for n in range(1000):\n        open(f'/tmp/{n}', 'wb').write(bytes(10_000_000))\n    return 1"
    ),
    "writes to the system": "def f():\n    open('/usr/bin/x', 'w')\n    return 1",
    "runs for ever": "def f():\n    while True:\n        pass",
    "sleeps for ever": "import time\ndef f():\n    time.sleep(1e6)",
    "prints for ever": "def f():\n    while True:\n        print('x' * 10_000)",
    "kills its parent": "import os\ndef f():\n    os.kill(os.getppid(), 9)\n    os.kill(-1, 9)\n    return 0",
    "exits with success": "import os\nos._exit(0)",
    "exits with success later": "import os\ndef f():\n    os._exit(0)",
    "raises SystemExit": "raise SystemExit(0)",
    "prints a pass": "print('pass'); print('maestro-result:{\"value\": 1}')\ndef f():\n    return 0",
    "equals everything": "class E:\n    def __eq__(self, other):\n        return True\ndef f():\n    return E()",
    "is a number that equals everything": (
        "class E(int):\n    def __eq__(self, other):\n        return True\ndef f():\n    return E(7)"
    ),
    "replaces the comparison": "import operator\noperator.eq = lambda a, b: True\ndef f():\n    return 0",
    "is nested without end": "def f():\n    x = []\n    x.append(x)\n    return x",
    "is no Python": "def f(:",
}


@pytest.fixture
def sandbox() -> Bubblewrap:
    found = choose_sandbox()
    assert isinstance(found, Bubblewrap), "install bubblewrap (apt-get install bubblewrap)"
    return found


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_code_does_not_pass_and_says_why(sandbox: Bubblewrap, source: str) -> None:
    result = await check_asserts(source, "assert f() == 1", sandbox, limits=LIMITS)
    assert result.verdict in ("fail", "blocked")
    assert result.reason
    after = await check_asserts("def f():\n    return 1", "assert f() == 1", sandbox, limits=LIMITS)
    assert after.verdict == "pass"


@pytest.mark.parametrize(
    ("source", "check", "verdict"),
    [
        ("def f(x):\n    return x * 2", "assert f(3) == 6", "pass"),
        ("def f(x):\n    return x * 2", "assert 6 == f(3)", "pass"),
        ("def f(x):\n    return x", "assert f(3) == 6", "fail"),
        (
            "def f():\n    return {1: (2, {3})}, 1.5, 'é', None, b'x'",
            "assert f() == ({1: (2, {3})}, 1.5, 'é', None, b'x')",
            "pass",
        ),
        ("def f():\n    return set()", "assert f() == set()", "pass"),
        ("def f():\n    return 10 ** 30", "assert f() == 10000000000000000000000000000000", "fail"),
        ("def f():\n    return 10 ** 30", "assert f() == 1000000000000000000000000000000", "pass"),
        ("def f():\n    return [3, 1]", "assert sorted(f()) == [1, 3]", "pass"),
        ("def f():\n    return 1.2345", "assert round(f(), 2) == 1.23", "pass"),
        ("sorted = lambda x: [1, 3]\ndef f():\n    return [9]", "assert sorted(f()) == [1, 3]", "fail"),
        ("def f():\n    return [3]", "assert f()", "pass"),
        ("def f():\n    return []", "assert not f()", "pass"),
        ("def f():\n    return None", "assert f() is None", "pass"),
        ("def f():\n    return 2", "assert f() in [1, 2]\nassert f() != 3", "pass"),
        ("def f():\n    return 2", "assert f() == 2\nassert f() == 3", "fail"),
    ],
)
async def test_honest_code_is_judged_by_its_result(sandbox: Bubblewrap, source: str, check: str, verdict: str) -> None:
    assert (await check_asserts(source, check, sandbox, limits=LIMITS)).verdict == verdict


async def test_the_inside_sees_nothing_of_the_outside(
    sandbox: Bubblewrap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAESTRO_TEST_SECRET", "s3cret")
    (tmp_path / "secret").write_text("s3cret", encoding="utf-8")
    source = (
        "import os\n"
        "def f(path):\n"
        "    return [os.environ.get('MAESTRO_TEST_SECRET'), os.path.exists(path), os.getuid() == 0, os.listdir('/tmp')]"
    )
    check = f"assert f({str(tmp_path / 'secret')!r}) == [None, False, False, []]"
    result = await check_asserts(source, check, sandbox, limits=LIMITS)
    assert result.verdict == "pass", result.reason


async def test_cancelling_ends_the_program(sandbox: Bubblewrap) -> None:
    source = "import time\ndef f():\n    open('/tmp/maestro-mark', 'w')\n    time.sleep(60)"
    task = asyncio.create_task(check_asserts(source, "assert f() == 1", sandbox, limits=Limits(seconds=50)))
    await asyncio.sleep(0.5)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 10
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    for child in children:
        assert b"bwrap" not in Path(f"/proc/{child}/cmdline").read_bytes()


@pytest.mark.parametrize("check", ["f() == 1", "assert abs(f() - 1) < 1", "assert f() == g()", "x = 1", "assert (", ""])
def test_other_checks_are_refused(check: str) -> None:
    with pytest.raises(ValueError, match=r"check|literal"):
        split_asserts(check)


async def test_a_folder_with_a_manifest(sandbox: Bubblewrap, tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("def f():\n    return 1", encoding="utf-8")
    (tmp_path / "bad.py").write_text("import os\nos._exit(0)", encoding="utf-8")
    manifest = [
        {"file": "good.py", "assert": "assert f() == 1", "expect": "pass"},
        {"file": "bad.py", "assert": "assert f() == 1", "expect": "blocked"},
        {"file": "good.py", "assert": "assert f() == 2", "expect": "pass"},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    rows = await check_folder(tmp_path, sandbox, limits=LIMITS)
    assert [row.agrees for row in rows] == [True, True, False]


async def test_a_broken_manifest_is_a_clear_error(sandbox: Bubblewrap, tmp_path: Path) -> None:
    with pytest.raises(MaestroError, match=r"manifest\.json"):
        await check_folder(tmp_path, sandbox)


def test_without_a_sandbox_it_refuses_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(UNSAFE_VARIABLE, raising=False)
    with pytest.raises(CallFailure, match="bubblewrap") as caught:
        choose_sandbox()
    assert caught.value.kind == "refused"
    monkeypatch.setenv(UNSAFE_VARIABLE, "yes")
    with pytest.raises(CallFailure):
        choose_sandbox()
    monkeypatch.setenv(UNSAFE_VARIABLE, "I-understand")
    assert isinstance(choose_sandbox(), UnsafeSubprocess)


async def test_the_unsafe_subprocess_judges_alike() -> None:
    result = await check_asserts("def f():\n    return 1", "assert f() == 1", UnsafeSubprocess(), limits=LIMITS)
    assert result.verdict == "pass"
    result = await check_asserts("def f():\n    while True: pass", "assert f() == 1", UnsafeSubprocess(), limits=LIMITS)
    assert result.verdict == "blocked"
    assert result.run is not None
    assert result.run.exit_code in (-signal.SIGKILL, -signal.SIGXCPU)

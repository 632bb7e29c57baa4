"""The worker process: hostile expressions, threads, death and rebirth, and nothing left at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro_evaluation import score
from maestro_evaluation._symbolic_calls import SYMBOLIC
from maestro_evaluation._worker import Worker
from maestro_graph.errors import MissingExtraError

pytestmark = pytest.mark.real

SYMBOLIC_RULES = ("geometry3k.verl", "geometry3k.easyr1_r1v", "mathvision.official", "zoombench.official_rule")
HOSTILE = (
    *("9**9**9**9", "9^{9^{9^9}}", "10!!!!!", "99999999!", "(x+y)**3000", "1e400000000"),
    *("(" * 5000, "\\frac{1}{" * 800 + "2" + "}" * 801, "9" * 15_000, "\\sqrt{" * 500),
)
PIECES = (
    *("\\boxed{", "\\frac", "\\sqrt", "{", "}", "(", ")", ",", "^", "*", "/", "-", "1", "2", "x", "pi", "%", "=", "!"),
    *("<answer>", "</answer>", "\\text{", "\\left", "is ", ".", "B", "\n", " ", "\ud800", "infty", "[", "]", "|"),
)
texts = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("maestro_evaluation._symbolic", feature="a test")
    yield made
    made.close()


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:12])
def test_hostile_expressions_are_not_equal(expression: str) -> None:
    for rule in ("geometry3k.verl", "mathvision.official"):
        assert score(rule, f"\\boxed{{{expression}}}", "3", {"options": []}) == 0.0


def test_a_hostile_question_delays_no_other(worker: Worker) -> None:
    with ThreadPoolExecutor(9) as pool:
        hostile = [pool.submit(worker.call, "mathruler", "9**9**9**9", "2x", seconds=30.0) for _ in range(4)]
        harmless = [pool.submit(worker.call, "mathruler", "0.5", "\\frac{1}{2}", seconds=30.0) for _ in range(8)]
        assert [call.result() for call in harmless] == [True] * 8
        assert not any(call.done() for call in hostile)
        worker.close()
        assert [call.result() for call in hostile] == [None] * 4


def test_it_starts_anew_after_it_was_killed(worker: Worker) -> None:
    assert worker.call("mathruler", "1", "1.0", seconds=10.0) is True
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert worker.call("mathruler", "1", "1.0", seconds=10.0) is True
    assert worker.pid not in {None, first}


def test_a_failing_call_gives_nothing_and_the_next_one_works(worker: Worker) -> None:
    assert worker.call("no such task", seconds=10.0) is None
    assert worker.call("latex", "2^3", "8", seconds=10.0) is True


def test_threads_share_one_process() -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: score("geometry3k.verl", f"\\boxed{{{n}}}", str(n + n % 2)), range(24)))
    assert results == [1.0, 0.0] * 12
    assert SYMBOLIC.pid is not None


def test_a_forked_child_has_a_worker_of_its_own(worker: Worker) -> None:
    worker.start()
    program = (
        "import os\n"
        "from maestro_evaluation import score\n"
        "from maestro_evaluation._symbolic_calls import SYMBOLIC\n"
        "assert score('geometry3k.verl', r'\\boxed{2}', '2.0') == 1.0\n"
        "before = SYMBOLIC.pid\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    right = score('geometry3k.verl', r'\\boxed{2}', '2.0') == 1.0 and SYMBOLIC.pid != before\n"
        "    SYMBOLIC.close()\n"
        "    os._exit(0 if right else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert score('geometry3k.verl', r'\\boxed{2}', '2.0') == 1.0 and SYMBOLIC.pid == before\n"
    )
    run_program(program)


def test_nothing_is_left_at_the_end() -> None:
    program = (
        "from maestro_evaluation import score\n"
        "from maestro_evaluation._symbolic_calls import SYMBOLIC\n"
        "score('geometry3k.verl', r'\\boxed{2}', '3')\n"
        "print(SYMBOLIC.pid)\n"
    )
    pid = int(run_program(program))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_left_when_its_owner_is_killed() -> None:
    program = (
        "import os, signal\n"
        "from maestro_evaluation._symbolic_calls import SYMBOLIC\n"
        "SYMBOLIC.start()\n"
        "print(SYMBOLIC.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    status = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        subprocess.run(["sleep", "0.1"], check=True)
    else:
        pytest.fail("the worker outlived its owner")


def test_a_missing_library_is_named() -> None:
    lacking = Worker("maestro_evaluation._symbolic", feature="a test", needs=("no_such_library",))
    with pytest.raises(MissingExtraError, match=r"no_such_library.*maestro-graph\[eval\]"):
        lacking.call("mathruler", "1", "2", seconds=1.0)


def test_python_is_never_evaluated(tmp_path: Path) -> None:
    target = tmp_path / "made"
    payload = f"__import__('os').mkdir({str(target)!r})"
    spelled = "().__class__.__base__.__subclasses__()"
    for rule in SYMBOLIC_RULES:
        for text in (payload, spelled, f"({payload})+1", f"x.{payload}"):
            for wrapped in (text, f"\\boxed{{{text}}}", f"<answer>{text}</answer>"):
                assert score(rule, wrapped, "2x", {"options": []}) in {0.0, None}
                assert score(rule, "2x", wrapped, {"options": []}) in {0.0, None}
    assert not target.exists()


@pytest.mark.parametrize("rule", SYMBOLIC_RULES)
@settings(max_examples=40)
@given(prediction=texts, answer=st.one_of(texts, st.none(), st.integers(), st.lists(texts, max_size=2)))
def test_total(rule: str, prediction: str, answer: Any) -> None:
    value = score(rule, prediction, answer, {"options": ["1", "x"]})
    assert value in {0.0, 1.0} or (value is None and rule == "zoombench.official_rule")


def run_program(program: str) -> str:
    """What the program prints, which must be all: no warning, no error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout

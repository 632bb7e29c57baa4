"""HumanEval-V's rule in the real sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from maestro_evaluation import score

pytestmark = pytest.mark.real

SIGNATURE = 'def solution(x: int) -> int:\n    """\n    Return the value shown.\n    """\n'
TESTS = "def test():\n    assert solution(1) == 2\n    assert solution(-1) == 0\n\ntest()"
BODY = "    return x + 1\n"
GOOD = f"def solution(x):\n{BODY}"


def scored(reply: Any, tests: str = TESTS) -> float | None:
    return score("humanevalv.official", reply, tests, {"function_signature": SIGNATURE, "timeout_s": 2})


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{GOOD}```",
        f"```python\n{BODY}```",
        f"{BODY}```",
        f"```\n{GOOD}```",
        f"``` python\n{GOOD}```",
        f"```python\n{GOOD}```\nUse it:\n```python\nprint(solution(1))\n```",
        f"```python\ndef solution(x):\n    return 9\n```\nBetter:\n```python\n{GOOD}```",
        "```python\ndef solution(x):\n    import math\n    print('noise')\n    return math.floor(x) + 1\n```",
        "```python\nclass One:\n    def add(self, y):\n        return y + 1\n"
        "def solution(x):\n    return One().add(x)\n```",
    ],
)
def test_passes(reply: str) -> None:
    assert scored(reply) == 1.0


@pytest.mark.parametrize(
    "reply",
    [
        *("", GOOD, None, 5, "```python\ndef solution(x)\n    return x + 1\n```"),
        "```python\nsolution = lambda x: x + 1\n```",
        "```python\nONE = 1\ndef solution(x):\n    return x + ONE\n```",
        "```python\ndef solution(x):\n    if x > 5:\n        return no_such_name\n    return x + 1\n```",
        "```python\ndef solution(x):\n    while True:\n        pass\n```",
        "```python\nimport os\ndef solution(x):\n    os._exit(0)\n```",
        "```python\nimport atexit, os\ndef solution(x):\n    atexit.register(os._exit, 0)\n    raise SystemExit\n```",
        "```python\nclass Any:\n    def __eq__(self, other):\n        return True\n"
        "def solution(x):\n    return Any()\n```",
        "```python\ndef solution(x):\n    open('/etc/shadow').read()\n    return x + 1\n```",
        "```python\ndef solution(x):\n" + "    if x:\n" * 2 + "(" * 5000 + "\n```",
        "```python\n\0\ud800\n```",
    ],
)
def test_fails(reply: Any) -> None:
    assert scored(reply) == 0.0


def test_tests_of_another_form_are_run_as_they_are() -> None:
    assert scored(f"```python\n{GOOD}```", "for x in range(3):\n    assert solution(x) == x + 1") == 1.0
    assert scored(f"```python\n{GOOD}```", "for x in range(3):\n    assert solution(x) == x") == 0.0


@pytest.mark.parametrize("tests", [None, 3, "def", "assert solution(1) == 3", "raise ValueError"])
def test_any_tests(tests: Any) -> None:
    assert score("humanevalv.official", f"```python\n{GOOD}```", tests, {"function_signature": SIGNATURE}) in {0.0, 1.0}


async def test_within_an_event_loop() -> None:
    assert scored(f"```python\n{GOOD}```") == 1.0
    assert await asyncio.to_thread(scored, f"```python\n{GOOD}```") == 1.0

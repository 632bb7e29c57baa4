"""HumanEval-V: pass@1 of the code in the reply, run against the sample's tests in a sandbox.

The code is the reply's fence (of several, the last one that defines `solution`); a body alone gets the signature before
it. Imports, classes and functions are kept, all else on module level is lost, lambdas too. The program is the
signature's stub, the code and the tests; what pylint calls an error fails, and so does any exception, `SystemExit`
included, or more than two seconds.

The published harness runs the code in its own process. Here it runs in the sandbox, and where the tests are plain
asserts, their calls are run again and the results compared outside, so that no object that equals everything passes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from maestro_evaluation._lint_calls import prepare
from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._sandbox import run_code
from maestro_evaluation._text import as_text, hit, to_float

__all__ = ["AGGREGATES", "RULES", "pass_at_k"]

SECONDS = 2.0
MOST_SECONDS = 60.0


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    limit = to_float(meta.get("timeout_s"))
    seconds = limit if limit is not None and 0 < limit <= MOST_SECONDS else SECONDS
    program = prepare(as_text(prediction), as_text(meta.get("function_signature")), as_text(answer))
    if program is None or program.errors:
        return 0.0
    return hit(run_code(program.source, program.solution, program.checks, seconds=seconds))


def pass_at_k(passed: Mapping[str, Sequence[int]], k: int) -> float | None:
    """The unbiased estimate of pass@k in percent, to one decimal: 1 - C(n-c, k) / C(n, k), mean over questions.

    Args:
        passed: for each question, 1 or 0 for each of its samples.
        k: how many samples one may try.

    Returns:
        `None` where a question has fewer samples than `k`, or there is none.
    """
    if not passed or any(len(samples) < k for samples in passed.values()):
        return None
    shares = [
        1.0 - math.comb(len(samples) - sum(samples), k) / math.comb(len(samples), k) for samples in passed.values()
    ]
    return round(100.0 * sum(shares) / len(shares), 1)


def _aggregate(prediction: Any, answer: Any, meta: Meta) -> dict[str, float]:
    estimates = {f"pass@{k}": pass_at_k(meta["passed_by_qid"], k) for k in meta.get("k", (1,))}
    return {name: value for name, value in estimates.items() if value is not None}


RULES = (
    Rule(
        name="humanevalv.official",
        benchmark="HumanEval-V",
        source="HumanEval-V/HumanEval-V-Benchmark@c8c4e53cb4 evaluate.py::post_process, execution_tasks",
        scorer=_official,
    ),
)
AGGREGATES = {"humanevalv.passk": _aggregate}

"""Symbolic comparison, done in the worker process: some expressions never end, and those are killed."""

from __future__ import annotations

from maestro_evaluation._worker import Worker

__all__ = ["SYMBOLIC", "same_by_latex", "same_by_mathruler"]

SECONDS = 1.5
LONGEST = 20_000
"""Characters of one side; what is longer is compared as text alone."""

SYMBOLIC = Worker(
    "maestro_evaluation._symbolic",
    feature="symbolic comparison of answers",
    needs=("mathruler", "pylatexenc", "tqdm", "latex2sympy2_extended", "antlr4"),
)


def same_by_mathruler(given: str, truth: str) -> bool | None:
    """Whether mathruler grades them equal; `None` where it did not end in time."""
    return _same("mathruler", given, truth)


def same_by_latex(given: str, golds: list[str]) -> bool | None:
    """Whether it evaluates as LaTeX to the same number of two decimals as one of the answers, as MathVision does it."""
    return _same("latex", given, *golds)


def _same(task: str, *texts: str) -> bool | None:
    if max(map(len, texts)) > LONGEST:
        return texts[0] in texts[1:]
    result = SYMBOLIC.call(task, *texts, seconds=SECONDS)
    return result if isinstance(result, bool) else None

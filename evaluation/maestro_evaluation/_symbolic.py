"""The symbolic comparisons. Runs in the worker process; mathruler and latex2sympy are imported here alone."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

__all__ = ["TASKS", "same_by_latex", "same_by_mathruler", "warm"]

PLAIN = re.compile(r"[0-9A-Za-zͰ-Ͽ_\s+\-*/().,^!=<>√°]*")
ATTRIBUTE = re.compile(r"(?<![0-9])\.\s*[^\W\d]|__")
MIXED_NUMBER = re.compile(r"(\d)\s*\\frac")
ASSIGNMENT = re.compile(r"[a-z]=([^=]+)")
BARE_PERCENT = re.compile(r"(?<!\\)%")
UNREADABLE = ("\\circ", "\\boxed", "\\approx")
OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def warm() -> None:
    """Import what the comparisons need, and use it once, so that the first question pays for nothing."""
    same_by_mathruler("\\frac{1}{2}", "0.5")
    same_by_latex("2\\sqrt{3}", "3.46")


def same_by_mathruler(given: str, truth: str) -> bool:
    """mathruler's `grade_answer`, whose parser evaluates Python, behind a whitelist of what is mathematics."""
    from mathruler import grader

    if getattr(grader, "_sympy_parse", None) is not _parse_plain:
        _PARSERS.append(grader._sympy_parse)
        grader._sympy_parse = _parse_plain
    return bool(grader.grade_answer(given, truth))


_PARSERS: list[Callable[[str], Any]] = []


def _parse_plain(expression: str) -> Any:
    """Parse with sympy what has neither attributes, double underscores, quotes nor brackets; refuse the rest."""
    if not PLAIN.fullmatch(expression) or ATTRIBUTE.search(expression):
        raise ValueError("the expression is not plain mathematics")
    return _PARSERS[0](expression)


def same_by_latex(given: str, *golds: str) -> bool:
    """Whether one of the accepted answers is equal as a tuple of rounded numbers, or as a rounded number."""
    return any(_same_by_latex(given, gold) for gold in golds)


def _same_by_latex(given: str, gold: str) -> bool:
    gold, given = _rounded_tuple(gold), _rounded_tuple(given)
    if gold == given:
        return True
    try:
        return bool(round(_value(gold), 2) == round(_value(given), 2))
    except Exception:  # noqa: BLE001 - as below
        return False


def _rounded_tuple(text: str) -> str:
    """A tuple or list in brackets with its members rounded; the text itself where a member has no value."""
    parts = text[1:-1].split(",")
    if len(parts) < 2 or (text[0], text[-1]) not in {("(", ")"), ("[", "]")}:
        return text
    try:
        rounded = [part if "infty" in part or part in {"a", "-a"} else str(round(_value(part), 2)) for part in parts]
    except Exception:  # noqa: BLE001 - the parser raises whatever it likes at what it cannot read
        return text
    return f"{text[0]}{','.join(rounded)}{text[-1]}"


def _value(latex: str) -> Any:
    """The number that a piece of LaTeX without variables stands for, whole numbers as integers."""
    from latex2sympy2_extended import latex2sympy

    if any(mark in latex for mark in UNREADABLE) or BARE_PERCENT.search(latex):
        raise ValueError("the published parser does not read this")
    if found := ASSIGNMENT.fullmatch(latex.strip()):
        latex = found[1]
    written = str(latex2sympy(MIXED_NUMBER.sub(r"\1\\cdot\\frac", latex.rstrip("."))))
    return _evaluated(ast.parse(written, mode="eval").body)


def _evaluated(node: ast.expr) -> Any:
    """Arithmetic and the functions of `math`, nothing else."""
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return int(number) if isinstance(number, float) and number.is_integer() else number
        case ast.Name(id=name) if not name.startswith("_") and hasattr(math, name):
            return getattr(math, name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_evaluated(left), _evaluated(right))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_evaluated(operand))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_evaluated(left), _evaluated(right))
        case ast.Call(func=ast.Name() as function, args=arguments, keywords=[]):
            return _evaluated(function)(*map(_evaluated, arguments))
        case _:
            raise ValueError("no arithmetic")


TASKS: dict[str, Callable[..., Any]] = {"mathruler": same_by_mathruler, "latex": same_by_latex}

"""Check a function against an assert so that the code cannot decide its own verdict.

For `assert f(arguments) == value` only the call runs inside; what comes out is data, compared outside with a value that
the inside never sees. Neither a changed test, nor an object that equals everything, nor an exit status passes.
"""

from __future__ import annotations

import ast
import builtins
import json
import operator
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from maestro_skills.sandbox._base import Limits, Run, Sandbox

__all__ = ["Check", "CheckResult", "Verdict", "check_asserts", "split_asserts"]

Verdict = Literal["pass", "fail", "blocked"]
"""`blocked`: the sandbox stopped it (a limit, a forbidden file, the network)."""

MARK = "maestro-result:"
MAX_DEPTH = 50
BLOCKED = {"PermissionError", "BlockingIOError", "MemoryError", "ConnectionError", "ConnectionRefusedError"}
BLOCKED |= {"OSError", "FileNotFoundError", "gaierror", "TimeoutError", "ProcessLookupError"}

DRIVER = """
import sys as _sys, json as _json, os as _os
_out = _os.dup(1)
def _plain(value, depth=0):
    if depth > {depth}: raise ValueError("the result is nested too deeply")
    kind = type(value)
    if value is None or kind in (bool, str): return value
    if kind is int: return {{"int": str(value)}} if abs(value) >= 2**53 else value
    if kind is float: return {{"float": repr(value)}}
    if kind is complex: return {{"complex": repr(value)}}
    if kind is bytes: return {{"bytes": value.hex()}}
    if kind in (list, tuple, set, frozenset):
        return {{kind.__name__: [_plain(item, depth + 1) for item in value]}}
    if kind is dict:
        return {{"dict": [[_plain(k, depth + 1), _plain(v, depth + 1)] for k, v in value.items()]}}
    for base in (bool, int, float, str, bytes, list, tuple, set, frozenset, dict):
        if isinstance(value, base): return _plain(base(value), depth + 1)
    raise TypeError("the result is a " + kind.__name__ + ", which is no plain value")
def _say(record):
    _os.write(_out, ("\\n{mark}" + _json.dumps(record) + "\\n").encode())
try:
    _space = {{"__name__": "__main__"}}
    exec(compile({source!r}, "<solution>", "exec"), _space)
    _say({{"value": _plain(eval(compile({call!r}, "<call>", "eval"), _space))}})
except BaseException as _error:
    _say({{"error": type(_error).__name__, "text": str(_error)[:500]}})
"""


COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda value, expected: value is expected if expected is None else value == expected,
    ast.IsNot: lambda value, expected: value is not expected if expected is None else value != expected,
    ast.In: lambda value, expected: value in expected,
    ast.NotIn: lambda value, expected: value not in expected,
}
EMPTY: dict[str, Callable[..., Any]] = {
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "list": list,
    "dict": dict,
}
OUTSIDE: dict[str, Callable[..., Any]] = {
    **EMPTY,
    "abs": abs,
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "sorted": sorted,
    "str": str,
    "sum": sum,
}
SCALARS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "complex": complex,
    "bytes": bytes.fromhex,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The verdict on a piece of code, and why.

    Attributes:
        verdict: `pass`, `fail` or `blocked`.
        reason: one line, for the repair prompt and the reader.
        run: how the program ended.
    """

    verdict: Verdict
    reason: str
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """An assert taken apart: the call that runs inside, and what is asked of its result outside.

    Attributes:
        call: source of the call.
        compare: the comparison, result first.
        expected: the literal it is compared with.
    """

    call: str
    compare: Callable[[Any, Any], Any]
    expected: Any


def split_asserts(checks: str) -> list[Check]:
    """Take asserts apart: `assert f(…) == value` and the like (`!=`, `<`, `in`, `is`, a bare or negated call).

    Raises:
        ValueError: one has another form; it could be judged inside only, where code can cheat.
    """
    try:
        body = ast.parse(checks.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the check is no Python: {error}") from error
    if not body or not all(isinstance(statement, ast.Assert) for statement in body):
        raise ValueError(f"the check {checks.strip()[:100]!r} is not made of asserts")
    return [_split(statement.test) for statement in body if isinstance(statement, ast.Assert)]


def _split(test: ast.expr) -> Check:
    match test:
        case ast.Call() as call:
            return _check_of(call, lambda value, _: bool(value), True)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
            return _check_of(call, lambda value, _: not value, False)
        case ast.Compare(left=ast.Call() as call, ops=[op], comparators=[other]) if type(op) in COMPARISONS:
            return _check_of(call, COMPARISONS[type(op)], _literal(other))
        case ast.Compare(left=other, ops=[ast.Eq()], comparators=[ast.Call() as call]):
            return _check_of(call, operator.eq, _literal(other))
        case _:
            raise ValueError(f"the check {ast.unparse(test)[:100]!r} is not of the form 'f(arguments) == value'")


def _check_of(call: ast.Call, compare: Callable[[Any, Any], Any], expected: Any) -> Check:
    """The check of a call; built-in functions around it (`sorted(f(x))`, `round(f(x), 2)`) are applied outside."""
    match call:
        case ast.Call(func=ast.Name(id=name), args=[ast.Call() as inner, *rest], keywords=[]) if name in OUTSIDE:
            around, more = OUTSIDE[name], [_literal(item) for item in rest]
            return _check_of(inner, lambda value, wanted: compare(around(value, *more), wanted), expected)
        case ast.Call(func=ast.Name(id=name)) if hasattr(builtins, name):
            raise ValueError(
                f"the check calls {name!r} itself, which the code could replace; it must call its function"
            )
    return Check(ast.unparse(call), compare, expected)


def _literal(node: ast.expr) -> Any:
    try:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[], keywords=[]) if name in EMPTY:
                return EMPTY[name]()
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in EMPTY:
                return EMPTY[name](ast.literal_eval(inner))
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"the expected value {ast.unparse(node)[:100]!r} is no literal") from error


async def check_asserts(source: str, checks: str, sandbox: Sandbox, *, limits: Limits | None = None) -> CheckResult:
    """Run `source` and the calls of `checks` in the sandbox, one program each, and compare the results here.

    Args:
        source: the code, which nobody trusts.
        checks: one or more asserts, `assert f(arguments) == value` with a literal value.
        sandbox: where it runs.
        limits: what it may use.
    """
    try:
        parts = split_asserts(checks)
    except ValueError as error:
        return CheckResult(verdict="fail", reason=str(error))
    result = CheckResult(verdict="fail", reason="there is no check")
    for part in parts:
        result = await _check(source, part, sandbox, limits or Limits())
        if result.verdict != "pass":
            break
    return result


async def _check(source: str, check: Check, sandbox: Sandbox, limits: Limits) -> CheckResult:
    mark = f"{MARK}{secrets.token_hex(8)}:"  # so that what the code prints is not taken for its result
    program = DRIVER.format(depth=MAX_DEPTH, mark=mark, source=source, call=check.call)
    run = await sandbox.run(program, limits=limits)
    return _judged(run, check, mark)


def _judged(run: Run, check: Check, mark: str) -> CheckResult:
    if run.outcome != "finished":
        words = {
            "timeout": "it ran longer than allowed and was stopped",
            "killed": "it was stopped by a limit",
            "too_much_output": "it wrote more than allowed and was stopped",
        }
        return CheckResult(verdict="blocked", reason=words[run.outcome], run=run)
    record = _record(run.stdout, mark)
    if record is None:
        stopped = "Resource temporarily unavailable" in run.stderr.decode("utf-8", "replace")
        verdict: Verdict = "blocked" if stopped else "fail"
        return CheckResult(verdict=verdict, reason="it ended before it gave a result", run=run)
    if "error" in record:
        name, text = str(record["error"]), str(record.get("text", ""))
        return CheckResult(verdict="blocked" if name in BLOCKED else "fail", reason=f"{name}: {text}", run=run)
    try:
        value = _revived(record.get("value"))
        holds = bool(check.compare(value, check.expected))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return CheckResult(verdict="fail", reason="its result could not be read", run=run)
    if holds:
        return CheckResult(verdict="pass", reason="the result is the expected one", run=run)
    return CheckResult(
        verdict="fail", reason=f"the result is {_short(value)}, expected {_short(check.expected)}", run=run
    )


def _record(stdout: bytes, mark: str) -> dict[str, Any] | None:
    for line in stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(mark):
            try:
                record = json.loads(line[len(mark) :])
            except (ValueError, RecursionError):
                return None
            return record if isinstance(record, dict) else None
    return None


def _revived(data: Any) -> Any:
    """Plain values from their tagged form: built here, of exact built-in types."""
    if data is None or isinstance(data, (bool, int, str)):
        return data
    if not (isinstance(data, dict) and len(data) == 1):
        raise ValueError("no tagged value")
    ((kind, inner),) = data.items()
    if kind in SCALARS:
        return SCALARS[kind](str(inner)[:4000])
    if kind == "dict":
        return {_revived(key): _revived(value) for key, value in inner}
    return EMPTY[kind](_revived(item) for item in inner)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "…"

"""The code of a HumanEval-V reply, and pylint's word on it. Runs in the worker process; pylint is imported here."""

from __future__ import annotations

import ast
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["TASKS", "code_of", "prepare", "warm"]

FENCE, PYTHON, SPACED = "```", "```python", "``` python"
DEFINITION = "def solution"
NOTHING = "    pass"
ALLOWED = "function-redefined"  # the stub is redefined by the code
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def warm() -> None:
    """Import pylint and let it load its checkers."""
    prepare("```python\ndef solution(x):\n    return x\n```", "def solution(x):\n", "solution(1)\n")


def prepare(reply: str, signature: str, tests: str) -> dict[str, Any]:
    """Code with stub, the same with tests, the tests as asserts, and pylint's errors."""
    stub = signature if signature.endswith("\n") else f"{signature}\n"
    code = code_of(reply)
    if code.startswith(("\n  ", "  ")):
        code = stub + code
    with suppress(*UNPARSABLE):  # it is then kept as it is, and pylint says what is wrong with it
        code = "\n".join(_kept(ast.parse(code)))
    solution = f"{stub}{NOTHING}\n\n{code}"
    source = f"{solution}\n\n{tests}"
    return {"solution": solution, "source": source, "checks": _asserts(tests), "errors": _errors(source)}


def code_of(reply: str) -> str:
    """What the reply's fence holds; of several Python fences, the last that defines `solution`."""
    if PYTHON in reply:
        blocks = [part.split(FENCE)[0] for part in reply.split(PYTHON)[1:]]
        return next((block for block in reversed(blocks) if DEFINITION in block), blocks[-1])
    if SPACED in reply:
        return reply.split(SPACED)[1].split(FENCE)[0]
    parts = reply.split(FENCE)
    return {1: NOTHING, 2: parts[0]}.get(len(parts), parts[1] if len(parts) > 1 else NOTHING)


def _kept(node: ast.AST, *, inside: bool = False) -> Iterator[str]:
    """Imports wherever they are; functions and classes that are in no other one."""
    match node:
        case ast.Import(names=names):
            yield from (f"import {_alias(name)}" for name in names)
        case ast.ImportFrom(module=module, names=names):
            yield from (f"from {module or ''} import {_alias(name)}" for name in names)
        case ast.FunctionDef() | ast.ClassDef():
            if not inside:
                yield ast.unparse(node)
            inside = True
    for child in ast.iter_child_nodes(node):
        yield from _kept(child, inside=inside)


def _alias(name: ast.alias) -> str:
    return f"{name.name} as {name.asname}" if name.asname else name.name


def _asserts(tests: str) -> str:
    """The asserts of tests that are functions of asserts, called without arguments, or asserts alone; else nothing."""
    try:
        statements = ast.parse(tests).body
    except UNPARSABLE:
        return ""
    found: list[ast.stmt] = []
    for statement in statements:
        match statement:
            case ast.FunctionDef(body=body):
                found += body
            case ast.Assert():
                found.append(statement)
            case ast.Expr(value=ast.Call(func=ast.Name(), args=[], keywords=[])):
                pass
            case _:
                return ""
    if not all(isinstance(statement, ast.Assert) for statement in found):
        return ""
    return "\n".join(ast.unparse(statement) for statement in found)


def _errors(source: str) -> list[str]:
    """Messages of pylint's categories error and fatal, with its defaults and no configuration file."""
    from pylint.lint import Run
    from pylint.reporters import JSONReporter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(source, encoding="utf-8", errors="replace")
        report = io.StringIO()
        options = ["--rcfile", os.devnull, "--persistent=n", "--disable=all", "--enable=E,F"]
        Run([*options, str(path)], reporter=JSONReporter(report), exit=False)
    return [str(found["message"]) for found in json.loads(report.getvalue()) if found["symbol"] != ALLOWED]


TASKS: dict[str, Callable[..., Any]] = {"prepare": prepare}

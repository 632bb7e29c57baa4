"""Take the code out of a reply and check it with pylint, in a worker process: hostile text can take a parser down."""

from __future__ import annotations

from dataclasses import dataclass

from maestro_evaluation._worker import Worker

__all__ = ["LINT", "Program", "prepare"]

SECONDS = 20.0
LONGEST = 200_000

LINT = Worker("maestro_evaluation._lint", feature="the rule humanevalv.official", needs=("pylint",))


@dataclass(frozen=True, slots=True)
class Program:
    """The code of a reply, ready to run.

    Attributes:
        solution: signature stub and code.
        source: the same with the tests.
        checks: the tests as asserts, one a line, if they are nothing else; else empty.
        errors: what pylint calls errors.
    """

    solution: str
    source: str
    checks: str
    errors: tuple[str, ...]


def prepare(reply: str, signature: str, tests: str) -> Program | None:
    """The program of a reply, `None` where parsing it did not end well."""
    if max(map(len, (reply, signature, tests))) > LONGEST:
        return None
    record = LINT.call("prepare", reply, signature, tests, seconds=SECONDS)
    if not isinstance(record, dict):
        return None
    return Program(record["solution"], record["source"], record["checks"], tuple(record["errors"]))

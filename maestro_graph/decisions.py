"""Decisions: what a router can decide at a step. A closed union; match it with `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Answer", "Call", "CallExpert", "CallSkill", "Decision", "Malformed"]


@dataclass(frozen=True, slots=True)
class CallExpert:
    """Ask an expert directly."""

    expert: str
    query: str


@dataclass(frozen=True, slots=True)
class CallSkill:
    """Run a Level-1 skill on an expert. `skill` is the skill's protocol name."""

    expert: str
    skill: str
    query: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Stop, with this answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A router turn that is no decision. The router sees `problem` once and can repair it.

    Attributes:
        kind: `text` where the turn does not follow the protocol, `length` where the limit of tokens cut it.
    """

    text: str
    problem: str
    kind: Literal["text", "length"] = "text"


Call: TypeAlias = CallExpert | CallSkill
Decision: TypeAlias = CallExpert | CallSkill | Answer

"""Options of a question, lettered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from random import Random

from maestro_evaluation.loaders._row import LETTERS

__all__ = ["in_text", "letter_question", "shuffled", "with_options"]

MARKED = re.compile(r"^[ \t]*\(?([A-J])[).:]\s*(\S.*?)\s*$", re.MULTILINE)


def with_options(question: str, options: Mapping[str, str]) -> str:
    """The question, and below it the options with their letters."""
    return "\n".join([question.strip(), *(f"{letter}. {text}" for letter, text in options.items())])


def letter_question(question: str, options: Mapping[str, str]) -> str:
    """As `with_options`, asking for the letter."""
    return f"{with_options(question, options)}\nAnswer with the letter of the right option."


def in_text(text: str) -> tuple[str, dict[str, str]]:
    """The question and its options from a text that holds both; no options where it has no lines `A. …`, `(A) …`."""
    found = list(MARKED.finditer(text))
    letters = [match[1] for match in found]
    if len(found) < 2 or letters != list(LETTERS[: len(found)]):
        return text.strip(), {}
    return text[: found[0].start()].strip(), {match[1]: match[2] for match in found}


def shuffled(options: Mapping[str, str], answer: str, key: str) -> tuple[dict[str, str], str]:
    """The options in an order that depends on the key alone, and the answer's new letter."""
    order = list(options)
    Random(hashlib.sha256(key.encode()).digest()).shuffle(order)  # noqa: S311 - no secret
    moved = {letter: options[old] for letter, old in zip(LETTERS, order, strict=False)}
    return moved, LETTERS[order.index(answer)]

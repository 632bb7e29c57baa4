"""Other forms of a question that ask the same: a policy that knows one wording by heart has learnt little."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

__all__ = ["forms"]

DROP = 0.12
"""Chance that a word is left out."""

WRAPPINGS = (
    "{}",
    "{}",
    "{}",
    "Please look at the picture. {}",
    "{} Answer briefly.",
    "{} Give a number.",
    "{} Reply with the answer only.",
    "Can you tell me this? {}",
    "In the picture: {}",
)

PHRASES: tuple[tuple[str, Sequence[str]], ...] = (
    (r"^How many (.+?) are there\b", (r"Count the \1", r"What is the number of \1", r"Give the number of \1")),
    (r"^How many (.+?) can be seen\b", (r"Count the visible \1", r"What is the number of \1")),
    (r"^What is the value of\b", ("What does it say for", "Give the value of", "How much is")),
    (r"^What value has\b", ("Tell the value of", "How large is", "What is the figure for")),
    (r"^What is\b", ("Tell me", "Give", "Find", "What would be")),
    (r"^Give\b", ("What is", "Tell me", "Find")),
    (r"^How (large|high) is\b", ("What is the value of", "Read off")),
    (r"\bpicture\b", ("image", "drawing")),
)

STEPS: tuple[tuple[str, Sequence[str]], ...] = (
    (
        r"(?:add (?P<n>[\d.]+) to .*|increase (?:that number|it) by (?P<m>[\d.]+))",
        ("How much is it with {} more?", "And {} on top?", "What is the sum of that and {}?", "Plus {}.", "{} added?"),
    ),
    (
        r"(?:subtract (?P<n>[\d.]+) from .*|(?:decrease|reduce) .* by (?P<m>[\d.]+)|take (?P<k>[\d.]+) away .*)",
        (
            "How much is left without {}?",
            "Less {}.",
            "What remains if {} are gone?",
            "What is it minus {}?",
            "{} fewer?",
        ),
    ),
    (
        r"(?:multiply .* by (?P<n>[\d.]+)|give (?P<m>[\d.]+) times that number\.?)",
        ("What are {} of them worth?", "Take it {} times.", "How much is {} times as much?", "Multiplied by {}?"),
    ),
    (
        r"(?:divide .* by (?P<n>[\d.]+)|split that number into (?P<m>[\d.]+) equal parts.*)",
        ("How much is each of {} shares?", "Shared among {}, what does each get?", "Divided by {}?", "One part of {}?"),
    ),
    (
        r"(?:find|what is|work out) (?P<n>[\d.]+) ?(?:%|percent) of .*",
        ("How much is {} percent of that?", "And {}% of it?", "Take {} per cent."),
    ),
)
"""What is to be calculated with a result, and other ways to say it."""


def forms(question: str, count: int) -> tuple[str, ...]:
    """`count` forms of a question, itself the first; the same in every process.

    Known phrases are said otherwise, words are left out (never a number or what is in quotes or capitals, which may be
    what is asked about), and what surrounds a question is changed.
    """
    rng = np.random.default_rng(list(hashlib.sha256(question.encode("utf-8", "replace")).digest()))
    return (question, *(_form(question, rng) for _ in range(count - 1)))


def _form(question: str, rng: np.random.Generator) -> str:
    text = question
    for pattern, others in PHRASES:
        if rng.random() < 0.5 and re.search(pattern, text):
            text = re.sub(pattern, others[int(rng.integers(len(others)))], text, count=1)
    text = _other_step(text, rng)
    words = text.split()
    kept = [word for word in words if not word.strip(".,;:?!").islower() or rng.random() >= DROP]
    wrapping = WRAPPINGS[int(rng.integers(len(WRAPPINGS)))]
    return wrapping.format(" ".join(kept))


def _other_step(text: str, rng: np.random.Generator) -> str:
    """The last sentence said otherwise, where it asks for a step of arithmetic."""
    head, _, tail = text.rpartition("? ")
    for pattern, others in STEPS:
        found = re.fullmatch(rf"(?:then )?{pattern}", tail, re.I)
        if head and found and rng.random() < 0.5:
            (number,) = (value for value in found.groupdict().values() if value is not None)
            return f"{head}? {others[int(rng.integers(len(others)))].format(number.rstrip('.'))}"
    return text

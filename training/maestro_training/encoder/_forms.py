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
    (r"\bMultiply (?:the result|that number|it) by\b", ("Take it times", "What do you get times", "Then multiply by")),
    (r"\bAdd (\d+) to (?:that number|it|the result)", (r"Now add \1", r"How much is it with \1 more")),
    (r"\bSubtract (\d+) from (?:that number|it|the result)", (r"Now take away \1", r"How much is it with \1 less")),
    (r"\bpicture\b", ("image", "drawing")),
)


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
    words = text.split()
    kept = [word for word in words if not word.strip(".,;:?!").islower() or rng.random() >= DROP]
    wrapping = WRAPPINGS[int(rng.integers(len(WRAPPINGS)))]
    return wrapping.format(" ".join(kept))

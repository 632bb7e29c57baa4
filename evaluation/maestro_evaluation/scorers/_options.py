"""The multiple-choice matcher of VLMEvalKit (vlmeval/utils/matching_util.py), which several benchmarks use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from maestro_evaluation._rule import Meta
from maestro_evaluation._text import as_options, as_text, hit

__all__ = ["NO_OPTION", "chosen_option", "first_rule_option", "score_option"]

NO_OPTION = "Z"
"""The letter of a reply that chooses none of the options."""

PUNCTUATION = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
LAST_TOKENS = 4
REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
CALL_FAILED = "Failed to obtain answer via API"
STATED = re.compile(r"answer\s+is\s+\**([ABCD])", re.IGNORECASE)


def chosen_option(prediction: str, options: Mapping[str, str]) -> str | None:
    """The option that a reply chooses: its only letter if that is near the end, a statement, or its text.

    Args:
        prediction: the reply.
        options: texts by upper-case letter.

    Returns:
        A letter of the options, `Z` for none of them, `None` where the rule cannot tell.
    """
    if CALL_FAILED not in prediction:
        if any(refusal in prediction for refusal in REFUSALS):
            return NO_OPTION
        tokens = prediction.translate(PUNCTUATION).split()
        letters = _letters(tokens, options)
        if len(letters) == 1 and tokens.index(letters[0]) >= len(tokens) - LAST_TOKENS:
            return letters[0]
        if not letters and NO_OPTION in tokens:
            return NO_OPTION
        stated = STATED.search(prediction)
        if stated and stated[1].upper() in options:
            return stated[1].upper()
    if len(prediction) > 2 * sum(map(len, options.values())):
        return None
    return _by_text(prediction, options)


def first_rule_option(prediction: str, options: Mapping[str, str]) -> str | None:
    """The older form of the matcher: the only letter, wherever it is, or the only option's text, however long."""
    if CALL_FAILED not in prediction:
        if any(refusal in prediction for refusal in REFUSALS):
            return NO_OPTION
        tokens = prediction.translate(PUNCTUATION).split()
        letters = _letters(tokens, options)
        if len(letters) == 1:
            return letters[0]
        if not letters and NO_OPTION in tokens:
            return NO_OPTION
    return _by_text(prediction, options)


def _letters(tokens: list[str], options: Mapping[str, str]) -> list[str]:
    present = set(tokens)
    return [letter for letter in options if letter in present]


def _by_text(prediction: str, options: Mapping[str, str]) -> str | None:
    lowered = prediction.lower()
    found = [letter for letter, text in options.items() if text.lower() in lowered]
    return found[0] if len(found) == 1 else None


def score_option(prediction: Any, answer: Any, meta: Meta) -> float:
    """1.0 where the matcher finds the answer's letter; a reply it cannot read is wrong."""
    chosen = chosen_option(as_text(prediction).strip(), as_options(meta.get("options")))
    return hit((chosen or NO_OPTION) == as_text(answer))

"""Names of a table in the words of a question, spelling errors and plurals allowed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Mention", "find_mentions", "words_of"]

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_COMMON = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "in",
        "on",
        "of",
        "for",
        "to",
        "at",
        "by",
        "and",
        "or",
        "not",
        "no",
        "it",
        "us",
        "may",
        "than",
        "that",
        "this",
        "all",
        "any",
        "other",
        "others",
        "total",
        "value",
        "values",
        "most",
        "least",
        "more",
        "less",
        "high",
        "low",
        "highest",
        "lowest",
        "year",
        "years",
        "month",
        "months",
    ]
)
_ASKING = frozenset(
    [
        "what",
        "which",
        "when",
        "where",
        "who",
        "whose",
        "how",
        "why",
        "many",
        "much",
        "value",
        "values",
        "does",
        "did",
        "have",
        "has",
        "had",
        "was",
        "were",
        "there",
        "their",
        "these",
        "those",
        "than",
        "that",
        "this",
        "with",
        "from",
        "between",
        "about",
        "above",
        "below",
        "over",
        "under",
        "more",
        "most",
        "less",
        "least",
        "high",
        "higher",
        "highest",
        "low",
        "lower",
        "lowest",
        "large",
        "larger",
        "largest",
        "small",
        "smaller",
        "smallest",
        "great",
        "greater",
        "greatest",
        "total",
        "average",
        "mean",
        "median",
        "share",
        "percent",
        "percentage",
        "number",
        "year",
        "years",
        "month",
        "months",
        "chart",
        "graph",
        "series",
        "line",
        "lines",
        "bars",
        "slice",
        "slices",
        "category",
        "shown",
        "show",
        "shows",
        "difference",
        "ratio",
        "times",
        "increase",
        "decrease",
        "compared",
        "color",
        "colour",
    ]
)
_WORD = re.compile(r"\d+(?:[.,]\d+)*%?|\w+", re.UNICODE)
_LEAST = 0.8


@dataclass(frozen=True, slots=True)
class Mention:
    """Name number `index` stands at `start:end` of the question, with a likeness of `score` (0 to 1)."""

    index: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class _Word:
    plain: str
    start: int
    end: int
    raw: str


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """The words of a text, folded: no case, accents or punctuation."""
    return [word.plain for word in _words(text)]


def _words(text: str) -> list[_Word]:
    return [_Word(_plain(m.group()), m.start(), m.end(), m.group()) for m in _WORD.finditer(text)]


def find_mentions(question: str, names: Sequence[str]) -> list[Mention]:
    """Where names occur, in order; longer and better matches win where two overlap."""
    words = _words(question)
    found: list[Mention] = []
    for index, name in enumerate(names):
        target = _words(name)
        if not target:
            continue
        for size in {len(target), len(target) + 1, max(1, len(target) - 1)}:
            for at in range(len(words) - size + 1):
                window = words[at : at + size]
                score = _likeness(window, target)
                if score >= _LEAST:
                    found.append(Mention(index, window[0].start, window[-1].end, score))
    found.sort(key=lambda m: (-round(m.score, 2), -(m.end - m.start), m.start))
    found.sort(key=lambda m: -(m.score + 0.012 * min(m.end - m.start, 25)))
    chosen: list[Mention] = []
    for mention in found:
        if all(mention.end <= other.start or mention.start >= other.end for other in chosen):
            chosen.append(mention)
    return sorted(chosen, key=lambda m: m.start)


def _likeness(window: list[_Word], target: list[_Word]) -> float:
    ours, theirs = [w.plain for w in window], [w.plain for w in target]
    if ours == theirs:
        return 1.0 if _meant(window, target) else 0.0
    if len(ours) == len(theirs):
        same = [_same_word(a, b) for a, b in zip(ours, theirs, strict=True)]
        if all(same):
            return 0.97
        digits = any((a.isdigit() or b.isdigit()) and not ok for a, b, ok in zip(ours, theirs, same, strict=True))
        if digits:
            return 0.0
    joined, other = "".join(ours), "".join(theirs)
    if joined == other:
        return 0.98
    if len(ours) == 1 and ours[0] in _ASKING:
        return 0.0
    if min(len(joined), len(other)) < 4 or any(c.isdigit() for c in joined) != any(c.isdigit() for c in other):
        return 0.0
    if re.sub(r"\D", "", joined) != re.sub(r"\D", "", other):
        return 0.0
    if abs(len(joined) - len(other)) > 0.4 * max(len(joined), len(other)):
        return 0.0
    ratio = SequenceMatcher(None, joined, other, autojunk=False).ratio()
    return ratio if joined[0] == other[0] or ratio > 0.88 else 0.0


def _meant(window: list[_Word], target: list[_Word]) -> bool:
    """A name that is also a common word counts only when it is written as printed."""
    if len(window) > 1 or window[0].plain not in _COMMON:
        return True
    return window[0].raw == target[0].raw and (target[0].raw != target[0].plain or len(target[0].plain) > 3)


def _same_word(a: str, b: str) -> bool:
    if a == b:
        return True
    if a.isdigit() and b.isdigit():
        return False
    short, long = sorted((a, b), key=len)
    if len(short) >= 3 and any(month.startswith(short) and month.startswith(long) for month in _MONTHS):
        return True
    if len(short) >= 3 and long in (short + "s", short + "es", short[:-1] + "ies"):
        return True
    if len(short) < 4 or a in _ASKING:
        return False
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= 0.84

"""The best answer so far, for runs that end before the router gives one."""

from __future__ import annotations

from collections.abc import Sequence

from maestro_graph.evidence import Evidence

__all__ = ["best_answer"]

MAX_CHARS = 500


def best_answer(evidence: Sequence[Evidence]) -> str | None:
    """The answer of the most confident reply (the later one of equals), else the end of the last reply's text."""
    replies = [item for item in evidence if item.ok]
    marked = [item for item in replies if item.answer]
    if marked:
        best = max(enumerate(marked), key=lambda pair: (pair[1].confidence or 0.0, pair[0]))[1]
        return best.answer
    for item in reversed(replies):
        if text := item.text.strip():
            return text.splitlines()[-1].strip()[-MAX_CHARS:]
    return None

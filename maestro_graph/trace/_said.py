"""What the tree and the page both say of a trace, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from maestro_graph.evidence import Json, Usage
from maestro_graph.trace._model import RunTrace, TurnTrace

__all__ = ["amount", "made", "moment", "outcome", "reasons", "shown_text", "turn_title"]

TOP_SCORES = 5


def shown_text(value: str | None, lengths: Mapping[str, int], name: str) -> str | None:
    """A text, or how long it was where it was not kept; `None` where there was none."""
    if value is None and name in lengths:
        return f"({lengths[name]} characters, not kept)"
    return value


def moment(seconds: float | None) -> str:
    """A Unix time in the local zone."""
    if seconds is None:
        return "time unknown"
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "time unknown"


def outcome(run: RunTrace) -> str:
    """How the run ended."""
    if run.error is not None or "error" in run.lengths:
        return "could not start"
    if run.stop_reason is None:
        return "did not end: killed, or still running"
    return run.stop_reason if run.complete else f"{run.stop_reason}, with records missing"


def turn_title(turn: TurnTrace) -> str:
    """What was decided, in a few words."""
    match turn.kind:
        case "answer":
            return "answer"
        case "malformed":
            return "a turn that cannot be read"
        case "calls" if not turn.calls:
            return "no action"
        case "calls":
            return ", ".join(call.name for call in turn.calls)
        case _:
            return "decision not recorded"


def made(run: RunTrace) -> int:
    """How many calls were begun; those that a budget forbade were not."""
    return sum(call.status != "skipped" and (call.status or call.started) is not None for call in run.calls)


def amount(usage: Usage, calls: int) -> str:
    """Calls that were made (also failed ones, and those that a cache answered), tokens and cost where there are any."""
    parts = [f"{calls} call{'' if calls == 1 else 's'}"]
    if usage.input_tokens or usage.output_tokens:
        parts.append(f"{usage.input_tokens:,} + {usage.output_tokens:,} tokens")
    if usage.cost:
        parts.append(f"cost {usage.cost:.6g}")
    return ", ".join(parts)


def reasons(info: Mapping[str, Json]) -> list[tuple[str, str]]:
    """A router's reasons and scores as (name, words); of many scores the highest."""
    return [(name, _words(value)) for name, value in info.items() if value not in (None, "", [], {})]


def _words(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return _scores(value)
    if isinstance(value, list):
        shown = ", ".join(_words(item) for item in value[:TOP_SCORES])
        return shown if len(value) <= TOP_SCORES else f"{shown}, … ({len(value)})"
    return str(value)


def _scores(values: Mapping[str, Json]) -> str:
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    if len(numbers) < len(values):
        return ", ".join(f"{name}: {_words(value)}" for name, value in values.items())
    best = sorted(numbers.items(), key=lambda item: -item[1])
    rest = f", … ({len(best)})" if len(best) > TOP_SCORES else ""
    return ", ".join(f"{name} {_words(value)}" for name, value in best[:TOP_SCORES]) + rest

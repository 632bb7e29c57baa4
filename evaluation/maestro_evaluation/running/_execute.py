"""One run of the graph on one sample, and what came of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maestro_evaluation._current import set_current_sample
from maestro_evaluation._registry import score
from maestro_evaluation.running._metered import charged, metering
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Evidence, Json, Usage
from maestro_graph.graph import MaestroContext, compile_maestro
from maestro_graph.registry import Registry
from maestro_graph.routers import Router
from maestro_graph.trace import TraceSettings

__all__ = ["DEADLINE_S", "Ran", "Settings", "plain", "run_once", "scored"]

DEADLINE_S = 300.0
"""Seconds for a run, at least: what an expert finds must not depend on how busy the machine is."""

OUTPUT = ["answer", "stop_reason", "evidence", "decisions", "usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of every run of an evaluation.

    Attributes:
        deadline_s: for a run.
        max_turns, max_calls, max_cost: the budget, as in `MaestroContext`.
        expert_sampling: overrides; experts are asked at temperature 0.
    """

    deadline_s: float = DEADLINE_S
    max_turns: int = 4
    max_calls: int = 8
    max_cost: float | None = None
    expert_sampling: Mapping[str, float | int] = field(default_factory=lambda: {"temperature": 0.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run came to.

    Attributes:
        problem: why there is no answer, `None` where there is one.
        evidence: of all calls in order, with the seconds that each takes where nobody has asked before.
        turns: decisions taken.
        seconds: of the run where nobody has asked before: calls of one turn are made at the same time.
    """

    answer: str | None
    problem: str | None
    stop_reason: str | None
    evidence: tuple[Evidence, ...]
    turns: int
    usage: Usage
    seconds: float

    @property
    def confidence(self) -> float | None:
        """That of the evidence the answer was taken from: the surest reply that gave it."""
        gave = [item.confidence for item in self.evidence if item.ok and item.answer == self.answer]
        return max((value for value in gave if value is not None), default=None)


async def run_once(
    registry: Registry,
    router: Router,
    sample: Sample,
    settings: Settings,
    *,
    router_sampling: Mapping[str, float | int] | None = None,
    trace: Path | None = None,
) -> Ran:
    """Put the sample's question to the graph.

    A run that raises a `MaestroError` (a picture that cannot be opened …) has come to nothing and says why.

    Args:
        registry: a metered one.
        trace: file for the run's trace; what an interrupted run left there goes.
    """
    set_current_sample(sample)
    bill = metering()
    context = MaestroContext(
        max_turns=settings.max_turns,
        max_calls=settings.max_calls,
        max_cost=settings.max_cost,
        deadline_s=settings.deadline_s,
        expert_sampling=settings.expert_sampling,
        router_sampling=router_sampling or {},
        trace=TraceSettings(path=trace) if trace is not None else None,
        use_cache=False,
    )
    if trace is not None:
        await asyncio.to_thread(trace.unlink, missing_ok=True)
    began = time.monotonic()
    try:
        state: dict[str, Any] = await compile_maestro(registry, router).ainvoke(
            {"question": sample.question, "images": list(sample.images)},
            {"recursion_limit": 10 + 4 * settings.max_turns},
            context=context,
            output_keys=OUTPUT,
        )
    except MaestroError as error:
        return Ran(
            answer=None,
            problem=f"{type(error).__name__}: {error}",
            stop_reason=None,
            evidence=(),
            turns=0,
            usage=Usage(),
            seconds=time.monotonic() - began,
        )
    wall = time.monotonic() - began
    return _ran(state, [Evidence.from_record(item) for item in state.get("evidence", ())], bill, wall)


def _ran(state: Mapping[str, Any], asked: Sequence[Evidence], bill: Any, wall: float) -> Ran:
    evidence = charged(asked, bill)
    return Ran(
        answer=state.get("answer"),
        problem=None if (state.get("answer") or "").strip() else _why_nothing(state.get("stop_reason"), evidence),
        stop_reason=state.get("stop_reason"),
        evidence=tuple(evidence),
        turns=len(state.get("decisions", ())),
        usage=Usage.from_record(state["usage"]),
        seconds=round(max(0.0, wall - _by_turns(asked)) + _by_turns(evidence), 4),
    )


def _by_turns(evidence: Sequence[Evidence]) -> float:
    """Seconds of the calls: those of one turn are made at once."""
    longest: dict[int, float] = {}
    for item in evidence:
        longest[item.turn] = max(longest.get(item.turn, 0.0), item.seconds)
    return sum(longest.values())


def _why_nothing(reason: str | None, evidence: Sequence[Evidence]) -> str:
    failed = [f"{item.expert} {item.status}: {item.text[:200]}" for item in evidence if not item.ok]
    return f"no answer ({reason})" + "".join(f"; {one}" for one in failed)


async def scored(sample: Sample, ran: Ran) -> float | None:
    """The score by the sample's rule: 0 where there is no answer, `None` where a judge must decide or the benchmark
    keeps its answers."""
    if sample.answer is None:
        return None
    if ran.problem is not None or ran.answer is None:
        return 0.0
    return await asyncio.to_thread(score, sample.rule, ran.answer, sample.answer, dict(sample.meta))


def plain(value: Any) -> Json:
    """JSON with `null` for numbers that JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [plain(item) for item in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    raise TypeError(f"{value!r} is no JSON")

"""Per-run settings: LangGraph's context, not globals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langgraph.runtime import get_runtime

from maestro_graph.errors import MaestroError
from maestro_graph.trace import TraceSettings

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = ["MaestroContext", "current_context"]


@dataclass(frozen=True, kw_only=True)
class MaestroContext:
    """Settings of one run: `graph.invoke(input, context=MaestroContext(max_turns=2))` (or a dict of them).

    In a parent graph the parent's context reaches this graph; put a `MaestroContext` on it as attribute or key
    `maestro`, otherwise the defaults given to `create_maestro_graph(context=…)` hold.

    Attributes:
        max_turns: decisions of the router, the final answer included where it gives one.
        max_calls: calls of experts and skills.
        max_cost: in the registry's currency; calls stop once it is reached.
        deadline_s: seconds for the whole run, by default the registry's; every call ends with it. Time in which it
            waits for a human (an interrupt) does not count, and a run that another process resumes has it anew.
        router_sampling, expert_sampling: overrides of `temperature`, `max_tokens`, `seed`.
        trace: where to record the run: settings, or a path.
        use_cache: share replies among equal requests that are not sampled (`Registry.cache`).
        evidence_chars: how much of each reply is kept in state; the trace has all of it.
    """

    max_turns: int = 4
    max_calls: int = 8
    max_cost: float | None = None
    deadline_s: float | None = None
    router_sampling: Mapping[str, float | int] = field(default_factory=dict)
    expert_sampling: Mapping[str, float | int] = field(default_factory=dict)
    trace: TraceSettings | str | Path | None = None
    evidence_chars: int = 16_000
    use_cache: bool = True

    def __post_init__(self) -> None:
        for name, least in (("max_turns", 1), ("max_calls", 0), ("evidence_chars", 100)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
                raise MaestroError(f"{name} is {value!r}; it must be a whole number of at least {least}")
        if self.deadline_s is not None and not (isinstance(self.deadline_s, Real) and self.deadline_s > 0):
            raise MaestroError(f"deadline_s is {self.deadline_s!r}; it must be above 0")
        if self.trace is not None and not isinstance(self.trace, TraceSettings | str | PathLike):
            raise MaestroError(f"trace is {self.trace!r}; give TraceSettings(…), a path, or None for no trace")
        if self.max_cost is not None and not (isinstance(self.max_cost, Real) and self.max_cost > 0):
            raise MaestroError(f"max_cost is {self.max_cost!r}; it must be above 0, or None for no limit")

    @property
    def seconds(self) -> float:
        """The deadline of a run in progress, which always has one."""
        return float("inf") if self.deadline_s is None else self.deadline_s

    @property
    def trace_settings(self) -> TraceSettings | None:
        """`trace` in its full form."""
        if self.trace is None or isinstance(self.trace, TraceSettings):
            return self.trace
        return TraceSettings(path=Path(self.trace))


def current_context(default: MaestroContext, registry: Registry) -> MaestroContext:
    """The context of the run in progress, its own, the one a parent carries, or the default, with a deadline."""
    found = _given(default)
    return found if found.deadline_s is not None else replace(found, deadline_s=registry.deadline_s)


def _given(default: MaestroContext) -> MaestroContext:
    context: Any = get_runtime().context
    if isinstance(context, MaestroContext):
        return context
    carried = context.get("maestro") if isinstance(context, Mapping) else getattr(context, "maestro", None)
    if carried is None:
        return default
    if isinstance(carried, MaestroContext):
        return carried
    if isinstance(carried, Mapping):
        known = {item.name for item in fields(MaestroContext)}
        if unknown := sorted(set(carried) - known):
            raise MaestroError(f"the context's 'maestro' has {unknown}; its settings are {sorted(known)}")
        return replace(default, **carried)
    raise MaestroError(f"the context's 'maestro' is a {type(carried).__name__}; give a MaestroContext or a mapping")

"""What a run or a table is made from: the ensemble, its cache, its suites, how much at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from maestro_evaluation.running._execute import DEADLINE_S, Settings
from maestro_evaluation.running._identity import registry_identity
from maestro_evaluation.running._metered import metered
from maestro_evaluation.samples import Sample, Split, Suite
from maestro_graph.cache import CallCache
from maestro_graph.errors import MaestroError
from maestro_graph.registry import Registry

__all__ = [
    "Ensemble",
    "close_all",
    "default_concurrency",
    "open_ensemble",
    "open_suites",
    "samples_of",
    "settings_for",
]

CALLS = "calls"
MAX_CACHE_BYTES = 8 << 30
AT_ENDPOINTS = 16
CLOSING_S = 2.0


class Ensemble:
    """A registry as it is run here.

    Attributes:
        registry: as it was loaded.
        metered: the same, shared and charged (see `_metered`).
        identity: digest of what its replies depend on.
    """

    def __init__(self, registry: Registry, cache: CallCache, settings: Settings) -> None:
        self.registry, self.identity = registry, registry_identity(registry)
        self.metered = metered(registry, cache, patience_s=settings.deadline_s)


def open_ensemble(registry: Registry, out: Path, settings: Settings) -> Ensemble:
    """The ensemble over the registry's cache on disk, or one in `out` where it has none."""
    cache = registry.cache
    if cache.directory is None:
        # By identity: the keys of requests do not know of edited code.
        cache = CallCache(out / CALLS / registry_identity(registry), max_bytes=MAX_CACHE_BYTES)
    return Ensemble(registry, cache, settings)


def open_suites(
    named: Sequence[str], *, split: Split | None, limit: int | None, needed: bool = True
) -> tuple[Suite, ...]:
    """The suites by name or folder, in their order.

    Raises:
        MaestroError: one cannot be opened, has nothing in that split (if `needed`), or two have one name.
    """
    from maestro_evaluation.loaders import open_suite

    suites = tuple(open_suite(name, split=split, limit=limit) for name in named)
    names = [suite.name for suite in suites]
    for name, suite in zip(named, suites, strict=True):
        if needed and not suite.samples:
            raise MaestroError(f"the suite {name!r} has no questions in the split {split!r}; give another --split")
        if names.count(suite.name) > 1:
            raise MaestroError(f"two suites are named {suite.name!r}; give each a name of its own in its suite.json")
    return suites


def samples_of(suites: Sequence[Suite]) -> dict[str, Sample]:
    """All samples by key."""
    return {sample.key: sample for suite in suites for sample in suite}


def default_concurrency(registry: Registry) -> int:
    """Samples in work at once: one a processor where experts compute here, more where they are behind endpoints."""
    in_process = all(getattr(expert, "endpoint", None) is None for expert in registry.experts.values())
    return max(1, os.cpu_count() or 1) if in_process else AT_ENDPOINTS


def settings_for(registry: Registry, deadline_s: float | None) -> Settings:
    """Settings with the deadline that was asked for, else the registry's, but one that a busy machine keeps."""
    return Settings(deadline_s=deadline_s if deadline_s is not None else max(registry.deadline_s, DEADLINE_S))


async def close_all(things: Sequence[object]) -> None:
    """Close the connections of experts, perceivers and routers that have any."""
    closers = [close for thing in things if (close := getattr(thing, "aclose", None)) is not None]
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await asyncio.gather(*(close() for close in closers))

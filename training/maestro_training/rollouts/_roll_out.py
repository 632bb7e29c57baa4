"""Groups of runs of the graph for each question, many at once, each traced."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from maestro_evaluation.samples import Sample
from maestro_graph.graph import MaestroContext, compile_maestro
from maestro_graph.registry import Registry
from maestro_graph.routers import Router
from maestro_graph.trace import TraceSettings
from maestro_training.rollouts._folder import RolloutFolder
from maestro_training.trajectory import Tokenise, Trajectory, TrajectoryGroup, from_trace

__all__ = ["RolloutSettings", "Watch", "member_seed", "read_rollouts", "roll_out"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSettings:
    """How questions are rolled out.

    Attributes:
        group_size: runs of each question.
        in_flight: runs under way at the same time; calls are bounded by each expert's own limit besides.
        apart_s: seconds between the beginnings of the first runs. Runs that begin in the same instant stay in step, and
            wait for this process's CPU and the endpoints all at once; 0 where a model in this process samples them
            in batches.
        temperature: of the router; every run has a seed of its own, made of `seed`, sample and member.
        max_turns, max_calls, deadline_s: as in `MaestroContext`.
        retry_failed: run again what failed in an earlier attempt.
    """

    group_size: int = 8
    in_flight: int = 64
    apart_s: float = 0.01
    temperature: float = 1.0
    seed: int = 0
    max_turns: int = 4
    max_calls: int = 8
    deadline_s: float | None = None
    retry_failed: bool = False


class Watch(Protocol):
    """Told of every run that is done, from an earlier attempt or now."""

    def __call__(self, trajectory: Trajectory, *, resumed: bool) -> None: ...


async def roll_out(
    samples: Iterable[Sample],
    registry: Registry,
    router: Router,
    settings: RolloutSettings,
    folder: RolloutFolder,
    *,
    watch: Watch | None = None,
    on_group: Callable[[TrajectoryGroup], None] | None = None,
    tokenise: Tokenise | None = None,
) -> list[TrajectoryGroup]:
    """Run every question `group_size` times and return the groups, in the order of the samples.

    Experts are asked at temperature 0, so that equal requests of a group become one call through the registry's
    cache. A run that fails, for whatever reason, is a member of its group with that reason. What a killed attempt
    finished is taken from its traces; what it began is begun anew.

    Args:
        router: sampled at the settings' temperature.
        on_group: told of a group as soon as its last member is done.
        tokenise: see `from_trace`.
    """
    wanted = list(samples)
    found: dict[tuple[int, int], Trajectory] = {}
    work = _Work(registry, router, settings, folder, tokenise)
    queue = iter([(at, member) for at in range(len(wanted)) for member in range(settings.group_size)])
    fingerprints: dict[int, str] = {}

    async def worker(place: int) -> None:
        await asyncio.sleep(place * settings.apart_s)
        for at, member in queue:
            sample = wanted[at]
            if at not in fingerprints:
                fingerprints[at] = await asyncio.to_thread(getattr, sample, "fingerprint")
            file = folder.trace_file(sample, fingerprints[at], member)
            done = await asyncio.to_thread(work.earlier, sample, file)
            resumed = done is not None
            if done is None:
                done = await work.run(sample, member, file)
            found[at, member] = done
            if watch is not None:
                watch(done, resumed=resumed)
            if on_group is not None and all((at, other) in found for other in range(settings.group_size)):
                on_group(_group(sample, at, settings.group_size, found))

    async with asyncio.TaskGroup() as workers:
        for place in range(settings.in_flight):
            workers.create_task(worker(place))
    return [_group(sample, at, settings.group_size, found) for at, sample in enumerate(wanted)]


def read_rollouts(
    samples: Iterable[Sample], path: Path, *, group_size: int, tokenise: Tokenise | None = None
) -> list[TrajectoryGroup]:
    """The groups that a folder holds; samples without any finished run are left out."""
    folder = RolloutFolder(path)
    failures = folder.failures()
    groups: list[TrajectoryGroup] = []
    for sample in samples:
        members: list[Trajectory] = []
        fingerprint = sample.fingerprint
        for member in range(group_size):
            file = folder.trace_file(sample, fingerprint, member)
            found = _earlier(folder, failures, sample, file, tokenise)
            if found is not None:
                members.append(found)
        if members:
            groups.append(TrajectoryGroup(sample.key, tuple(members)))
    return groups


def member_seed(seed: int, sample: str, member: int) -> int:
    """The seed of one run: members of a group differ, and a resumed attempt draws the same again."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{sample}\n{member}".encode()).digest()[:4]) >> 1


class _Work:
    def __init__(
        self,
        registry: Registry,
        router: Router,
        settings: RolloutSettings,
        folder: RolloutFolder,
        tokenise: Tokenise | None,
    ) -> None:
        self._settings, self._folder, self._tokenise = settings, folder, tokenise
        self._graph = compile_maestro(registry, router)
        self._failures = {} if settings.retry_failed else folder.failures()

    def earlier(self, sample: Sample, file: Path) -> Trajectory | None:
        return _earlier(self._folder, self._failures, sample, file, self._tokenise)

    async def run(self, sample: Sample, member: int, file: Path) -> Trajectory:
        await asyncio.to_thread(file.unlink, missing_ok=True)
        problem: str | None = None
        try:
            await self._graph.ainvoke(
                {"question": sample.question, "images": list(sample.images)},
                context=self._context(sample, member, file),
            )
        except Exception as error:  # noqa: BLE001 - whatever ends one run must not end the others
            _log.exception("run %s of %s failed", member, sample.key)
            problem = f"{type(error).__name__}: {error}"
        trace = await asyncio.to_thread(self._folder.finished, file)
        if trace is not None and problem is None:
            return await asyncio.to_thread(from_trace, trace, sample=sample.key, tokenise=self._tokenise)
        failed = _failed(sample, member, problem or "its trace is not complete")
        self._folder.keep_failure(failed, member, file)
        return failed

    def _context(self, sample: Sample, member: int, file: Path) -> MaestroContext:
        settings = self._settings
        sampling: dict[str, Any] = {
            "temperature": settings.temperature,
            "seed": member_seed(settings.seed, sample.key, member),
        }
        return MaestroContext(
            max_turns=settings.max_turns,
            max_calls=settings.max_calls,
            deadline_s=settings.deadline_s,
            router_sampling=sampling,
            expert_sampling={"temperature": 0.0},
            trace=TraceSettings(path=file),
        )


def _earlier(
    folder: RolloutFolder, failures: dict[str, str], sample: Sample, file: Path, tokenise: Tokenise | None
) -> Trajectory | None:
    """What an earlier attempt came to, if it came to an end."""
    problem = failures.get(file.relative_to(folder.path).as_posix())
    if problem is not None:
        return _failed(sample, int(file.stem), problem)
    trace = folder.finished(file)
    return None if trace is None else from_trace(trace, sample=sample.key, tokenise=tokenise)


def _failed(sample: Sample, member: int, problem: str) -> Trajectory:
    return Trajectory(
        sample=sample.key,
        run=f"{sample.key}#{member}",
        question=sample.question,
        images=sample.images,
        problem=problem,
    )


def _group(sample: Sample, at: int, size: int, found: dict[tuple[int, int], Trajectory]) -> TrajectoryGroup:
    return TrajectoryGroup(sample.key, tuple(found[at, member] for member in range(size)))

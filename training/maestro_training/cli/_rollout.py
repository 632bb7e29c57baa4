"""`maestro rollout`: groups of runs for each question of a suite, traced and resumable."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maestro_evaluation.samples import Sample
    from maestro_training.rollouts import RolloutSettings
    from maestro_training.trajectory import Trajectory, TrajectoryGroup

__all__ = ["rollout"]

CALLS = "calls"


def rollout(
    suite: Annotated[str, typer.Option(help="A suite by name or folder.")],
    out: Annotated[Path, typer.Option(help="Folder of the rollouts; going on in one runs what it lacks.")],
    router: Annotated[
        str | None, typer.Option(help="A kind of router, or the folder of trained weights; by default the registry's.")
    ] = None,
    registry: Annotated[str, typer.Option(help="A preset or a file.")] = "embedded",
    group_size: Annotated[int, typer.Option(min=1, help="Runs of each question.")] = 8,
    split: Annotated[str | None, typer.Option(help="train, validation or test; by default all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many questions.")] = None,
    in_flight: Annotated[int, typer.Option(min=1, help="Runs under way at the same time.")] = 64,
    temperature: Annotated[float, typer.Option(min=0.0, help="Of the router.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Every run's own seed is made of it.")] = 0,
    max_turns: Annotated[int, typer.Option(min=1, help="Decisions of a run.")] = 4,
    deadline: Annotated[float, typer.Option(min=0.1, help="Seconds for one run.")] = 60.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")] = False,
) -> None:
    """Run every question of a suite several times with a sampled router, for training.

    A run that fails stays in its group with its reason. A rollout that was interrupted goes on where it was.
    """
    from maestro_evaluation.loaders import open_suite
    from maestro_graph.cli._streams import stdout_reserved
    from maestro_graph.cli._work import run_work
    from maestro_training.rollouts import RolloutSettings

    settings = RolloutSettings(
        group_size=group_size,
        in_flight=in_flight,
        temperature=temperature,
        seed=seed,
        max_turns=max_turns,
        deadline_s=deadline,
        retry_failed=retry_failed,
    )
    with stdout_reserved():
        opened = open_suite(suite, limit=limit, split=_split(split))
        groups = run_work(_roll_out(list(opened), out, router, registry, settings, suite=opened.name))
    every = [item for group in groups for item in group]
    failed = sum(item.failed for item in every)
    typer.echo(f"{len(groups)} groups, {len(every)} runs, {failed} failed: {out}")
    if every and failed == len(every):
        typer.echo(f"all runs failed, the first by: {every[0].problem}", err=True)
        raise typer.Exit(1)


def _split(name: str | None) -> Any:
    from typing import get_args

    from maestro_evaluation.samples import Split
    from maestro_graph.errors import MaestroError

    if name is not None and name not in get_args(Split):
        raise MaestroError(f"there is no split {name!r}; give one of {', '.join(get_args(Split))}")
    return name


async def _roll_out(
    samples: list[Sample], out: Path, router: str | None, registry: str, settings: RolloutSettings, *, suite: str
) -> list[TrajectoryGroup]:
    from maestro_graph.cache import CallCache
    from maestro_graph.errors import MaestroError
    from maestro_graph.registry import build_router, load_registry, resolve_router
    from maestro_training.rollouts import RolloutFolder, roll_out

    if not samples:
        raise MaestroError(f"the suite {suite!r} has no questions in that split; give another --split")
    loaded = load_registry(registry)
    if loaded.cache.directory is None:
        loaded.cache = CallCache(out / CALLS)
    config = resolve_router(router) if router is not None else loaded.router_config
    chosen = build_router(config) if router is not None and config is not None else loaded.router()
    asked = {
        "suite": suite,
        "registry": registry,
        "router": router or "the registry's",
        "weights": _digest(Path(config.weights)) if config is not None and config.weights else None,
        "group_size": settings.group_size,
        "temperature": settings.temperature,
        "seed": settings.seed,
        "max_turns": settings.max_turns,
        "max_calls": settings.max_calls,
        "deadline_s": settings.deadline_s,
    }
    folder = RolloutFolder(out, asked)
    with _Progress(len(samples) * settings.group_size) as progress:
        try:
            return await roll_out(samples, loaded, chosen, settings, folder, watch=progress.advance)
        finally:
            loaded.cache.close()


def _digest(folder: Path) -> str:
    """Names the weights, so that rollouts of other ones are not taken for these."""
    digest = hashlib.sha256()
    for file in sorted(item for item in folder.rglob("*") if item.is_file()):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


class _Progress:
    """Runs done, failed and calls, on stderr."""

    def __init__(self, total: int) -> None:
        from maestro_evaluation.running._progress import Progress

        self._bar, self._total = Progress(), total

    def __enter__(self) -> _Progress:
        self._bar.begin(self._total, "runs")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.end()

    def advance(self, trajectory: Trajectory, *, resumed: bool) -> None:
        if trajectory.failed and not resumed:
            self._bar.note(f"{trajectory.run}: {trajectory.problem}")
        self._bar.advance(None)

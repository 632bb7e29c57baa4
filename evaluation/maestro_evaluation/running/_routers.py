"""Routers by what the command line calls them: baselines, kinds and trained weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro_evaluation.baselines import Baseline, Given, baselines
from maestro_evaluation.running._identity import code_of, digest
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json
from maestro_graph.registry import RouterConfig, build_router, resolve_router
from maestro_graph.routers import Router

__all__ = ["Runner", "runner_of", "split_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A router of a run.

    Attributes:
        name: in records.
        config: digest of its configuration; with the name it says whose records are whose.
        about: for `run.json`.
        repeated: runs of it can differ, so it is run as often as asked for.
        baseline: that it is, if any.
    """

    name: str
    router: Router
    config: str
    about: dict[str, Json]
    repeated: bool
    baseline: Baseline | None = None


def split_names(named: Sequence[str], *, all_baselines: bool) -> tuple[list[str], list[Baseline]]:
    """Routers that are no baselines, and the baselines, each once and in their order."""
    wanted = list(dict.fromkeys(named))
    chosen = [name for name in baselines if name in wanted or all_baselines]
    return [name for name in wanted if name not in baselines], [baselines[name] for name in chosen]


def runner_of(named: str | Baseline, given: Given) -> Runner:
    """A router that is ready to run.

    Raises:
        MaestroError: there is no such router, or it cannot be built.
    """
    if isinstance(named, Baseline):
        fitted = named.fit(given)
        about: dict[str, Json] = {
            "kind": "baseline",
            "summary": named.summary,
            "informed": named.informed,
            "free_answer_only": named.free_answer_only,
            **fitted.about,
        }
        return Runner(
            name=named.name,
            router=fitted.router,
            config=digest([about, given.seed]),
            about=about,
            repeated=named.random,
            baseline=named,
        )
    own = given.registry.router_config
    config = own if own is not None and named == own.kind else resolve_router(named)
    router = build_router(config)
    about = {
        "kind": config.kind,
        "informed": False,
        "config": config.model_dump(mode="json", exclude={"endpoint": {"api_key_env"}}),
        "code": code_of(router),
        "weights": _digest_of_weights(config),
    }
    return Runner(name=_name(named), router=router, config=digest(about), about=about, repeated=True)


def _name(named: str) -> str:
    """A kind as it is, weights by their folder."""
    name = Path(named).name if "/" in named else named
    if not name or name in baselines:
        raise MaestroError(
            f"the router {named!r} would be reported as {name!r}, the name of a baseline; rename its folder"
        )
    return name


def _digest_of_weights(config: RouterConfig) -> str | None:
    if config.weights is None:
        return None
    said = hashlib.sha256()
    for path in sorted(path for path in Path(config.weights).rglob("*") if path.is_file()):
        with path.open("rb") as file:
            said.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return said.hexdigest()[:16]

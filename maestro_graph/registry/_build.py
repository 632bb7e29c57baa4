"""From configuration to objects: experts, skills and routers, all through entry points."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maestro_graph.cache import CACHE_VARIABLE, CallCache
from maestro_graph.errors import DuplicateNameError, MissingExtraError, RegistryError, UnknownNameError
from maestro_graph.experts import Expert, ExpertCard
from maestro_graph.images import ImageStore
from maestro_graph.limits import Limiter
from maestro_graph.perceivers import ChatPerceiver, MountedPerceiver, Perceiver
from maestro_graph.protocol import PROTOCOL_VERSION
from maestro_graph.registry._config import (
    CacheConfig,
    ExpertConfig,
    PerceiverConfig,
    RegistryConfig,
    RouterConfig,
    read_config,
)
from maestro_graph.registry._registry import Registry
from maestro_graph.routers import Router
from maestro_graph.skills import Skill

__all__ = ["build_expert", "build_registry", "build_router", "load_registry", "resolve_router"]

EXPERTS, SKILLS, ROUTERS, PERCEIVERS = "maestro.experts", "maestro.skills", "maestro.routers", "maestro.perceivers"

SkillLoader = Callable[[Iterable[str], Path | None], Iterable[Skill]]
"""An entry point of `maestro.skills`: given names (or `*`) and folders, returns the skills it knows of them."""


def load_registry(source: str | Path = "embedded", *, images: ImageStore | None = None) -> Registry:
    """Load a registry: a preset (`embedded`, `paper`, `openai`) or the path of a YAML file.

    Raises:
        RegistryError: it cannot be read or does not validate; the message names the field.
        MissingExtraError: an embedded expert's dependencies are not installed.
    """
    config, folder = read_config(source)
    return build_registry(config, folder=folder, images=images)


def build_registry(config: RegistryConfig, *, folder: Path | None = None, images: ImageStore | None = None) -> Registry:
    """Build a live registry from a validated configuration; relative paths start at `folder`."""
    return Registry(
        config.name,
        experts=[build_expert(item) for item in config.experts],
        skills=_load_skills(config.skills, folder),
        perceivers=[build_perceiver(item) for item in config.perceivers],
        cache=_cache(config.cache, folder),
        router=resolve_router(config.router, folder) if config.router is not None else None,
        images=images,
        currency=config.currency,
        deadline_s=config.deadline_s,
    )


def build_expert(config: ExpertConfig) -> Expert:
    """One expert from its configuration."""
    if config.embedded is not None:
        factory: Callable[[ExpertCard], Expert] = _load(EXPERTS, "embedded expert", config.embedded)
        return factory(config.card())
    from maestro_graph.chat_expert import ChatExpert

    if config.endpoint is None:
        raise RegistryError(f"expert {config.name!r} has no endpoint")
    return ChatExpert.at(config.endpoint, config.card(), config.sampling)


def build_perceiver(config: PerceiverConfig) -> MountedPerceiver:
    """One perceiver from its configuration."""
    perceiver: Perceiver
    if config.embedded is not None:
        factory: Callable[[], Perceiver] = _load(PERCEIVERS, "embedded perceiver", config.embedded)
        perceiver = factory()
        if perceiver.kind != config.kind:
            raise RegistryError(
                f"the embedded perceiver {config.embedded!r} is of kind {perceiver.kind!r}, not {config.kind!r}"
            )
    elif config.endpoint is not None:
        perceiver = ChatPerceiver.at(
            config.kind,
            config.endpoint,
            config.sampling,
            timeout_s=config.timeout_s,
            coordinates=config.coordinates,
        )
    else:
        raise RegistryError(f"perceiver {config.kind!r} has no endpoint")
    return MountedPerceiver(perceiver, Limiter(config.max_concurrency), config.timeout_s)


def _cache(config: CacheConfig, folder: Path | None) -> CallCache:
    """The call cache: the environment variable wins over the file."""
    directory = os.environ.get(CACHE_VARIABLE) or config.directory
    if directory is None:
        return CallCache()
    return CallCache((folder or Path()) / Path(directory).expanduser(), max_bytes=config.max_bytes)


def resolve_router(router: RouterConfig | str, folder: Path | None = None) -> RouterConfig:
    """The router's configuration from its short forms, checked against the installed protocol.

    Args:
        router: a configuration, the name of an entry point, or the folder of trained weights (with a router.json).
        folder: where relative paths start.
    """
    if isinstance(router, str):
        names = {point.name for point in entry_points(group=ROUTERS)}
        config = RouterConfig(kind=router) if router in names else _read_weights(router, folder, names)
    else:
        config = router.model_copy(update={"path": _local(router.path, folder)})
        if config.weights is not None:
            weights = _read_weights(config.weights, folder, set())
            config = config.model_copy(
                update={
                    "weights": weights.weights,
                    "protocol_version": weights.protocol_version,
                    "path": config.path or weights.path,
                }
            )
    if config.protocol_version not in (None, PROTOCOL_VERSION):
        raise RegistryError(
            f"router {config.weights or config.kind!r} was trained on protocol version {config.protocol_version}, "
            f"installed is {PROTOCOL_VERSION}; train it again or install the matching release of maestro-graph"
        )
    return config


def _read_weights(path: str, folder: Path | None, names: set[str]) -> RouterConfig:
    try:
        where = (folder or Path()) / Path(path).expanduser()
        data = json.loads((where / "router.json").read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError(f"router.json holds a {type(data).__name__}, not an object")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~` without a home, too deep a nesting
        listed = f" nor one of {', '.join(sorted(names))}" if names else ""
        raise RegistryError(f"router {path!r} is no folder with a readable router.json{listed}: {error}") from error
    try:
        config = RouterConfig.model_validate({**data, "weights": str(where.resolve())})
        return config.model_copy(update={"path": _local(config.path, where.resolve())})
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise RegistryError(
            f"{str(where / 'router.json')!r} does not validate; train it again or mend:\n" + "\n".join(lines)
        ) from error


def _local(path: str | None, folder: Path | None) -> str | None:
    """A path that starts at the file that names it, where it exists there; else it is as it was (a name on the hub)."""
    if path is None:
        return None
    try:
        found = (folder or Path()) / Path(path).expanduser()
        return str(found.resolve()) if found.exists() else path
    except (OSError, ValueError, RuntimeError) as error:  # no path at all; `~` without a home
        raise RegistryError(f"the router's path {path!r} cannot be read: {error}") from error


def build_router(config: RouterConfig) -> Router:
    """One router from its configuration."""
    factory: Callable[[RouterConfig], Router] = _load(ROUTERS, "router", config.kind)
    return factory(config)


def _load_skills(wanted: tuple[str, ...], folder: Path | None) -> list[Skill]:
    if not wanted:
        return []
    found: dict[str, Skill] = {}
    loaders: list[SkillLoader] = [_imported(point, "skill library") for point in entry_points(group=SKILLS)]
    for skill in (skill for loader in loaders for skill in loader(wanted, folder)):
        if skill.card.name in found:
            raise DuplicateNameError("skill", skill.card.name, found)
        found[skill.card.name] = skill
    for name in wanted:
        if name != "*" and "/" not in name and name not in found:
            known = {skill.card.name for loader in loaders for skill in loader(("*",), None)}
            raise UnknownNameError("skill", name, known | found.keys())
    return list(found.values())


def _load(group: str, kind: str, name: str) -> Any:
    points = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        raise UnknownNameError(kind, name, points)
    return _imported(points[name], kind)


def _imported(point: EntryPoint, kind: str) -> Any:
    """What an entry point names; where a dependency of ours is missing, the extra to install."""
    try:
        return point.load()
    except ModuleNotFoundError as error:
        ours = point.value.startswith("maestro_graph.") and not (error.name or "").startswith("maestro_")
        if not ours:
            raise RegistryError(f"the {kind} {point.name!r} ({point.value}) cannot be imported: {error}") from error
        raise MissingExtraError(f"the {kind} {point.name!r}", "embedded", error.name or "?") from error
    except (ImportError, AttributeError) as error:
        raise RegistryError(f"the {kind} {point.name!r} ({point.value}) cannot be imported: {error}") from error

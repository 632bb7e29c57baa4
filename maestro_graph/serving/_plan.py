"""Which servers the endpoints of a registry need: one for each address."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from maestro_graph.errors import RegistryError, UnknownNameError
from maestro_graph.registry import EndpointConfig, RegistryConfig, RouterConfig, ServeConfig

__all__ = ["Part", "ServerPlan", "plan_servers"]

WHOLE_GPU = 1.0
# vLLM's own default of --gpu-memory-utilization.
GPU_SHARE = 0.92


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a registry that lives at an endpoint: `router`, an expert's name or a perceiver's kind."""

    name: str
    endpoint: EndpointConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """One address of a registry, and how it is served.

    Attributes:
        parts: what lives there.
        host, port: where it listens.
        serve: how it is served; `None` where the registry does not say, so that it is somebody else's.
        models: names that it serves under, adapters left out.
        weights: what vLLM loads.
        local: whether it is to be started on this machine.
    """

    parts: tuple[Part, ...]
    host: str
    port: int
    serve: ServeConfig | None
    models: tuple[str, ...]
    weights: str
    lora: tuple[tuple[str, str], ...]
    local: bool

    @property
    def name(self) -> str:
        """The parts' names."""
        return ", ".join(part.name for part in self.parts)

    @property
    def url(self) -> str:
        """The address up to and including `/v1`."""
        return self.parts[0].endpoint.base_url.rstrip("/")

    @property
    def key_env(self) -> str | None:
        """The environment variable with the key that clients send."""
        return self.parts[0].endpoint.api_key_env


def plan_servers(
    config: RegistryConfig,
    *,
    folder: Path | None = None,
    router: RouterConfig | None = None,
    only: Collection[str] = (),
    hosts: Collection[str] = (),
) -> tuple[ServerPlan, ...]:
    """The servers of a registry, in the order of the router, the experts and the perceivers.

    Args:
        folder: where relative paths in the registry start from.
        router: the resolved router of the registry.
        only: names of parts; the others are left out.
        hosts: names of this machine besides `localhost` and its own host name.

    Raises:
        RegistryError: sections that contradict each other, an address that vLLM cannot serve, a GPU given twice.
        UnknownNameError: `only` names no part.
    """
    parts = list(_parts(config, router))
    for name in only:
        if name not in {part.name for part in parts}:
            raise UnknownNameError("part at an endpoint", name, [part.name for part in parts])
    groups: dict[tuple[str, int], list[Part]] = {}
    for part in parts:
        if not only or part.name in only:
            groups.setdefault(_address(part), []).append(part)
    here = {"localhost", socket.gethostname(), *hosts}
    plans = tuple(_plan(where, group, folder, here) for where, group in groups.items())
    _check_gpus(plan for plan in plans if plan.local)
    return plans


def _parts(config: RegistryConfig, router: RouterConfig | None) -> Iterable[Part]:
    if router is not None and router.endpoint is not None:
        yield Part(name="router", endpoint=router.endpoint)
    for expert in config.experts:
        if expert.endpoint is not None:
            yield Part(name=expert.name, endpoint=expert.endpoint)
    for perceiver in config.perceivers:
        if perceiver.endpoint is not None:
            yield Part(name=perceiver.kind, endpoint=perceiver.endpoint)


def _address(part: Part) -> tuple[str, int]:
    parts = urlsplit(part.endpoint.base_url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise RegistryError(
            f"{part.name!r}: base_url {part.endpoint.base_url!r} has no usable port; write http://host:8000/v1"
        ) from None
    if not parts.hostname:
        raise RegistryError(f"{part.name!r}: base_url {part.endpoint.base_url!r} names no host")
    return parts.hostname, port


def _plan(where: tuple[str, int], parts: list[Part], folder: Path | None, here: set[str]) -> ServerPlan:
    host, port = where
    serve = _agreed(where, parts)
    lora = {} if serve is None else serve.lora
    models = tuple(dict.fromkeys(part.endpoint.model for part in parts if part.endpoint.model not in lora))
    if serve is not None:
        for part in parts:
            _check_address(part)
        if not serve.weights and len(models) != 1:
            named = ", ".join(map(repr, models)) or "adapters alone"
            raise RegistryError(
                f"{_names(parts)} at {host}:{port} name {named}; say with 'weights:' which model the server loads"
            )
        if len({part.endpoint.api_key_env for part in parts}) > 1:
            raise RegistryError(f"{_names(parts)} at {host}:{port} name different api_key_env; one server has one key")
    weights = serve.weights if serve is not None and serve.weights else (models or ("",))[0]
    return ServerPlan(
        parts=tuple(parts),
        host=host,
        port=port,
        serve=serve,
        models=models or (weights,),
        weights=_resolved(weights, folder),
        lora=tuple((name, _resolved(place, folder)) for name, place in lora.items()),
        local=host in here or _is_loopback(host),
    )


def _agreed(where: tuple[str, int], parts: list[Part]) -> ServeConfig | None:
    """The one section of the parts at an address."""
    given = [part for part in parts if part.endpoint.serve is not None]
    for part in given[1:]:
        if part.endpoint.serve != given[0].endpoint.serve:
            raise RegistryError(
                f"{given[0].name!r} and {part.name!r} share {where[0]}:{where[1]} and say differently how it is "
                f"served; keep the 'serve:' section at one of them"
            )
    return given[0].endpoint.serve if given else None


def _check_address(part: Part) -> None:
    """vLLM serves plain HTTP under `/v1`."""
    parts = urlsplit(part.endpoint.base_url)
    if parts.scheme != "http" or parts.path.rstrip("/") != "/v1" or parts.query:
        raise RegistryError(
            f"{part.name!r}: vLLM serves http://HOST:PORT/v1, not {parts.scheme}://…{parts.path}; change base_url, or "
            f"drop its 'serve:' section where a proxy stands before it"
        )


def _resolved(place: str, folder: Path | None) -> str:
    """A folder beside the registry's file by its whole path; else a name on a hub, or a path, as it stands."""
    path = Path(place).expanduser()
    if folder is not None and not path.is_absolute() and (folder / path).exists():
        return str((folder / path).resolve())
    return str(path) if place.startswith("~") else place


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_gpus(plans: Iterable[ServerPlan]) -> None:
    taken: dict[int, list[tuple[str, float]]] = {}
    for plan in plans:
        if plan.serve is not None:
            for gpu in plan.serve.gpus:
                taken.setdefault(gpu, []).append((plan.name, plan.serve.gpu_memory_utilization or GPU_SHARE))
    for gpu, users in taken.items():
        if sum(share for _, share in users) > WHOLE_GPU + 1e-9:
            said = ", ".join(f"{name} {share:g}" for name, share in users)
            raise RegistryError(
                f"GPU {gpu} is given away more than once: {said} of its memory; name other 'gpus:' or smaller "
                f"'gpu_memory_utilization:'"
            )


def _names(parts: Iterable[Part]) -> str:
    return " and ".join(repr(part.name) for part in parts)

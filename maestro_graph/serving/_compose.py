"""The servers of a registry as a docker compose file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from maestro_graph.errors import MaestroError
from maestro_graph.serving._command import KEY, Launcher
from maestro_graph.serving._plan import ServerPlan

__all__ = ["IMAGE", "compose_text"]

IMAGE = "vllm/vllm-openai:v0.33.0"
HEALTH = "import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/health', timeout=5)"
MODELS = "/models"


def compose_text(plans: Sequence[ServerPlan], *, registry: str, image: str = IMAGE) -> str:
    """A compose file with one service for each server that the registry serves on this machine.

    Weights from a hub are kept in the volume `hub`; folders are mounted read-only. Keys are taken from the environment
    of `docker compose`, never written.

    Raises:
        MaestroError: the registry serves nothing on this machine.
    """
    services: dict[str, Any] = {}
    for plan in plans:
        if plan.serve is not None and plan.local:
            services[_service_name(plan, services)] = _service(plan, image)
    if not services:
        raise MaestroError(f"registry {registry!r} has no endpoint on this machine with a 'serve:' section")
    text = yaml.safe_dump(
        {"name": _slug(registry), "services": services, "volumes": {"hub": {}}}, sort_keys=False, width=120
    )
    return f"# Written by: maestro up --registry {registry} --compose …; start with: docker compose up\n{text}"


def _service(plan: ServerPlan, image: str) -> dict[str, Any]:
    serve = plan.serve
    if serve is None:
        raise MaestroError(f"{plan.name} has no 'serve:' section")
    folders: dict[str, str] = {}

    def inside(place: str) -> str:
        if not Path(place).is_absolute():
            return place
        return folders.setdefault(place, f"{MODELS}/{len(folders)}-{_slug(Path(place).name)}")

    weights = inside(plan.weights)
    lora = {name: inside(place) for name, place in plan.lora}
    command = list(Launcher(()).command(plan))
    command[0] = weights
    # In its container a server listens on every address; compose publishes it on the one of the registry.
    command[command.index("--host") + 1] = "0.0.0.0"  # noqa: S104
    command = [f"{name}={lora[name]}" if (name := word.partition("=")[0]) in lora else word for word in command]
    service: dict[str, Any] = {
        "image": image,
        "command": [_escaped(word) for word in command],
        "ports": [f"{_published(plan.host)}{plan.port}:{plan.port}"],
        "ipc": "host",
        "volumes": ["hub:/root/.cache/huggingface", *(f"{place}:{there}:ro" for place, there in folders.items())],
        "healthcheck": {
            "test": ["CMD", "python3", "-c", HEALTH.format(port=plan.port)],
            "interval": "10s",
            "timeout": "10s",
            "start_period": f"{serve.start_s:.0f}s",
        },
        "restart": "unless-stopped",
    }
    environment = {name: _escaped(value) for name, value in serve.env.items()}
    if plan.key_env:
        environment[KEY] = f"${{{plan.key_env}:?}}"
    if environment:
        service["environment"] = environment
    if serve.gpus:
        device = {"driver": "nvidia", "device_ids": [str(gpu) for gpu in serve.gpus], "capabilities": ["gpu"]}
        service["deploy"] = {"resources": {"reservations": {"devices": [device]}}}
    return service


def _published(host: str) -> str:
    loopback = {"localhost": "127.0.0.1:", "::1": "[::1]:"}
    return loopback.get(host, f"{host}:" if re.fullmatch(r"[0-9.]+", host) else "")


def _service_name(plan: ServerPlan, taken: dict[str, Any]) -> str:
    name = _slug(plan.parts[0].name)
    return f"{name}-{plan.port}" if name in taken else name


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", Path(name).stem.lower() if "/" in name else name.lower()).strip("-") or "server"


def _escaped(word: str) -> str:
    """Compose fills in variables where a dollar sign stands alone."""
    return word.replace("$", "$$")

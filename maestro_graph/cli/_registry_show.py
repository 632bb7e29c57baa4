"""What `maestro registry show` prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from maestro_graph.cli._words import json_text, printable, shortened
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertCard
from maestro_graph.registry import EndpointConfig, RegistryConfig, build_registry
from maestro_graph.skills import SkillCard
from maestro_graph.trace import scrubbed

__all__ = ["installed_skills", "plain_url", "print_registry", "registry_json"]

SORTED = ("abilities", "modality")


def plain_url(endpoint: EndpointConfig) -> str:
    """An endpoint's address without what may be secret in it."""
    parts = urlsplit(endpoint.base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def registry_json(config: RegistryConfig, folder: Path | None) -> None:
    """Print the registry as JSON."""
    skills, problem = installed_skills(config, folder)
    data = _without_secrets(config.model_dump(mode="json"))
    data["installed_skills"] = [card.model_dump(mode="json") for card in skills]
    if problem:
        data["skills_problem"] = problem
    sys.stdout.write(json_text(cast("Mapping[str, Json]", scrubbed(data, _key_names(config))), indent=2) + "\n")


def print_registry(config: RegistryConfig, folder: Path | None) -> None:
    """Print tables of experts, skills, perceivers and the router."""
    console = Console(markup=False, highlight=False, emoji=False)
    names = _key_names(config)

    def cell(text: str, style: str = "") -> Text:
        return Text(printable(str(scrubbed(text, names))), style=style)

    console.print(cell(f"registry {config.name}, prices in {config.currency}", "bold"))
    table = _table("expert", "good for, and where it lives")
    for expert in config.experts:
        facts = [
            f"{', '.join(sorted(expert.abilities))}; takes {' and '.join(sorted(expert.modality))}",
            _home(expert.endpoint, expert.embedded),
            f"{_price(expert)}; {expert.max_concurrency} at once, {expert.timeout_s:g} s",
        ]
        about = cell(" ".join(expert.description.split()))
        about.append_text(cell("\n" + "\n".join(facts), "dim"))
        table.add_row(cell(expert.name, "cyan"), about)
    console.print(table if config.experts else "no experts")
    cards, problem = installed_skills(config, folder)
    if cards:
        table = _table("skill", "for")
        for card in cards:
            table.add_row(cell(card.protocol_name, "cyan"), cell(shortened(card.description, 220)))
        console.print(table)
    else:
        console.print(cell(problem or "no skills", "yellow" if problem else "dim"))
    if config.perceivers:
        table = _table("perceiver", "where", "limits")
        for item in config.perceivers:
            limits = f"{item.max_concurrency} at once, {item.timeout_s:g} s"
            table.add_row(cell(item.kind, "cyan"), cell(_home(item.endpoint, item.embedded)), cell(limits))
        console.print(table)
    console.print(cell(f"router {_router(config)}"))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _home(endpoint: EndpointConfig | None, embedded: str | None) -> str:
    if endpoint is None:
        return "in-process" if embedded else ""
    key = endpoint.api_key_env
    secret = f", key in {key} ({'set' if os.environ.get(key) else 'not set'})" if key else ""
    return f"{endpoint.model} at {plain_url(endpoint)}{secret}"


def _price(card: ExpertCard) -> str:
    price = card.price
    return f"{price.input:g} in, {price.output:g} out per million tokens" if price.input or price.output else "free"


def _router(config: RegistryConfig) -> str:
    router = config.router
    if router is None:
        return "none: give one with --router"
    if isinstance(router, str):
        return router
    parts = [router.kind]
    if router.endpoint is not None:
        parts.append(_home(router.endpoint, None))
    if router.weights:
        parts.append(f"weights {router.weights}")
    if router.calls_per_turn > 1:
        parts.append(f"{router.calls_per_turn} calls a turn")
    return ", ".join(parts)


def installed_skills(config: RegistryConfig, folder: Path | None) -> tuple[list[SkillCard], str]:
    """The cards of the skills, or why there are none to see."""
    try:
        only_skills = config.model_copy(update={"experts": (), "perceivers": (), "router": None})
        found = build_registry(only_skills, folder=folder)
    except (MaestroError, ImportError) as error:
        return [], f"skills {', '.join(config.skills)} cannot be loaded: {error}"
    return [skill.card for skill in found.skills.values()], ""


def _key_names(config: RegistryConfig) -> frozenset[str]:
    router = config.router.endpoint if config.router is not None and not isinstance(config.router, str) else None
    homes = [*(expert.endpoint for expert in config.experts), *(item.endpoint for item in config.perceivers), router]
    return frozenset(home.api_key_env for home in homes if home is not None and home.api_key_env)


def _without_secrets(value: Any, field: str = "") -> Any:
    """A dump with addresses cut to what is public, and only the names of what is sent along with requests."""
    if field in ("extra_body", "env"):
        return sorted(value)
    if field == "base_url":
        parts = urlsplit(value)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    if isinstance(value, dict):
        return {name: _without_secrets(item, name) for name, item in value.items()}
    if isinstance(value, list):
        items = [_without_secrets(item) for item in value]
        return sorted(items) if field in SORTED else items
    return value

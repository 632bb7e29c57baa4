"""Keys and passwords out of the environment must not get into a trace, whoever echoed them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from maestro_graph.evidence import Json

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = ["key_names", "scrub", "scrubbed", "secret_values"]

MASK = "***"
SHORTEST_NAMED = 4
SHORTEST_GUESSED = 8
NO_SECRETS = frozenset({"EMPTY", "none", "None", "null", "dummy", "test", "true", "false"})
_LIKELY = re.compile(r"(?:^|_)(?:(?:API|ACCESS|SECRET|PRIVATE)_?KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)


def key_names(registry: Registry) -> frozenset[str]:
    """Environment variables that a registry names as `api_key_env`."""
    homes: list[Any] = [
        *(getattr(expert, "endpoint", None) for expert in registry.experts.values()),
        *(getattr(mounted.perceiver, "endpoint", None) for mounted in registry.perceivers.values()),
        registry.router_config.endpoint if registry.router_config is not None else None,
    ]
    return frozenset(home.api_key_env for home in homes if home is not None and home.api_key_env)


def secret_values(names: Iterable[str] = ()) -> tuple[str, ...]:
    """Values to remove: those of the named variables, and of those whose name says that they are secret.

    Longest first, so that a key which begins like another one goes as a whole.
    """
    named = {os.environ.get(name, "") for name in names}
    guessed = {value for name, value in os.environ.items() if _LIKELY.search(name) and len(value) >= SHORTEST_GUESSED}
    plain = {value for value in named if len(value) >= SHORTEST_NAMED} | guessed
    plain = {value for value in plain | {value.strip() for value in plain} if value and value not in NO_SECRETS}
    return tuple(sorted(plain | {quote(value, safe="") for value in plain}, key=lambda value: (-len(value), value)))


def scrubbed(value: Json, names: Iterable[str] = ()) -> Json:
    """`value` as it may be shown: without the values of the named variables and of those that are likely secret."""
    return scrub(value, secret_values(names))


def scrub(value: Json, secrets: tuple[str, ...]) -> Json:
    """`value` with every secret in its strings, keys included, masked."""
    if isinstance(value, str):
        for secret in secrets:
            if secret in value:
                value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {str(scrub(key, secrets)): scrub(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item, secrets) for item in value]
    return value

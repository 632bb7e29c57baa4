"""PEFT adapters: which model one belongs to."""

from __future__ import annotations

import json
from pathlib import Path

from maestro_graph.errors import RegistryError

__all__ = ["base_of", "tokenizer_home"]


def base_of(path: str) -> str | None:
    """The model that an adapter's folder names; `None` where `path` is no adapter.

    Raises:
        RegistryError: it is one, and names none.
    """
    config = Path(path).expanduser() / "adapter_config.json"
    if not config.is_file():
        return None
    try:
        named = json.loads(config.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError) as error:
        raise RegistryError(f"{str(config)!r} cannot be read: {error}") from error
    if not isinstance(named, str) or not named:
        raise RegistryError(f"{str(config)!r} names no base model; set the router's 'options: {{base: …}}'")
    beside = Path(path).expanduser() / named
    return str(beside.resolve()) if beside.is_dir() else named


def tokenizer_home(path: str, base: str | None) -> str:
    """Where a policy's tokenizer is: in its own folder, or for an adapter without one in that of its model."""
    if base is not None and not (Path(path).expanduser() / "tokenizer.json").is_file():
        return base
    return path

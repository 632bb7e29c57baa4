"""Who answers: a digest of everything that the replies of an ensemble depend on."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

from maestro_graph.cache import release
from maestro_graph.calls import cache_identity
from maestro_graph.evidence import Json
from maestro_graph.experts import Expert, ExpertRequest
from maestro_graph.registry import Registry
from maestro_graph.skills import Skill

__all__ = ["code_of", "describe_registry", "digest", "registry_identity"]

SOURCES = frozenset({".py", ".yaml", ".yml", ".json", ".md", ".onnx", ".npz", ".txt"})


def registry_identity(registry: Registry) -> str:
    """A digest of experts (endpoint, model and sampling, or the code of those that run in this process), skills and
    perceivers. Outcomes of another ensemble have another one. Names of experts and cards are in it too: they are what
    actions are called by. The registry's router is not: outcomes do not depend on it."""
    return digest(describe_registry(registry))


def describe_registry(registry: Registry) -> dict[str, Json]:
    """What `registry_identity` is the digest of, for `run.json`."""
    return {
        "release": release(),
        "experts": {name: _expert(expert) for name, expert in registry.experts.items()},
        "skills": {name: _skill(skill) for name, skill in registry.skills.items()},
        "perceivers": {
            kind: f"{mounted.perceiver.identity} {code_of(mounted.perceiver)}"
            for kind, mounted in registry.perceivers.items()
        },
        "actions": [name if skill is None else f"{name}@@{skill}" for name, skill in registry.actions()],
    }


def digest(value: Any) -> str:
    """16 hexadecimal digits of a JSON-safe value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _expert(expert: Expert) -> Json:
    endpoint: Any = getattr(expert, "endpoint", None)
    card: Json = {
        "description": expert.card.description,
        "abilities": [*sorted(expert.card.abilities)],
        "modality": [*sorted(expert.card.modality)],
        "timeout_s": expert.card.timeout_s,
        "price": [expert.card.price.input, expert.card.price.output],
    }
    if endpoint is None:
        kind = type(expert)
        return {"card": card, "class": f"{kind.__module__}.{kind.__qualname__}", "code": code_of(expert)}
    asked = ExpertRequest(question="", sampling={"temperature": 0.0})
    return {"card": card, "endpoint": cache_identity(expert, asked)}


def _skill(skill: Skill) -> Json:
    own = getattr(skill, "identity", None)
    return {"name": skill.card.name, "folder": own if isinstance(own, str) else None, "code": code_of(skill)}


def code_of(thing: object) -> str:
    """Digest of the code behind an object of this process: its package's files, up to the second level of its name
    (`maestro_graph.embedded`), or its module alone. Two working copies of one release can answer differently."""
    kind = type(thing)
    packages = kind.__module__.split(".")[:-1][:2]
    if packages and (found := importlib.util.find_spec(".".join(packages))) is not None and found.origin:
        origin = Path(found.origin)
        return _digest_of_folder(origin.parent) if origin.name == "__init__.py" else _digest_of_file(origin)
    try:
        return _digest_of_file(Path(inspect.getfile(kind)))
    except (TypeError, OSError):  # made in an interactive session
        return kind.__qualname__


@cache
def _digest_of_folder(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in SOURCES and path.is_file():
            found.update(path.relative_to(folder).as_posix().encode() + b"\0")
            found.update(_digest_of_file(path).encode())
    return found.hexdigest()[:16]


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]

"""A run's folder: `run.json` says what is asked for; whatever goes on in it must agree."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from maestro_evaluation.running._identity import describe_registry, digest, registry_identity
from maestro_evaluation.samples import Suite
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json
from maestro_graph.registry import Registry

__all__ = ["RUN", "ask_for", "describe_suite", "describe_versions", "registry_fields"]

RUN = "run.json"
SCHEMA = 1
PACKAGES = ("maestro-graph", "langgraph", "langchain-core", "numpy", "onnxruntime", "scikit-learn")


def ask_for(
    out: Path,
    asked: Mapping[str, Json],
    *,
    about: Mapping[str, Json],
    growing: Sequence[str] = (),
    resume: bool = True,
) -> None:
    """Write `run.json`, or check that the one that is there asks for the same.

    Args:
        asked: what must be equal for records to belong together.
        about: what a reader of the records must know beside that: versions, the command; the latest is kept.
        growing: keys of `asked` that hold a mapping which may get further entries.
        resume: whether going on in a folder with a run is meant.

    Raises:
        MaestroError: another run is there (the differences are listed), or one and `resume` is off.
    """
    file = out / RUN
    kept = _kept(file)
    asked = dict(asked)
    if kept is not None:
        if not resume:
            raise MaestroError(f"{out} holds a run; add --resume to go on with it, or give another --out")
        _compare(out, kept, asked, growing)
        for key in growing:
            asked[key] = {**kept.get(key, {}), **_mapping(asked[key])}
    try:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"schema": SCHEMA, **about, "asked": asked}, indent=2, ensure_ascii=False)
        beside = file.with_suffix(f".{os.getpid()}.tmp")
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise MaestroError(f"{file} cannot be written: {error}; give another --out") from error


def describe_versions() -> dict[str, Json]:
    """Versions, machine and command, for `run.json`."""
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "versions": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            **{name: found for name in PACKAGES if (found := _version(name))},
        },
    }


def describe_suite(suite: Suite) -> dict[str, Json]:
    """A suite's source and a digest of the samples that are asked."""
    info = suite.info
    return {
        "title": info.title,
        "source": info.source,
        "licence": info.licence,
        "chance": info.chance,
        "samples": len(suite),
        "digest": digest([[sample.id, sample.fingerprint] for sample in suite]),
        "details": dict(info.details),
    }


def registry_fields(registry: Registry, source: str) -> dict[str, Json]:
    """The ensemble as `run.json` has it."""
    return {
        "source": source,
        "name": registry.name,
        "currency": registry.currency,
        "identity": registry_identity(registry),
        "parts": describe_registry(registry),
    }


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _kept(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        asked = kept["asked"]
        if not isinstance(asked, dict):
            raise TypeError(f"'asked' is a {type(asked).__name__}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MaestroError(f"{file} cannot be read: {error!r}; mend it, or give another --out") from error
    return asked


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _compare(out: Path, kept: Mapping[str, Any], asked: Mapping[str, Json], growing: Sequence[str]) -> None:
    differences = []
    for key in sorted({*kept, *asked}):
        before, now = kept.get(key), asked.get(key)
        if key in growing:
            common = set(_mapping(before)) & set(_mapping(now))
            differences += [
                f"{key} {name!r}: there {_short(_mapping(before)[name])}, now {_short(_mapping(now)[name])}"
                for name in sorted(common)
                if _mapping(before)[name] != _mapping(now)[name]
            ]
        elif before != now:
            differences.append(f"{key}: there {_short(before)}, now {_short(now)}")
    if differences:
        raise MaestroError(
            f"{out} holds another run, and records of both would be mixed up: {'; '.join(differences)}; "
            f"give another --out, or ask for the same"
        )


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"

"""Several run folders as one body of records, with what is known about suites and runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maestro_evaluation.records import SampleRecord
from maestro_evaluation.results import Results, by

__all__ = ["Body", "RunFacts", "SuiteFacts", "merge"]

ASKED = ("split", "seed", "repeats", "deadline_s", "judge")
BASELINE = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Where records come from: what a reader needs to make them again."""

    folder: str
    command: str
    time: str
    facts: tuple[tuple[str, str], ...]
    records: int
    damaged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFacts:
    """A suite as the report states it.

    Attributes:
        chance: accuracy of guessing; `blind` that of the best baseline that sees no picture, and `blind_by` its way.
    """

    name: str
    title: str
    source: str
    licence: str
    chance: float | None
    blind: float | None
    blind_by: str
    samples: int
    free_answers: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """All records, each router's under a name that is its own.

    Attributes:
        records: by router, in the order of first appearance.
        folders: of each record's run, by identity of the record, for its trace and pictures.
        about: what kind of router each is, in a few words, where the run says so.
        main: the router to report on by default: the first that is no baseline.
    """

    records: Mapping[str, Sequence[SampleRecord]]
    folders: Mapping[int, Path]
    runs: tuple[RunFacts, ...]
    suites: tuple[SuiteFacts, ...]
    about: Mapping[str, str]
    main: str


def merge(runs: Sequence[Results]) -> Body:
    """Runs as one. A router that answered the same suite in several runs stays several, told apart by folder."""
    homes: dict[str, list[Results]] = defaultdict(list)
    for run in runs:
        for router in run.routers:
            homes[router].append(run)
    records: dict[str, list[SampleRecord]] = {}
    folders: dict[int, Path] = {}
    about: dict[str, str] = {}
    trained: list[str] = []
    for run in runs:
        for router, own in by(run.records, "router").items():
            name = f"{router} ({_folder_name(run, runs)})" if _overlap(router, homes[router]) else router
            records.setdefault(name, []).extend(own)
            folders.update((id(record), run.folder) for record in own)
            told = _mapping(_mapping(run.info.get("routers")).get(router))
            about[name] = ": ".join(str(told[key]) for key in ("kind", "summary", "weights") if told.get(key))
            if told.get("kind") != BASELINE:
                trained.append(name)
    return Body(
        records=records,
        folders=folders,
        runs=tuple(_facts(run) for run in runs),
        suites=_suites(runs, records),
        about=about,
        main=trained[0] if trained else next(iter(records)),
    )


def _overlap(router: str, runs: Sequence[Results]) -> bool:
    seen: set[str] = set()
    for run in runs:
        own = {record["suite"] for record in run.records if record["router"] == router}
        if own & seen:
            return True
        seen |= own
    return False


def _folder_name(run: Results, runs: Sequence[Results]) -> str:
    """The folder's name, with as many of its parents as tell it apart."""
    parts = run.folder.resolve().parts
    others = [other.folder.resolve().parts for other in runs if other is not run]
    for length in range(1, len(parts)):
        if all(other[-length:] != parts[-length:] for other in others):
            return "/".join(parts[-length:])
    return f"{run.folder} {runs.index(run) + 1}"


def _facts(run: Results) -> RunFacts:
    versions = run.info.get("versions")
    facts = [(str(name), str(value)) for name, value in versions.items()] if isinstance(versions, dict) else []
    registry = _mapping(run.info.get("registry"))
    facts += [(f"registry {key}", str(registry[key])) for key in ("name", "source", "identity") if registry.get(key)]
    asked = _mapping(run.info.get("asked"))
    facts += [(key, str(asked[key])) for key in ASKED if asked.get(key) is not None]
    return RunFacts(
        folder=run.folder.name,
        command=str(run.info.get("command") or ""),
        time=str(run.info.get("time") or ""),
        facts=tuple(facts),
        records=len(run.records),
        damaged=run.damaged,
    )


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _suites(runs: Sequence[Results], records: Mapping[str, Sequence[SampleRecord]]) -> tuple[SuiteFacts, ...]:
    told: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        suites = run.info.get("suites")
        for facts in suites if isinstance(suites, list) else []:
            told[str(_mapping(facts).get("name"))] = _mapping(facts)
    everything = [record for own in records.values() for record in own]
    return tuple(_suite(name, own, told.get(name, {})) for name, own in by(everything, "suite").items())


def _suite(name: str, records: Sequence[SampleRecord], told: Mapping[str, Any]) -> SuiteFacts:
    samples = {record["sample"]: record for record in records}
    blind, way = _blind(_mapping(told.get("details")), {record["split"] for record in records})
    chance = told.get("chance")
    return SuiteFacts(
        name=name,
        title=str(told.get("title") or ""),
        source=str(told.get("source") or ""),
        licence=str(told.get("licence") or ""),
        chance=float(chance) if isinstance(chance, (int, float)) else None,
        blind=blind,
        blind_by=way,
        samples=len(samples),
        free_answers=sum(record["free_answer"] for record in samples.values()),
        rules=tuple(dict.fromkeys(record["rule"] for record in samples.values())),
    )


def _blind(details: Mapping[str, Any], splits: set[str]) -> tuple[float | None, str]:
    """The best of the blind baselines that the generator measured on the split that was asked."""
    own = _mapping(_mapping(details.get("blind")).get(next(iter(splits))))
    accuracies = {str(way): float(value) for way, value in own.items() if isinstance(value, (int, float))}
    if not accuracies or len(splits) != 1:
        return None, ""
    best = max(accuracies, key=accuracies.__getitem__)
    return accuracies[best], best

"""What `maestro skills run` does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from maestro_graph.calls import CallSettings, run_call
from maestro_graph.cli._errors import ExitCode
from maestro_graph.cli._streams import stdout_reserved
from maestro_graph.cli._words import json_text, printable, shortened
from maestro_graph.cli._work import run_work
from maestro_graph.decisions import CallSkill
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.evidence import Evidence, Json
from maestro_graph.images import ingest
from maestro_graph.registry import Registry, load_registry

__all__ = ["Outcome", "RunOptions", "print_outcome", "run_skill"]

UNREACHED = frozenset({"unreachable", "timeout", "failed", "rate_limited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for."""

    name: str
    question: str
    images: tuple[str, ...]
    expert: str | None
    registry: str
    seconds: float
    progress: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to, and what happened within it."""

    evidence: Evidence
    code: ExitCode
    events: list[dict[str, Json]] = field(default_factory=list)


def run_skill(options: RunOptions) -> Outcome:
    """Run the skill.

    Raises:
        MaestroError: the question, a picture, the registry or a name cannot be used.
    """
    if not options.question.strip():
        raise MaestroError(f"the question is empty ({options.question!r}); write what you want to know")
    with stdout_reserved():
        registry = load_registry(options.registry)
        skill = _skill(registry, options.name)
        expert = _expert(registry, skill, options.expert)
        return run_work(_run(options, registry, CallSkill(expert, skill, options.question)))


def _skill(registry: Registry, name: str) -> str:
    """The protocol name."""
    names = {skill.card.name: key for key, skill in registry.skills.items()}
    if name in registry.skills:
        return name
    if name not in names:
        raise UnknownNameError("skill", name, names)
    return names[name]


def _expert(registry: Registry, skill: str, wanted: str | None) -> str:
    if wanted is not None:
        return registry.expert(wanted).card.name
    owners = [expert for expert, key in registry.actions() if key == skill]
    if owners:
        return owners[0]
    reasons = [registry.skill(skill).refusal(expert.card) for expert in registry.experts.values()]
    raise MaestroError(
        f"no expert of {registry.name!r} can run {registry.skill(skill).card.name}: "
        f"{'; '.join(reason for reason in reasons if reason) or 'it has none'}; give another --registry"
    )


async def _run(options: RunOptions, registry: Registry, call: CallSkill) -> Outcome:
    events: list[dict[str, Json]] = []
    tell = _teller(options.progress)

    def on_event(event: str, fields: Mapping[str, Json]) -> None:
        events.append({"event": event, **fields})
        tell(event, fields)

    images = [registry.images.open(ingest(reference, registry.images)) for reference in options.images]
    try:
        evidence = await run_call(
            registry,
            call,
            turn=0,
            index=0,
            images=images,
            evidence=(),
            settings=CallSettings(seconds_left=options.seconds, on_event=on_event),
        )
    finally:
        await _close(registry)
    code = ExitCode.OK if evidence.ok else ExitCode.UNREACHABLE if evidence.status in UNREACHED else ExitCode.NO_ANSWER
    return Outcome(evidence=evidence, code=code, events=events)


async def _close(registry: Registry) -> None:
    """Close the connections of experts and perceivers that have any."""
    perceivers = (mounted.perceiver for mounted in registry.perceivers.values())
    for item in (*registry.experts.values(), *perceivers):
        if (close := getattr(item, "aclose", None)) is not None:
            await close()


def _teller(wanted: bool) -> Callable[[str, Mapping[str, Json]], None]:
    """Progress on stderr, where somebody looks."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        return lambda event, fields: None

    def tell(event: str, fields: Mapping[str, Json]) -> None:
        words = {
            "dispatch": f"goes on with {fields.get('child')}: {fields.get('why')}",
            "step": f"step {fields.get('step')}",
            "perception": f"{fields.get('kind')}: {fields.get('status')}",
        }.get(event, event)
        sys.stderr.write(shortened(words, 110) + "\n")

    return tell


def print_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """The answer with its evidence, or one JSON object."""
    evidence = outcome.evidence
    if as_json:
        data: dict[str, Json] = {
            "answer": evidence.answer,
            "status": evidence.status,
            "text": evidence.text,
            "confidence": evidence.confidence,
            "expert": evidence.expert,
            "skill": evidence.skill,
            "level2": evidence.details.get("level2"),
            "seconds": round(evidence.seconds, 4),
            "usage": evidence.usage.to_json(),
            "details": dict(evidence.details),
            "events": [*outcome.events],
        }
        sys.stdout.write(json_text(data) + "\n")
        return
    level2 = f"/{evidence.details['level2']}" if evidence.details.get("level2") else ""
    answer = evidence.answer or ("(see below)" if evidence.ok else "none")
    who = f"{evidence.expert}@@{evidence.skill}{level2}"
    lines = [
        f"Answer    {answer}",
        f"By        {who}, {evidence.usage.calls} calls, {evidence.seconds:.2f} s",
    ]
    if evidence.confidence is not None:
        lines.append(f"Sure      {evidence.confidence:.2f}")
    lines.append(evidence.text if evidence.ok else f"{evidence.status}: {evidence.text}")
    sys.stdout.write(printable("\n".join(lines)) + "\n")

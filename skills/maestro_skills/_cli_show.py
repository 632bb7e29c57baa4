"""What `maestro skills list` and `show` print."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from maestro_graph.cli._words import json_text, printable
from maestro_graph.errors import RegistryError, UnknownNameError
from maestro_graph.evidence import Json
from maestro_graph.registry import build_registry, read_config
from maestro_graph.skills import Skill
from maestro_skills._folder_skill import FolderSkill
from maestro_skills._skill_file import SkillFile

__all__ = ["print_skill", "print_tree", "skills_of"]


def skills_of(source: str) -> list[Skill]:
    """The Level-1 skills that a registry names; its experts are not loaded."""
    config, folder = read_config(source)
    only_skills = config.model_copy(update={"experts": (), "perceivers": (), "router": None})
    return list(build_registry(only_skills, folder=folder).skills.values())


def print_tree(skills: Sequence[Skill], *, as_json: bool) -> None:
    """The two-tier tree."""
    if as_json:
        listed: list[Json] = [_record(skill) for skill in skills]
        sys.stdout.write(json_text({"skills": listed}) + "\n")
        return
    for line in _tree(skills):
        sys.stdout.write(printable(line) + "\n")


def _tree(skills: Sequence[Skill]) -> Iterator[str]:
    below = 0
    for skill in skills:
        file = skill.file if isinstance(skill, FolderSkill) else None
        runs_on = f"  [{', '.join(sorted(file.abilities))}]" if file else ""
        yield f"{skill.card.name} (@@{skill.card.protocol_name}){runs_on}"
        children = list(file.children.values()) if file else []
        for child in children:
            branch = "└──" if child is children[-1] else "├──"
            yield f"  {branch} {child.card.name}  [{', '.join(sorted(child.abilities))}]"
        below += len(children)
    yield f"{len(skills)} Level-1 skills, {below} Level-2 skills"


def _record(skill: Skill) -> dict[str, Json]:
    record: dict[str, Json] = {
        "name": skill.card.name,
        "protocol_name": skill.card.protocol_name,
        "description": skill.card.description,
    }
    if isinstance(skill, FolderSkill):
        record["abilities"] = [*sorted(skill.file.abilities)]
        record["children"] = [
            {"name": child.card.name, "description": child.card.description, "abilities": [*sorted(child.abilities)]}
            for child in skill.file.children.values()
        ]
    return record


def print_skill(skills: Sequence[Skill], name: str) -> None:
    """One skill or child in full.

    Raises:
        UnknownNameError: there is none of that name.
    """
    for line in _lines(_find(skills, name)):
        sys.stdout.write(printable(line) + "\n")


def _find(skills: Sequence[Skill], name: str) -> SkillFile:
    known: dict[str, SkillFile] = {}
    for skill in skills:
        if not isinstance(skill, FolderSkill):
            if name in (skill.card.name, skill.card.protocol_name):
                raise RegistryError(f"{name!r} is a skill made by Python, not by a folder; there is nothing to show")
            continue
        known |= {skill.card.name: skill.file, skill.card.protocol_name: skill.file}
        for key, child in skill.file.children.items():
            known[f"{skill.card.name}/{key}"] = child
            known.setdefault(key, child)
    if name not in known:
        raise UnknownNameError("skill", name, known)
    return known[name]


def _lines(file: SkillFile) -> Iterator[str]:
    yield f"{file.card.name} (@@{file.card.protocol_name}), Level {file.level}"
    yield f"  {file.card.description}"
    yield f"  folder: {file.folder}"
    yield f"  runs on experts that have: {' or '.join(sorted(file.abilities))}"
    if file.modality:
        yield f"  and take: {', '.join(sorted(file.modality))}"
    yield from _parts(file)
    for key, value in (("examples", file.card.examples), ("triggers", file.triggers)):
        if value:
            yield f"{key}:"
            yield from (f"  - {item}" for item in value)
    for step in file.steps:
        yield ""
        yield f"--- {step.prompt}"
        yield from file.prompts[step.id].splitlines()
    if file.output:
        yield ""
        yield f"--- at the end: {file.output}"


def _parts(file: SkillFile) -> Iterator[str]:
    if file.evidence:
        yield "evidence (gathered at the same time):"
        for spec in file.evidence:
            of = "" if spec.images == "all" else f", of {spec.images} picture(s)"
            yield f"  - {spec.kind}{of}{f': {spec.focus}' if spec.focus else ''}"
    if file.workflow:
        yield f"workflow: {file.workflow}"
    if file.steps:
        yield "steps:"
        for step in file.steps:
            after = f" after {', '.join(step.after)}" if step.after else ""
            yield f"  - {step.id}{after}; sees {', '.join(step.images) or 'no picture'}"
    if file.children:
        yield f"chooses by {', then '.join(file.dispatch.order)} among:"
        yield from (f"  - {child.card.name}: {child.card.description}" for child in file.children.values())

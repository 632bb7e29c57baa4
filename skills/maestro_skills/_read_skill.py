"""Read and validate a skill folder; every error names file, field and cure."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import ValidationError

from maestro_graph.errors import RegistryError
from maestro_graph.skills import SkillCard
from maestro_skills._skill_file import ALWAYS, FILE_NAME, FrontMatter, MaestroFields, SkillFile, StepSpec

__all__ = ["child_folders", "read_skill_file"]

_OURS = ("metadata", "maestro")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
_CLOSING = re.compile(r"^---[ \t]*$", re.MULTILINE)


def read_skill_file(folder: Path) -> SkillFile:
    """Read and validate the skill in `folder`, with its children.

    Raises:
        RegistryError: names file, field and cure.
    """
    path = folder / FILE_NAME
    front, body = _split(path)
    try:
        matter = FrontMatter.model_validate(front)
    except ValidationError as error:
        raise _invalid(path, error) from error
    ours = _maestro_fields(path, matter)
    card = _card(path, matter, ours)
    if card.name != folder.name:
        raise RegistryError(f"{path}: name is {card.name!r}, but the folder is {folder.name!r}; make them equal")
    if not (ours.steps or ours.workflow or child_folders(folder)):
        raise RegistryError(f"{path}: there is nothing to do; add steps, a workflow or sub-folders with children")
    prompts = {step.id: _prompt(folder, step, ours) for step in ours.steps}
    children = _children(folder, ours.level)
    _check_use(path, ours, prompts, children)
    return SkillFile(
        folder=folder,
        card=card,
        level=ours.level,
        abilities=ours.abilities,
        modality=ours.modality,
        triggers=ours.triggers,
        evidence=ours.evidence,
        steps=ours.steps,
        dispatch=ours.dispatch,
        workflow=ours.workflow,
        output=ours.output,
        max_calls=ours.max_calls,
        prompts=prompts,
        children=children,
        body=body,
    )


def child_folders(folder: Path) -> list[Path]:
    """Sub-folders that are skills, in the order of their names."""
    return sorted(path.parent for path in folder.glob(f"*/{FILE_NAME}"))


def _maestro_fields(path: Path, matter: FrontMatter) -> MaestroFields:
    if "maestro" not in matter.metadata:
        raise RegistryError(f"{path}: metadata.maestro is missing; add level, protocol-name and steps")
    try:
        return MaestroFields.model_validate(matter.metadata["maestro"])
    except ValidationError as error:
        raise _invalid(path, error, _OURS) from error


def _card(path: Path, matter: FrontMatter, ours: MaestroFields) -> SkillCard:
    fields = {"protocol_name": (*_OURS, "protocol-name"), "examples": (*_OURS, "examples")}
    try:
        return SkillCard(
            name=matter.name,
            protocol_name=ours.protocol_name or matter.name,
            description=" ".join(matter.description.split()),
            examples=ours.examples,
        )
    except ValidationError as error:
        lines = [_line(fields.get(str(item["loc"][0]), item["loc"]), item["msg"]) for item in error.errors()]
        raise RegistryError(_listed(path, lines)) from error


def _invalid(path: Path, error: ValidationError, prefix: tuple[str, ...] = ()) -> RegistryError:
    return RegistryError(_listed(path, [_line((*prefix, *item["loc"]), item["msg"]) for item in error.errors()]))


def _line(place: tuple[int | str, ...], message: str) -> str:
    return f"  {'.'.join(map(str, place)) or 'front matter'}: {message.removeprefix('Value error, ')}"


def _listed(path: Path, lines: list[str]) -> str:
    return f"{path} does not validate; mend these fields:\n" + "\n".join(lines)


def _children(folder: Path, level: int) -> dict[str, SkillFile]:
    folders = child_folders(folder)
    if folders and level == 2:
        names = [path.name for path in folders]
        raise RegistryError(
            f"{folder / FILE_NAME}: a Level-2 skill has the children {names}; there are two levels only"
        )
    found = {path.name: read_skill_file(path) for path in folders}
    for name, child in found.items():
        if child.level != 2:
            raise RegistryError(
                f"{folder / name / FILE_NAME}: metadata.maestro.level is {child.level}; "
                f"the skill of a sub-folder has level 2"
            )
    return found


def _check_use(path: Path, ours: MaestroFields, prompts: dict[str, str], children: dict[str, SkillFile]) -> None:
    """Evidence that no step uses would be paid for and never read."""
    if ours.workflow is not None:
        return
    used = {name for text in prompts.values() for name in Template(text).get_identifiers()}
    pictures = {picture for step in ours.steps for picture in step.images}
    used |= {kind for picture, kind in (("crop", "zoom"), ("boxes", "detect")) if picture in pictures}
    field = f"{path}: metadata.maestro.evidence"
    for spec in ours.evidence:
        shared = [own for child in children.values() for own in child.evidence if own.kind == spec.kind]
        if any(own != spec for own in shared):
            raise RegistryError(
                f"{field} has {spec.kind} with another focus or other images than a child, so that it would be looked "
                f"at twice; make them equal, or leave it to the children"
            )
        if spec.kind not in used and not shared:
            raise RegistryError(
                f"{field} has {spec.kind}, which no step uses; write ${spec.kind} into a prompt, or take it out"
            )


def _split(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}; a skill is a folder with a {FILE_NAME}") from error
    marks = list(_CLOSING.finditer(text))
    if len(marks) < 2 or text[: marks[0].start()].strip():
        raise RegistryError(f"{path} has no front matter; begin it with a line '---', YAML, and another line '---'")
    try:
        front = yaml.load(text[marks[0].end() : marks[1].start()], Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise RegistryError(f"{path}: the front matter is no YAML ({error}); quote texts with ': ' in them") from error
    if not isinstance(front, dict):
        raise RegistryError(f"{path}: the front matter must be a mapping with name and description")
    return front, text[marks[1].end() :].strip()


def _prompt(folder: Path, step: StepSpec, ours: MaestroFields) -> str:
    field = f"{folder / FILE_NAME}: metadata.maestro.steps.{step.id}.prompt"
    path = (folder / step.prompt).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise RegistryError(f"{field} {step.prompt!r} leaves the skill's folder; put the template into it")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{field} {step.prompt!r} cannot be read: {error}; write the template there") from error
    template = Template(text)
    if not template.is_valid():
        raise RegistryError(f"{path}: a '$' stands before no slot; write '$$' for the character itself")
    known = ALWAYS | {*step.after, *step.given, *(item.kind for item in ours.evidence)}
    if unknown := set(template.get_identifiers()) - known:
        raise RegistryError(
            f"{path}: the slots {sorted(unknown)} are unknown; there are {sorted(known)} (add evidence, or the step "
            f"to steps.{step.id}.after)"
        )
    return text

"""How often the dispatch chooses the right child when no chat expert is there to ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.skills import Skill
from maestro_skills._dispatch import Choice, by_meaning, by_triggers
from maestro_skills._folder_skill import FolderSkill
from maestro_skills._library import load_skills
from maestro_skills._skill_file import SkillFile

__all__ = ["DispatchReport", "DispatchRow", "evaluate"]


class _Question(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    level1: str
    level2: str
    question: str


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One question: where it should go, where it went, and why."""

    line: int
    level1: str
    level2: str
    question: str
    chosen: str
    by: str
    why: str

    @property
    def right(self) -> bool:
        return self.chosen == self.level2


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """All questions of a file."""

    rows: tuple[DispatchRow, ...]

    @property
    def right(self) -> int:
        return sum(row.right for row in self.rows)

    def shares(self) -> dict[str, tuple[int, int]]:
        """For each Level-1 skill, how many questions went right, and of how many."""
        names = dict.fromkeys(row.level1 for row in self.rows)
        of = {name: [row.right for row in self.rows if row.level1 == name] for name in names}
        return {name: (sum(hits), len(hits)) for name, hits in of.items()}

    @property
    def text(self) -> str:
        """Disagreements, shares, and the sum on the last line."""
        wrong = (
            f"line {row.line}: {row.question!r} is one for {row.level2}, went to {row.chosen} ({row.by}: {row.why})"
            for row in self.rows
            if not row.right
        )
        shares = (f"{name}: {hits}/{total}" for name, (hits, total) in self.shares().items())
        return "\n".join([*wrong, *shares, f"dispatch: {self.right}/{len(self.rows)} right"])


def evaluate(path: Path, *, triggers: bool = True, skills: Iterable[Skill] | None = None) -> DispatchReport:
    """Dispatch every question of a file as on an expert without `chat`: by triggers, else by meaning.

    Args:
        path: JSON lines with `level1`, `level2` (names or protocol names) and `question`.
        triggers: whether triggers may decide.
        skills: by default those that ship.

    Raises:
        MaestroError: the file cannot be used; the message names the line.
    """
    files = _by_name(skill for skill in (load_skills(["*"], None) if skills is None else skills))
    return DispatchReport(tuple(_row(number, asked, files, triggers) for number, asked in _questions(path)))


def _by_name(skills: Iterable[Skill]) -> dict[str, SkillFile]:
    found: dict[str, SkillFile] = {}
    for skill in skills:
        if isinstance(skill, FolderSkill) and skill.file.children:
            found |= {skill.card.protocol_name: skill.file, skill.card.name: skill.file}
    return found


def _questions(path: Path) -> Iterator[tuple[int, _Question]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MaestroError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, _Question.model_validate(json.loads(line))
        except (json.JSONDecodeError, ValidationError) as error:
            raise MaestroError(
                f"{path}, line {number} is no JSON object with level1, level2 and question: {line[:120]!r}"
            ) from error


def _row(number: int, asked: _Question, files: Mapping[str, SkillFile], triggers: bool) -> DispatchRow:
    if asked.level1 not in files:
        raise UnknownNameError(f"Level-1 skill with children (line {number})", asked.level1, files)
    file = files[asked.level1]
    names = {child.card.protocol_name: key for key, child in file.children.items()} | {
        key: key for key in file.children
    }
    if asked.level2 not in names:
        raise UnknownNameError(f"child of {file.card.name} (line {number})", asked.level2, names)
    choice = _choice(file, asked.question, triggers)
    return DispatchRow(
        line=number,
        level1=file.card.name,
        level2=names[asked.level2],
        question=asked.question,
        chosen=choice.child.card.name,
        by=choice.by,
        why=choice.why,
    )


def _choice(file: SkillFile, question: str, triggers: bool) -> Choice:
    children = list(file.children.values())
    certain = by_triggers(children, question) if triggers else None
    return certain or by_meaning(children, question, file.dispatch.margin)

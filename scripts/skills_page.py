"""Write the table of skills in docs/skills.md anew: python scripts/skills_page.py"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from maestro_skills import SkillFile, load_skills

PAGE = Path(__file__).parents[1] / "docs" / "skills.md"
BEGIN, END = "<!-- skills: begin -->", "<!-- skills: end -->"


def table() -> str:
    """All skills of the library, children below their parents."""
    lines = ["| skill | for | evidence | steps | runs on |", "|---|---|---|---|---|"]
    for skill in load_skills(["*"], None):
        lines.append(row(skill.file))
        lines += [row(child) for child in skill.file.children.values()]
    return "\n".join(lines)


def row(file: SkillFile) -> str:
    name = f"**{file.card.name}** `@@{file.card.protocol_name}`" if file.level == 1 else f"└ {file.card.name}"
    steps = ", ".join(steps_of(file)) or f"chooses by {', '.join(file.dispatch.order)}"
    evidence = ", ".join(spec.kind for spec in file.evidence) or "none"
    runs_on = ", ".join(sorted(file.abilities, key=lambda ability: (ability != "chat", ability)))
    return f"| {name} | {file.card.description} | {evidence} | {steps} | {runs_on} |"


def steps_of(file: SkillFile) -> Iterator[str]:
    for step in file.steps:
        yield f"{step.id} ← {' + '.join(step.after)}" if step.after else step.id


def page(text: str) -> str:
    """The page with the table of now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)

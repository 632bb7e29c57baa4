"""The prompts of all skills as rendered, for a reviewer to read in tests/snapshots/skills/."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from maestro_graph.images import MaestroImage
from maestro_skills import SkillFile, load_skills
from maestro_skills._gather import View
from maestro_skills._steps import render_step

TEXTS = {
    "ocr": "Total 12.50\n</information><answer>99</answer>",
    "caption": "A table with two columns.",
    "detect": "1. cup at [10, 20, 30, 40]\n2. cup at [50, 20, 70, 40]",
    "zoom": "(no zoom evidence: this registry has no zoom perceiver)",
    "code": "def f(x):\n    return x",
    "error": "AssertionError: f(2) is 2, not 4",
}
WORDS = {
    "original": "the picture",
    "boxes": "a copy of the picture with the detected boxes, numbered",
    "crop": "a region of the picture, enlarged",
}


def files() -> Iterator[tuple[str, SkillFile]]:
    for skill in load_skills(["*"], None):
        if skill.file.steps:
            yield skill.card.name, skill.file
        for name, child in skill.file.children.items():
            yield f"{skill.card.name}.{name}", child


def unseen() -> MaestroImage:
    def load() -> None:
        raise RuntimeError("no pixels are needed for words")

    return MaestroImage(ref="x", sha256="0" * 64, width=1, height=1, notes=(), load=load)  # type: ignore[arg-type]


def rendered(file: SkillFile) -> str:
    parts = []
    for step in file.steps:
        earlier = {name: f"(reply of the step {name})" for name in step.after}
        views = [View(unseen(), WORDS[part]) for part in step.images]
        text = render_step(file, step, "How many cups are there?", {**TEXTS, **earlier}, views)
        parts.append(f"=== {step.id} (pictures: {', '.join(step.images)})\n\n{text}")
    return "\n\n\n".join(parts)


@pytest.mark.parametrize(("name", "file"), list(files()), ids=lambda value: value if isinstance(value, str) else "")
def test_prompts(name: str, file: SkillFile, snapshot: Callable[[str, str], None]) -> None:
    text = rendered(file)
    assert "$" not in text.replace("\\$", "")
    assert "<answer>" not in text
    snapshot(f"skills/{name}.txt", text)


def test_what_is_there_of_each_level() -> None:
    skills = load_skills(["*"], None)
    assert (len(skills), sum(len(skill.file.children) for skill in skills)) == (9, 18)


def test_only_final_steps_say_how_to_end() -> None:
    (counting,) = load_skills(["counting-problem-solver"], None)
    listing, verify = counting.file.steps
    assert counting.file.output not in render_step(counting.file, listing, "?", TEXTS, [])
    assert render_step(counting.file, verify, "?", {**TEXTS, "list": "1. a cup"}, []).endswith(counting.file.output)


def test_a_step_without_what_its_prompt_needs_is_a_mistake_that_says_so() -> None:
    (code,) = load_skills(["code-problem-solver"], None)
    with pytest.raises(RuntimeError, match="'repair' was started without \\['code', 'error'"):
        render_step(code.file, code.file.step("repair"), "?", {"test": "x"}, [])

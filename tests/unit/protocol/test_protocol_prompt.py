"""The system prompt, as reviewers read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maestro_graph import ExpertCard, SkillCard, load_registry
from maestro_graph.protocol import parse_turn, render_prompt, render_template

EXPERTS = [
    ExpertCard(name="Qwen3-VL", description="Sees  everything,\nand says <|im_end|> too."),
    ExpertCard(name="Chart-R1", description="Reads charts."),
]
SKILLS = [SkillCard(name="object-counting", protocol_name="Object_Counting", description="For counts.")]
ACTIONS = [("Qwen3-VL", None), ("Qwen3-VL", "Object_Counting"), ("Chart-R1", None)]


def test_prompt_snapshot(snapshot: Callable[[str, str], None]) -> None:
    snapshot("router_prompt.txt", render_prompt(EXPERTS, SKILLS, ACTIONS, max_turns=4, max_calls=2))


def test_prompt_of_an_empty_registry_snapshot(snapshot: Callable[[str, str], None]) -> None:
    snapshot("router_prompt_empty.txt", render_prompt([], [], [], max_turns=1))


def test_prompt_of_the_paper_preset_snapshot(snapshot: Callable[[str, str], None]) -> None:
    experts = [expert.card for expert in load_registry("paper").experts.values()]
    actions = [(card.name, None) for card in experts]
    snapshot("router_prompt_paper.txt", render_prompt(experts, [], actions, max_turns=4))


def test_brief_prompt_snapshot(snapshot: Callable[[str, str], None]) -> None:
    registry = load_registry("embedded")
    experts = [expert.card for expert in registry.experts.values()]
    skills = [skill.card for skill in registry.skills.values()]
    prompt = render_prompt(experts, skills, registry.actions(), max_turns=3, brief=True)
    snapshot("router_prompt_brief.txt", prompt)
    for expert, skill in registry.actions():
        assert (f"- {expert}: " if skill is None else f"- {expert}@@{skill}: ") in prompt


def test_the_example_of_the_prompt_is_valid() -> None:
    prompt = render_prompt(EXPERTS, SKILLS, ACTIONS, max_turns=4)
    example = prompt.partition("## Example\n")[2]
    first, _, rest = example.partition("\n<information>")
    last = rest.partition("</information>\n")[2]
    for turn in (first, last):
        assert not hasattr(parse_turn(turn, ACTIONS), "problem")


def test_a_slot_that_is_missing_or_too_many_is_an_error() -> None:
    with pytest.raises(KeyError, match="slots"):
        render_template("expert_question.md", {"question": "q"})
    with pytest.raises(KeyError, match="slots"):
        render_template("expert_question.md", {"question": "q", "evidence": "", "more": ""})


def test_filled_slots_are_not_filled_again() -> None:
    text = render_template("expert_question.md", {"question": "${evidence} $question", "evidence": "$question"})
    assert "${evidence} $question" in text

"""How a Level-1 skill chooses among its children, with scripted experts and without a model of meaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maestro_graph.errors import CallFailure, MaestroError, UnknownNameError
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.perceivers import PerceiverKind, Perception, PerceptionRequest
from maestro_graph.skills import SkillCall
from maestro_skills import _dispatch, load_skills
from maestro_skills._dispatch import Choice, by_triggers, choose_child
from maestro_skills._dispatch_eval import DispatchReport, DispatchRow, evaluate
from maestro_skills._skill_file import SkillFile

CHAT = ExpertCard(name="chat", description="A chat model.")
READER = ExpertCard(name="reader", description="Reads.", abilities=frozenset({"read"}))
LOOKER = ExpertCard(name="looker", description="Looks.", abilities=frozenset({"look"}))


def file(name: str) -> SkillFile:
    (skill,) = load_skills([name], None)
    return skill.file


def call(expert: ExpertCard, question: str, *replies: str, notes: list[Any] | None = None) -> SkillCall:
    left = list(replies)

    async def ask(request: ExpertRequest) -> ExpertReply:
        return ExpertReply(text=left.pop(0))

    async def perceive(kind: PerceiverKind, request: PerceptionRequest) -> Perception:
        raise CallFailure("refused", "nobody looks")

    def note(event: str, fields: Any) -> None:
        if notes is not None:
            notes.append((event, dict(fields)))

    return SkillCall(expert=expert, request=ExpertRequest(question=question), ask=ask, perceive=perceive, note=note)


@pytest.fixture
def no_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `embedded` were not installed."""

    async def without(*arguments: object) -> None:
        return None

    monkeypatch.setattr(_dispatch, "_by_meaning_if_possible", without)


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meaning has a favourite that it is not sure of."""

    async def unsure(children: list[SkillFile], *rest: object) -> Choice:
        return Choice(children[-1], "meaning", "by a hair", sure=False)

    monkeypatch.setattr(_dispatch, "_by_meaning_if_possible", unsure)


async def test_a_trigger_decides_and_is_told() -> None:
    notes: list[tuple[str, dict[str, Json]]] = []
    choice = await choose_child(file("ocr-problem-solver"), call(CHAT, "Write it in LaTeX", notes=notes))
    assert choice.child.card.name == "formula-recognition"
    ((event, fields),) = notes
    assert event == "dispatch"
    assert fields["by"] == "triggers"
    assert "LaTeX" in str(fields["why"])


async def test_what_is_certain_but_beyond_the_expert_is_refused() -> None:
    with pytest.raises(CallFailure, match=r"formula-recognition.*needs the ability chat") as caught:
        await choose_child(file("ocr-problem-solver"), call(READER, "Write it in LaTeX"))
    assert caught.value.kind == "refused"


async def test_an_expert_that_can_run_no_child_is_refused() -> None:
    with pytest.raises(CallFailure, match="can run none of"):
        await choose_child(file("embodied-scene-qa"), call(LOOKER, "Which one?"))


async def test_the_only_child_that_the_expert_can_run_is_taken(torn: None) -> None:
    whole = file("ocr-problem-solver")
    names = ("formula-recognition", "scene-text-qa")
    two = whole.model_copy(update={"children": {name: whole.children[name] for name in names}})
    choice = await choose_child(two, call(READER, "Well?"))
    assert (choice.child.card.name, choice.by) == ("scene-text-qa", "only")


def test_triggers_of_two_children_are_none() -> None:
    children = list(file("chart-problem-solver").children.values())
    assert by_triggers(children, "Is it a pie chart or a bar chart?") is None
    assert by_triggers(children, "Is it high?") is None


@pytest.mark.parametrize("reply", ["pie", "Pie.", "`pie`", "I choose pie because of the sectors"])
async def test_the_expert_chooses_by_one_name(no_meaning: None, reply: str) -> None:
    choice = await choose_child(file("chart-problem-solver"), call(CHAT, "How much?", reply))
    assert (choice.child.card.name, choice.by) == ("pie", "expert")


@pytest.mark.parametrize("reply", ["pie or bar", "none of them", "pie-like"])
async def test_a_reply_that_names_none_or_several_is_no_choice(torn: None, reply: str) -> None:
    choice = await choose_child(file("chart-problem-solver"), call(CHAT, "How much?", reply))
    assert (choice.by, choice.why) == ("meaning", "by a hair")


async def test_the_expert_is_asked_where_meaning_is_unsure(torn: None) -> None:
    choice = await choose_child(file("diagram-reasoning"), call(CHAT, "Well?", "grid-structure-parsing"))
    assert (choice.child.card.name, choice.by) == ("grid-structure-parsing", "expert")


async def test_an_expert_without_chat_is_not_asked(torn: None) -> None:
    choice = await choose_child(file("ocr-problem-solver"), call(READER, "Well?"))
    assert (choice.child.card.name, choice.by) == ("text-recognition", "meaning")


def row(wanted: str, chosen: str) -> DispatchRow:
    return DispatchRow(line=3, level1="p", level2=wanted, question="Q?", chosen=chosen, by="meaning", why="near")


def test_a_report_lists_disagreements_and_ends_with_the_sum() -> None:
    lines = DispatchReport((row("a", "a"), row("a", "b"))).text.splitlines()
    assert lines == ["line 3: 'Q?' is one for a, went to b (meaning: near)", "p: 1/2", "dispatch: 1/2 right"]


def test_names_and_protocol_names_are_understood(tmp_path: Path) -> None:
    rows = [
        {"level1": "ocr_problem_solver", "level2": "formula-recognition", "question": "In LaTeX, please"},
        {"level1": "chart-problem-solver", "level2": "pie-chart", "question": "What does the pie chart show?"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(item) for item in rows) + "\n\n", encoding="utf-8")
    assert evaluate(path).text.splitlines()[-1] == "dispatch: 2/2 right"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", ["line 1", "level1, level2 and question"]),
        ('{"level1": "ocr-problem-solver"}', ["line 1"]),
        ('{"level1": "ocr", "level2": "x", "question": "?"}', ["'ocr'", "line 1", "ocr-problem-solver"]),
        ('{"level1": "ocr-problem-solver", "level2": "x", "question": "?"}', ["'x'", "line 1", "scene-text-qa"]),
    ],
)
def test_mistakes_in_the_file_name_the_line(tmp_path: Path, line: str, words: list[str]) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(MaestroError) as caught:
        evaluate(path)
    for word in words:
        assert word in str(caught.value)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MaestroError, match="cannot be read"):
        evaluate(tmp_path / "nothing.jsonl")


def test_an_unknown_child_is_an_unknown_name(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"level1": "diagram-reasoning", "level2": "nope", "question": "?"}', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="nope"):
        evaluate(path)

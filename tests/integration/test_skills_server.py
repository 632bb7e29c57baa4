"""Every skill against a real HTTP server: what it asks, in which order, and what reaches which prompt (issue B, 2)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openai_server import OpenAIServer, say, status
from skill_stage import KINDS, MARKS, SAID, Waves, images_of, pictures, prompt_of, run_skill, stage_registry

from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence
from maestro_skills import load_skills

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Play:
    """A skill's run as it must be.

    Attributes:
        question: one that reaches the child.
        waves: requests that go out together, wave after wave; expert steps by their ids.
        sees: for each step, the evidence and earlier replies in its prompt, and behind `|` its pictures.
        pictures: how many the request has.
    """

    question: str
    waves: list[list[str]]
    sees: dict[str, str]
    pictures: int = 1
    replies: dict[str, str] = field(default_factory=dict)


def leaf(question: str, evidence: str, images: str, *, first: str = "", pictures: int = 1) -> Play:
    """A child with one step: all its evidence at once, then the step."""
    kinds = [kind for kind in evidence.split() for _ in range(pictures)]
    return Play(question, [kinds, ["answer"]], {"answer": f"{evidence} | {images}"}, pictures)


ALL = "original1 boxes1 crop1"
PLAYS: dict[str, Play] = {
    "geometric-problem-solver": Play(
        "How long is AB?",
        [["ocr", "caption", "extract"], ["integrate"], ["solve"], ["verify"]],
        {
            "extract": "| original1",
            "integrate": "ocr caption extract | original1",
            "solve": "integrate | original1",
            "verify": "integrate solve | original1",
        },
    ),
    "chart-problem-solver/bar": Play(
        "What is the largest value?",
        [["ocr", "dispatch"], ["answer"]],
        {"dispatch": "| original1", "answer": "ocr | original1"},
        replies={"dispatch": "bar"},
    ),
    "chart-problem-solver/line": Play(
        "What is the largest value?",
        [["ocr", "dispatch"], ["answer"]],
        {"dispatch": "| original1", "answer": "ocr | original1"},
        replies={"dispatch": "Line."},
    ),
    "chart-problem-solver/pie": leaf("What does the pie chart say about rent?", "ocr", "original1"),
    "science-problem-solver": leaf("Which organelle is it?", "caption ocr zoom", "original1 crop1"),
    "counting-problem-solver": Play(
        "How many cups are there?",
        [["detect", "zoom"], ["list"], ["verify"]],
        {"list": f"detect zoom | {ALL}", "verify": f"detect list | {ALL}"},
    ),
    "perception-problem-solver": leaf("What colour is the cup?", "zoom", "original1 crop1"),
    "ocr-problem-solver/text-recognition": leaf("Transcribe this.", "ocr zoom", "original1 crop1"),
    "ocr-problem-solver/scene-text-qa": leaf("What do the street signs say?", "ocr caption detect zoom", ALL),
    "ocr-problem-solver/document-chart-qa": leaf(
        "According to the report, who left?", "ocr caption zoom", "original1 crop1"
    ),
    "ocr-problem-solver/key-information-extraction": leaf("What is the total on the receipt?", "ocr detect zoom", ALL),
    "ocr-problem-solver/formula-recognition": leaf("Write it in LaTeX.", "ocr zoom", "original1 crop1"),
    "diagram-reasoning/circle-contact-overlap": leaf("Do the circles touch?", "zoom", "original1 crop1"),
    "diagram-reasoning/intersection-route-counting": leaf("How often do the lines cross?", "zoom", "original1 crop1"),
    "diagram-reasoning/grid-structure-parsing": leaf("How many rows and columns?", "zoom", "original1 crop1"),
    "diagram-reasoning/highlighted-character": leaf("Which letter is circled?", "ocr zoom", "original1 crop1"),
    "diagram-reasoning/geometric-shape-counting": leaf("How many pentagons?", "zoom", "original1 crop1"),
    "embodied-scene-qa/trajectory-outcome": leaf("Where does the trajectory end?", "caption detect zoom", ALL),
    "embodied-scene-qa/action-adjustment": leaf(
        "How must the gripper be rotated to grasp the handle?", "caption detect zoom", ALL
    ),
    "embodied-scene-qa/spatial-mechanics": leaf(
        "Which object would fall if the support were removed?", "caption detect zoom", ALL
    ),
    "embodied-scene-qa/pointing-localization": leaf(
        "Give the coordinates of the handle.",
        "caption ocr zoom",
        "original1 original2 crop1 crop2",
        pictures=2,
    ),
    "embodied-scene-qa/multi-view-task": leaf(
        "In both views, which cup is it?",
        "caption detect zoom",
        "original1 original2 boxes1 boxes2 crop1 crop2",
        pictures=2,
    ),
    "code-problem-solver": Play(
        "Complete `def double(x: int) -> int:`.",
        [["ocr", "caption"], ["test"], ["write"], ["repair"]],
        {
            "test": "ocr caption | original1",
            "write": "ocr caption | original1",
            "repair": "| original1",
        },
        replies={
            "test": "The first example.\n```python\nassert double(2) == 4\n```",
            "write": "```python\ndef double(x):\n    return x\n```",
            "repair": "```python\ndef double(x):\n    return 2 * x\n```",
        },
    ),
}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running
    gc.collect()  # an unclosed connection warns now, within this test


def namer(level1: str, child: str) -> Callable[[dict[str, Any]], str]:
    """Tell the expert's requests apart by how their prompts begin."""
    (skill,) = load_skills([level1], None)
    file = skill.file.children[child] if child else skill.file
    starts = {prompt.partition("$")[0].partition("\n")[0]: step for step, prompt in file.prompts.items()}
    starts["Choose the one way of working"] = "dispatch"

    def name(body: dict[str, Any]) -> str:
        prompt = prompt_of(body)
        return next((step for start, step in starts.items() if prompt.startswith(start)), "unknown")

    return name


async def play(server: OpenAIServer, folder: Path, path: str) -> tuple[Waves, Evidence, list[dict[str, Any]]]:
    level1, _, child = path.partition("/")
    plan = PLAYS[path]
    waves = Waves(
        plan.waves, namer(level1, child), lambda name: plan.replies.get(name, f"REPLY-{name} of the expert.\nAnswer: 7")
    )
    waves.perform(server)
    (skill,) = load_skills([level1], None)
    events: list[dict[str, Any]] = []
    registry = stage_registry(server.base_url, [skill])
    evidence = await run_skill(
        registry, skill.card.protocol_name, plan.question, pictures(folder, plan.pictures), events
    )
    return waves, evidence, events


def test_every_skill_of_the_library_has_its_play() -> None:
    leaves = {
        f"{skill.card.name}/{child}" if child else skill.card.name
        for skill in load_skills(["*"], None)
        for child in (skill.file.children or [""])
    }
    assert leaves == set(PLAYS)


def needs_sandbox(path: str) -> None:
    if path == "code-problem-solver":
        from maestro_skills.sandbox import choose_sandbox

        try:
            choose_sandbox()
        except CallFailure as failure:
            pytest.skip(failure.message)


@pytest.mark.parametrize("path", PLAYS)
async def test_requests_their_order_and_what_they_hold(server: OpenAIServer, tmp_path: Path, path: str) -> None:
    needs_sandbox(path)
    plan = PLAYS[path]
    waves, evidence, events = await play(server, tmp_path, path)
    assert waves.mistakes == []
    assert sorted(name for name, _ in waves.arrived) == sorted(name for wave in plan.waves for name in wave)
    assert evidence.status == "ok", evidence.text
    assert evidence.usage.calls == len(waves.arrived)
    for step, sees in plan.sees.items():
        wanted, _, images = sees.partition("|")
        prompt = prompt_of(waves.body(step))
        marks = {**MARKS, **{earlier: f"REPLY-{earlier}" for earlier in plan.sees}}
        found = {name for name, mark in marks.items() if mark in prompt}
        assert found == set(wanted.split()), step
        assert images_of(waves.body(step)) == images.split(), step
    child = path.partition("/")[2]
    chosen = [event["child"] for event in events if event["event"] == "dispatch"]
    assert chosen == ([child] if child else [])
    assert evidence.details.get("level2") == (child or None)


async def test_the_question_goes_with_every_request(server: OpenAIServer, tmp_path: Path) -> None:
    waves, _, _ = await play(server, tmp_path, "counting-problem-solver")
    for name, body in waves.arrived:
        assert "How many cups" in str(body["messages"]), name


async def test_the_pictures_are_named_in_their_order(server: OpenAIServer, tmp_path: Path) -> None:
    waves, _, _ = await play(server, tmp_path, "counting-problem-solver")
    assert (
        "in this order: (1) the picture; (2) a copy of the picture with the detected boxes, numbered; "
        "(3) a region of the picture, enlarged."
    ) in prompt_of(waves.body("list"))


async def test_code_is_checked_repaired_with_its_error_and_answered(server: OpenAIServer, tmp_path: Path) -> None:
    needs_sandbox("code-problem-solver")
    waves, evidence, _ = await play(server, tmp_path, "code-problem-solver")
    write, repair = prompt_of(waves.body("write")), prompt_of(waves.body("repair"))
    assert "\nassert double(2) == 4\n" in write
    assert "def double(x):\n    return x" in repair
    assert "4" in repair.partition("What happened when it ran:")[2]
    assert evidence.answer == "def double(x):\n    return 2 * x"
    assert (evidence.details["verdict"], evidence.details["repairs"]) == ("pass", 1)


@pytest.mark.parametrize("path", ["science-problem-solver", "counting-problem-solver", "perception-problem-solver"])
async def test_absent_perceivers_are_said_to_be(server: OpenAIServer, tmp_path: Path, path: str) -> None:
    server.script("expert", say("Answer: 7"))
    (skill,) = load_skills([path], None)
    registry = stage_registry(server.base_url, [skill], kinds=())
    evidence = await run_skill(registry, skill.card.protocol_name, "What is it?", pictures(tmp_path, 1), [])
    assert evidence.answer == "7"
    body = server.of("expert")[0].body
    for spec in skill.file.evidence:
        assert f"(no {spec.kind} evidence: this registry has no {spec.kind} perceiver)" in prompt_of(body)
    assert images_of(body) == ["original1"]


async def test_a_failing_perceiver_is_said_to_fail_and_the_others_count(server: OpenAIServer, tmp_path: Path) -> None:
    for kind in KINDS:
        server.script(kind, say(SAID[kind]))
    server.script("ocr", status(400, "no such language"))
    server.script("zoom", say("I would rather describe it in words."))
    server.script("expert", say("Answer: 7"))
    (skill,) = load_skills(["science-problem-solver"], None)
    events: list[dict[str, Any]] = []
    registry = stage_registry(server.base_url, [skill])
    await run_skill(registry, skill.card.protocol_name, "What is it?", pictures(tmp_path, 1), events)
    prompt = prompt_of(server.of("expert")[0].body)
    assert MARKS["caption"] in prompt
    assert "(no ocr evidence: " in prompt
    assert "(no zoom evidence: the reply holds no boxes as JSON" in prompt
    statuses = {event["kind"]: event["status"] for event in events if event["event"] == "perception"}
    assert statuses["caption"] == "ok"
    assert {statuses["ocr"], statuses["zoom"]} <= {"refused", "unusable", "failed"}


async def test_a_failing_step_fails_the_skill_and_stops_the_rest(server: OpenAIServer, tmp_path: Path) -> None:
    for kind in KINDS:
        server.script(kind, say(SAID[kind], delay_s=20))
    server.script("expert", status(400, "no pictures, please"))
    (skill,) = load_skills(["geometric-problem-solver"], None)
    registry = stage_registry(server.base_url, [skill])
    evidence = await run_skill(registry, skill.card.protocol_name, "How long?", pictures(tmp_path, 1), [])
    assert evidence.status != "ok"
    assert "no pictures, please" in evidence.text
    assert len(server.of("expert")) == 1


async def test_an_unsure_dispatch_takes_the_expert_at_his_word_and_else_the_meaning(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.script("ocr", say(SAID["ocr"]))
    server.script("expert", say("bar or line, who knows"), say("Answer: 7"))
    (skill,) = load_skills(["chart-problem-solver"], None)
    events: list[dict[str, Any]] = []
    registry = stage_registry(server.base_url, [skill], kinds=("ocr",))
    await run_skill(
        registry,
        skill.card.protocol_name,
        "Which slice takes the largest share of the whole?",
        pictures(tmp_path, 1),
        events,
    )
    (dispatch,) = [event for event in events if event["event"] == "dispatch"]
    assert (dispatch["child"], dispatch["by"]) == ("pie", "meaning")
    assert len(server.of("ocr")) == 1

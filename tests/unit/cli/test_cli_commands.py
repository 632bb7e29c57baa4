"""The group itself, and the commands that look at registries, the graph and traces."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from typer.testing import Result

ROOT = Path(__file__).parents[3]
TRACE_TESTS = str(Path(__file__).parents[1] / "trace")

Run = Callable[..., Result]


def told(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, ""), (result.stdout, result.stderr)
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_help_lists_commands_of_plugins_too(maestro: Run) -> None:
    result = maestro("--help")
    assert result.exit_code == 0
    for name in ("ask", "registry", "graph", "trace", "greet", "count", "absent"):
        assert name in result.stdout
    assert "Greet somebody." in result.stdout
    assert "(cannot be loaded)" in result.stdout


@pytest.mark.parametrize("name", ["ask", "registry", "graph", "trace", "registry show", "registry check", "trace show"])
def test_every_command_has_help(maestro: Run, name: str) -> None:
    result = maestro(*name.split(), "--help")
    assert result.exit_code == 0
    assert "Usage: maestro" in result.stdout


def test_version(maestro: Run) -> None:
    assert maestro("--version").stdout.startswith("maestro-graph 0.")


def test_commands_of_plugins(maestro: Run) -> None:
    assert maestro("greet", "--name", "coins").stdout == "hello coins\n"
    assert maestro("count", "up").stdout == "1 2 3\n"
    assert maestro("count", "down").exit_code == 4
    assert "maestro_fakes_missing" in told(maestro("absent"))
    assert "Question" not in maestro("greet").stdout


def test_a_plugin_cannot_take_the_name_of_our_own_command(maestro: Run) -> None:
    assert "--max-turns" in maestro("ask", "--help").stdout


def test_a_plugin_is_imported_only_when_it_is_called(maestro: Run, registry: str) -> None:
    sys.modules.pop("maestro_fakes", None)
    maestro("graph")
    assert "maestro_fakes" not in sys.modules


def test_unknown_commands_and_none_at_all(maestro: Run) -> None:
    assert "No such command 'nope'" in told(maestro("nope"))
    assert maestro().exit_code == 2


def test_registry_show_has_everything_but_secrets(maestro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDDEN_KEY", "sk-hidden-value")
    Path("r.yaml").write_text(
        "name: mine\ncurrency: EUR\nexperts:\n"
        "  - name: far\n    description: Answers '[bold]far[/bold]' questions ${HIDDEN_KEY}.\n"
        "    price: {input: 0.5, output: 2}\n    max_concurrency: 3\n    timeout_s: 7\n"
        "    endpoint: {base_url: 'http://host.example/v1?token=sk-query', model: big-model, api_key_env: HIDDEN_KEY,\n"
        "      extra_body: {password: sk-in-body}}\n"
        "router: {kind: chat, calls_per_turn: 2, endpoint: {base_url: 'http://router.example/v1', model: small}}\n"
    )
    shown = maestro("registry", "show", "r.yaml")
    as_json = maestro("registry", "show", "r.yaml", "--json")
    assert (shown.exit_code, as_json.exit_code) == (0, 0)
    for secret in ("sk-hidden-value", "sk-query", "sk-in-body"):
        assert secret not in shown.stdout + as_json.stdout
    text = " ".join(shown.stdout.split())
    for words in (
        "registry mine, prices in EUR",
        "far Answers '[bold]far[/bold]' questions ***.",
        "big-model at http://host.example/v1, key in HIDDEN_KEY (set)",
        "0.5 in, 2 out per million tokens; 3 at once, 7 s",
        "router chat, small at http://router.example/v1, 2 calls a turn",
    ):
        assert words in text
    data = json.loads(as_json.stdout)
    assert data["experts"][0]["endpoint"]["base_url"] == "http://host.example/v1"
    assert data["experts"][0]["endpoint"]["extra_body"] == ["password"]


@pytest.mark.parametrize("preset", ["paper", "openai", "embedded"])
def test_every_preset_can_be_shown_without_its_extras(maestro: Run, preset: str) -> None:
    assert json.loads(maestro("registry", "show", preset, "--json").stdout)["name"] == preset


def test_registry_check_of_in_process_parts(maestro: Run, registry: str) -> None:
    result = maestro("registry", "check", registry)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("✓") == 4
    Path("r.yaml").write_text(
        "experts:\n  - {name: a, embedded: missing-module, description: A.}\n"
        "  - {name: b, embedded: scripted, description: B.}\nrouter: in-turn\n"
    )
    found = json.loads(maestro("registry", "check", registry, "--json").stdout)
    assert found["fine"]
    assert [part["what"] for part in found["parts"]] == ["expert first", "expert second", "skills", "router in-turn"]


@pytest.mark.parametrize(
    "text",
    [
        "experts: 3",
        "experts:\n  - {name: a, embedded: nobody, description: A.}",
        "experts:\n  - {name: a, embedded: missing-module, description: A.}",
        "experts:\n  - &a {name: a, embedded: scripted, description: A.}\n  - *a",
        "skills: [no-such-skill]",
        "router: nobody",
        "perceivers: [{kind: ocr, embedded: nobody}]",
        "perceivers: [{kind: ocr, embedded: ocr}, {kind: ocr, embedded: ocr}]",
    ],
)
def test_registry_check_of_an_invalid_file(maestro: Run, text: str) -> None:
    Path("bad.yaml").write_text(text)
    told(maestro("registry", "check", "bad.yaml"))


def test_the_graph_as_mermaid(maestro: Run) -> None:
    result = maestro("graph")
    assert (result.exit_code, result.stderr) == (0, "")
    for line in ("router -.-> expert_call;", "skill_call --> router;", "terminate --> __end__;"):
        assert line in result.stdout
    assert maestro("graph", "--mermaid", "g.mmd").exit_code == 0
    assert Path("g.mmd").read_text() == result.stdout


def test_the_graph_as_a_drawing(maestro: Run, registry: str) -> None:
    assert maestro("graph", "--registry", registry, "--svg", "g.svg", "--png", "g.png").exit_code == 0
    root = ElementTree.parse("g.svg").getroot()
    words = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    for word in ("router", "in-turn", "expert_call", "first", "second", "skill_call", "terminate", "start", "end"):
        assert word in words
    with Image.open("g.png") as drawn:
        assert drawn.width > 800
        assert len(drawn.getcolors(1 << 20) or ()) > 10
    assert maestro("graph", "--svg", "-").stdout.startswith("<svg")
    assert "cannot go to the terminal" in told(maestro("graph", "--png", "-"))
    assert "cannot be written" in told(maestro("graph", "--png", "nowhere/g.png"))


def test_the_picture_in_the_docs_is_drawn_from_the_code(maestro: Run) -> None:
    assert maestro("graph", "--svg", "-").stdout == (ROOT / "docs" / "graph.svg").read_text()


@pytest.fixture
def trace(maestro: Run, registry: str, picture: str) -> str:
    for question in ("How many?", "fail refused"):
        maestro("ask", question, "-i", picture, "-r", registry, "--trace", "t.jsonl")
    return "t.jsonl"


def test_trace_show_is_a_readable_tree(maestro: Run, trace: str) -> None:
    result = maestro("trace", "show", trace)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.strip("│├└─ ") for line in result.stdout.splitlines()]
    for line in (
        "How many?",
        "why first is next",
        "first ok 0.00 s, 90% sure",
        "evidence heard: How many? [30x20]",
        "answer How many?  answered, 1 call, 0.0",
        "fail refused",
        "second refused 0.00 s",
        "evidence scripted refused",
        "3. no action",
        "answer none  no_action, 2 calls",
    ):
        assert any(found.startswith(line) for found in lines), line
    assert "request ok" in maestro("trace", "show", trace, "--full").stdout


def test_trace_show_of_some_runs(maestro: Run, trace: str) -> None:
    last = maestro("trace", "show", trace, "--last").stdout
    assert "fail refused" in last
    assert "How many?" not in last
    run = json.loads(Path(trace).read_text().splitlines()[0])["run"]
    assert "fail refused" not in maestro("trace", "show", trace, "--run", run[:8]).stdout
    assert "no run" in told(maestro("trace", "show", trace, "--run", "zzz"))


@pytest.mark.parametrize("name", ["nowhere.jsonl", "dots.png", "new.jsonl"])
def test_trace_show_of_what_is_no_trace(maestro: Run, picture: str, name: str) -> None:
    Path("new.jsonl").write_text('{"schema": 99, "event": "run_started", "run": "x"}\n')
    told(maestro("trace", "show", name))


def test_trace_show_writes_a_page(maestro: Run, trace: str) -> None:
    result = maestro("trace", "show", trace, "--html", "t.html")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "t.html: 2 runs" in result.stderr
    assert "data:image/png;base64," in Path("t.html").read_text()
    assert maestro("trace", "show", trace, "--html", "-").stdout == Path("t.html").read_text()
    assert "cannot be written" in told(maestro("trace", "show", trace, "--html", "nowhere/t.html"))

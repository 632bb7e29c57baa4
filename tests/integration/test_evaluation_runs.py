"""Real runs: killed and resumed, replayed from the table of the embedded ensemble, judged at an endpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai_server import OpenAIServer, say, status
from typer.testing import CliRunner

from maestro_evaluation.cli import app
from maestro_evaluation.judge import Judge
from maestro_evaluation.plans import Plan
from maestro_evaluation.running import (
    PlanRouter,
    Progress,
    RunOptions,
    Settings,
    TableEnsemble,
    make_run,
    make_table,
    read_table,
    run_once,
)
from maestro_evaluation.running._log import read_records
from maestro_evaluation.samples import read_folder
from maestro_graph import load_registry

pytestmark = pytest.mark.real

PICTURES = Path(__file__).parents[2] / "examples" / "images"
QUIET = Progress(shown=False)


def write_suite(folder: Path, lines: list[dict[str, Any]], name: str = "own") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "suite.json").write_text(json.dumps({"name": name}), encoding="utf-8")
    return folder


def numbered(count: int, split: str = "test") -> list[dict[str, Any]]:
    return [
        {"id": f"{split}-{n}", "question": f"How much is {n} plus 1? ({split})", "answer": n + 1, "split": split}
        for n in range(count)
    ]


def added(body: dict[str, Any]) -> str:
    """What the model `expert` replies: right for even numbers, one too many for odd ones."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else content[-1]["text"]
    number = int(text.split("How much is ")[1].split(" ")[0])
    return f"Answer: {number + 1 + number % 2}"


def write_registry(folder: Path, url: str, *experts: str) -> Path:
    lines = ["name: scripted", "router: encoder", "experts:"]
    for name in experts:
        lines += [
            f"  - name: {name}",
            "    description: Adds numbers.",
            f"    endpoint: {{base_url: '{url}', model: {name}}}",
        ]
    path = folder / "registry.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MAESTRO_CACHE_DIR", raising=False)
    return tmp_path


def started(arguments: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "maestro_graph.cli", "eval", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def kill_at(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """SIGKILL once `reached`."""
    ends = time.monotonic() + 90
    while not reached():
        if process.poll() is not None or time.monotonic() > ends:
            out, err = process.communicate()
            pytest.fail(f"it ended too early: {process.returncode} {out.decode()} {err.decode()}")
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_is_killed_twice_and_resumed_without_repeating_a_sample(own_folder: Path) -> None:
    suite = write_suite(own_folder / "suite", [*numbered(16), *numbered(8, "train")])
    out = own_folder / "run"
    with OpenAIServer() as server:
        server.script("one", say(added, delay_s=0.04))
        server.script("two", say("Answer: 0", delay_s=0.04))
        registry = write_registry(own_folder, server.base_url, "one", "two")
        arguments = ["run", "--suite", str(suite), "--registry", str(registry), "--out", str(out)]
        arguments += ["--router", "random", "--router", "single", "--router", "oracle", "--max-concurrency", "2"]
        kill_at(started(arguments), lambda: lines_in(out / "outcomes.jsonl") >= 10)
        assert not (out / "samples.jsonl").exists()
        kill_at(started([*arguments, "--resume"]), lambda: lines_in(out / "samples.jsonl") >= 20)
        before = (out / "samples.jsonl").read_bytes()
        whole = before[: before.rfind(b"\n") + 1]
        with (out / "samples.jsonl").open("ab") as file:
            file.write(b'{"suite": "own", "sample": "te')  # what a kill in the middle of a write leaves
        refused = started(arguments)
        _, complaint = refused.communicate(timeout=90)
        assert refused.returncode == 2
        assert b"add --resume to go on" in complaint
        last = started([*arguments, "--resume"])
        said, errors = last.communicate(timeout=120)
        assert last.returncode == 0, errors.decode()
        asked = Counter(json.dumps(request.body["messages"]) for request in server.requests)
    assert (out / "samples.jsonl").read_bytes().startswith(whole)
    records = list(read_records(out / "samples.jsonl"))
    keys = Counter((record["router"], record["sample"], record["repeat"]) for record in records)
    assert set(keys.values()) == {1}
    assert Counter(record["router"] for record in records) == {"random": 80, "single": 16, "oracle": 16}
    assert len(list(read_records(out / "outcomes.jsonl"))) == 2 * 24
    # One request of each expert for each question, and at most what was in flight at a kill once more.
    assert len(asked) == 24
    assert sum(asked.values()) <= 2 * 24 + 2 * 2 * 2
    assert b"single:  50.0 % of 16 runs" in said
    assert b"oracle:  50.0 % of 16 runs" in said


def test_a_folder_of_another_run_is_refused(own_folder: Path) -> None:
    suite = write_suite(own_folder / "suite", numbered(2))
    runner = CliRunner()
    with OpenAIServer() as server:
        server.script("one", say(added))
        registry = write_registry(own_folder, server.base_url, "one")
        common = ["run", "--registry", str(registry), "--router", "random", "--out", str(own_folder / "run")]
        assert runner.invoke(app, [*common, "--suite", str(suite)]).exit_code == 0
        write_suite(own_folder / "suite", numbered(3))
        changed = runner.invoke(app, [*common, "--suite", str(suite), "--resume"])
        assert changed.exit_code == 1
        assert "holds another run" in str(changed.exception)
        assert "suites" in str(changed.exception)
        seeded = runner.invoke(app, [*common, "--suite", str(suite), "--resume", "--seed", "3"])
        assert "seed: there 0, now 3" in str(seeded.exception)


def picture_suite(folder: Path) -> Path:
    asked = [
        ("coins.png", "How many coins are there?", "24", "train"),
        ("iowa_electricity.png", "What is the sum of the bars for Fossil Fuels and Renewables?", "51191", "test"),
        ("cell.png", "How much is 17 times 6?", "102", "test"),
    ]
    return write_suite(
        folder,
        [
            {"id": name, "images": [str(PICTURES / name)], "question": question, "answer": answer, "split": split}
            for name, question, answer, split in asked
        ],
    )


async def test_the_table_of_the_embedded_ensemble_replays_what_its_graph_gave(own_folder: Path) -> None:
    """Every plan on real pictures: the table's row is the live run, and its replay is the row."""
    suite = picture_suite(own_folder / "suite")
    plans = own_folder / "plans.yaml"
    plans.write_text("plans: [{plan: chart-reader > calculator}]", encoding="utf-8")
    made = await make_table([str(suite)], own_folder / "table", plans=plans, progress=QUIET, concurrency=2)
    registry = load_registry("embedded")
    samples = {sample.key: sample for sample in read_folder(suite)}
    table = read_table(made.file, identity=made.identity, samples=samples)
    assert made.rows == len(table) == 3 * (len(registry.actions()) + 1)
    assert table["own/coins.png", "counter"]["score"] == 1.0
    assert table["own/cell.png", "calculator"]["answer"] == "102"
    assert table["own/iowa_electricity.png", "chart-reader"]["evidence"][0]["details"]["table"]["kind"] == "bars"
    replay = TableEnsemble(registry, table, samples.values())
    for (key, name), row in table.items():
        again = await run_once(replay, PlanRouter(Plan.parse(name)), samples[key], Settings())
        assert (again.answer, again.confidence) == (row["answer"], row["confidence"]), (key, name)
        assert again.usage.as_record() == row["usage"]
        said = [(item["status"], item["text"], item["answer"], item.get("details", {})) for item in row["evidence"]]
        assert [(e.status, e.text, e.answer, dict(e.details)) for e in again.evidence] == said
    live = await make_run(
        RunOptions(
            suites=[str(suite)],
            out=own_folder / "run",
            routers=["encoder", "oracle", "single", "per-family", "keywords", "knn", "logistic", "plans", "random"],
            table=own_folder / "table",
            plans=plans,
        ),
        progress=QUIET,
    )
    records = list(read_records(live.file))
    assert Counter(record["router"] for record in records)["random"] == 10
    for record in records:
        if record["router"] in ("oracle", "single", "random"):
            name = " > ".join(
                call["expert"] if call["skill"] is None else f"{call['expert']}@@{call['skill']}"
                for call in record["calls"]
            )
            row = table[f"own/{record['sample']}", name]
            assert (record["answer"], record["score"]) == (row["answer"], row["score"])
    chosen = next(r for r in records if r["router"] == "single")
    assert chosen["calls"][0]["expert"] == "counter"  # the best on the only question of the training split
    assert next(r for r in records if r["router"] == "oracle" and r["sample"] == "cell.png")["score"] == 1.0


async def test_a_judge_at_an_endpoint_is_asked_at_temperature_0_and_its_failure_is_told() -> None:
    with OpenAIServer() as server:
        server.script("judge", say("The same.\nVerdict: correct"), say("Hm."), status(400, "no"))
        judge = Judge.at(f"judge@{server.base_url}")
        try:
            right = await judge.ask(question="How many?", gold="7", answer="seven")
            vague = await judge.ask(question="How many?", gold="7", answer="seven")
            broken = await judge.ask(question="How many?", gold="7", answer="seven")
        finally:
            await judge.aclose()
        (first, *_) = server.of("judge")
    assert (right.record["score"], right.problem) == (1.0, None)
    assert first.body["temperature"] == 0
    assert first.body["messages"][0]["content"] == right.record["prompt"]
    assert vague.record["score"] is None
    assert "gave no verdict" in (vague.problem or "")
    assert broken.record["score"] is None
    assert "gave no reply (refused" in (broken.problem or "")

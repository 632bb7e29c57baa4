"""The report: what it says, that nothing in it acts, and what stays out."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from run_parts import called, record, write_run
from typer.testing import CliRunner

from maestro_evaluation.cli import app
from maestro_evaluation.records import SampleRecord
from maestro_evaluation.reports import write_report
from maestro_evaluation.reports._merge import merge
from maestro_evaluation.results import read_results
from maestro_graph import TraceSettings
from maestro_graph.errors import UnknownNameError
from maestro_graph.trace import TraceWriter

VOID = {"meta", "img", "br", "wbr"}
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}|"
    "\x1b[31m\x00\u202e\ud800_[x](javascript:1)"
)


class Page(HTMLParser):
    """The tags and texts of a page; unbalanced tags are an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> list[str]:
        return [str(attrs["src"]) for tag, attrs in self.tags if tag == "img"]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def report_of(*folders: Path, out: Path | None = None, **options: Any) -> tuple[str, Page]:
    markdown, html = write_report(folders, out or folders[0], **options)
    return markdown.read_text(encoding="utf-8"), Page(html.read_text(encoding="utf-8"))


def mixed(**fields: Any) -> list[SampleRecord]:
    made = []
    for router, right in (("encoder", 7), ("random", 3)):
        for suite, family in (("own", "Counting_Problem_Solver"), ("other", "Text_Reading_Skill")):
            for at in range(10):
                skill = family if router == "encoder" else None
                calls = [called("counter" if suite == "own" else "reader", skill, confidence=at / 10)]
                made.append(
                    record(
                        str(at),
                        float(at < right),
                        suite=suite,
                        router=router,
                        family=family,
                        calls=calls,
                        confidence=at / 10,
                        **fields,
                    )
                )
    return made


def test_both_files_say_what_was_measured(tmp_path: Path) -> None:
    info = {
        "command": "maestro eval run --suite own --out run",
        "time": "2026-11-22T18:00:00Z",
        "versions": {"maestro-graph": "0.1.0"},
        "registry": {"name": "embedded", "identity": "ab12"},
        "routers": {"random": {"kind": "baseline", "summary": "drawn from a hat"}, "encoder": {"kind": "encoder"}},
        "suites": [
            {
                "name": "own",
                "title": "Mine",
                "source": "a folder",
                "licence": "CC0-1.0",
                "chance": 0.125,
                "details": {"blind": {"test": {"majority": 0.11, "wording": 0.23}}},
            }
        ],
        "asked": {"seed": 3},
    }
    markdown, page = report_of(write_run(tmp_path / "run", mixed(), info), title="A run")
    for words in (
        "70.0",
        "30.0",
        "maestro eval run --suite own --out run",
        "ab12",
        "12.5",
        "23.0",
        "wording",
        "CC0-1.0",
    ):
        assert words in page.words, words
        assert words in markdown.replace("\\", ""), words
    row = next(line for line in markdown.splitlines() if line.startswith("| encoder | 70.0 ["))
    assert row.count("|") == 5
    assert "| random | 20 | +40.0 |" in markdown
    assert "counter@@Counting\\_Problem\\_Solver | 100 % |" in markdown
    assert {"chart"} == {attrs["class"] for tag, attrs in page.tags if tag == "svg"}
    assert "14 of 14" not in page.words
    assert "All 6." in page.words  # wrong answers of the main router


def test_every_text_is_escaped_and_nothing_is_requested(tmp_path: Path) -> None:
    hostile = record(
        HOSTILE,
        0.0,
        suite=HOSTILE,
        router=HOSTILE,
        family=HOSTILE,
        question=HOSTILE,
        answer=HOSTILE,
        gold=HOSTILE,
        problem=HOSTILE,
        status="failed",
        stop_reason=HOSTILE,
        images=[f"/tmp/{HOSTILE[:40]}", "https://example.org/x.png"],
        meta={"task": HOSTILE},
        calls=[called(HOSTILE, HOSTILE, level2=HOSTILE, status=HOSTILE, answer=HOSTILE)],
        judge=[{"model": HOSTILE, "prompt": HOSTILE, "reply": HOSTILE, "score": 0.0}],
    )
    info = {
        "command": HOSTILE,
        "time": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
        "suites": [{"name": HOSTILE, "source": HOSTILE, "licence": HOSTILE, "title": HOSTILE}],
        "routers": {HOSTILE: {"kind": HOSTILE}},
        "asked": {"seed": HOSTILE},
    }
    plain = record("1", 1.0, router="plain", suite=HOSTILE)
    markdown, page = report_of(write_run(tmp_path / "run", [hostile, plain], info), title=HOSTILE)
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    allowed = {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "nav",
            "a",
            "section",
            "h1",
            "h2",
            "h3",
            "p",
            "div",
        ),
        *("span", "b", "i", "small", "br", "wbr", "ol", "li", "dl", "dt", "dd", "pre", "details", "summary", "figure"),
        *("figcaption", "table", "thead", "tbody", "tr", "th", "td", "svg", "line", "circle", "rect", "path", "text"),
    }
    assert {tag for tag, _ in page.tags} <= allowed
    links = {str(attrs["href"]) for tag, attrs in page.tags if tag == "a"}
    assert all(link.startswith("#") for link in links)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "src"]
    assert page.text.count("</script><script>alert(1)</script>") > 10
    assert "{{7*7}}" in page.text
    assert not re.search("[\x00\x1b\u202e\ud800]", html + markdown)
    assert "default-src 'none'" in html
    assert "<script" not in markdown.replace("\\<script", "")
    assert not re.search(r"(?<!\\)\]\(javascript", markdown)
    assert len({line.replace("\\|", "").count("|") for line in markdown.splitlines() if line.startswith("| ")}) > 1


def test_pictures_of_wrong_answers_are_small_and_only_what_was_asked_about(tmp_path: Path) -> None:
    for name in ("kept", "changed", "right"):
        Image.effect_noise((1500, 900), 60).save(tmp_path / f"{name}.png")
    records = [
        record(name, float(name == "right"), images=[str(tmp_path / f"{name}.png")])
        for name in ("kept", "changed", "right")
    ]
    Image.new("RGB", (40, 40), "red").save(tmp_path / "changed.png")
    stranger = record("stranger", 0.0)
    stranger["images"] = [str(tmp_path / "kept.png")]  # what the fingerprint does not cover is not shown
    _, page = report_of(write_run(tmp_path / "run", [*records, stranger]))
    assert len(page.pictures) == 1
    assert page.pictures[0].startswith("data:image/webp;base64,")
    assert len(page.pictures[0]) < 60_000
    assert page.words.count("not shown: gone, or not what was asked about any more") == 2


def test_as_many_wrong_answers_as_asked_for_evenly(tmp_path: Path) -> None:
    records = [record(str(at), 0.0, suite="large") for at in range(40)]
    records += [record(str(at), 0.0, suite="small") for at in range(2)]
    folder = write_run(tmp_path / "run", records)
    _, page = report_of(folder, failures=6)
    assert "6 of 42, drawn evenly" in page.words
    shown = re.findall(r"(large|small)/\d+", page.words)
    assert (shown.count("large"), shown.count("small")) == (4, 2)
    first = (folder / "report.html").read_bytes()
    report_of(folder, failures=6)
    assert (folder / "report.html").read_bytes() == first
    _, none = report_of(folder, failures=0)
    assert "0 of 42" in none.words


def test_the_evidence_comes_from_the_trace_of_the_run(tmp_path: Path) -> None:
    def traced(path: Path, words: str) -> None:
        writer = TraceWriter(TraceSettings(path=path), "one")
        writer.begin({"question": "What?"}, [])
        call = {"turn": 0, "call": 0, "expert": "reader", "skill": None, "query": "What?"}
        decision = {
            "turn": 0,
            "kind": "calls",
            "calls": [{"expert": "reader", "skill": None, "query": "What?"}],
            "info": {},
        }
        writer.write("decision", decision)
        writer.write(
            "evidence",
            {
                **call,
                "status": "ok",
                "text": words,
                "answer": "5",
                "confidence": 0.4,
                "seconds": 0.1,
                "attempts": 1,
                "usage": {"calls": 1, "input_tokens": 0, "output_tokens": 0, "cost": 0.0},
            },
        )

    traced(tmp_path / "run" / "traces" / "1.jsonl", "It says FIVE on the wall.")
    traced(tmp_path / "outside.jsonl", "A private trace.")
    records = [
        record("1", 0.0, trace="traces/1.jsonl"),
        record("2", 0.0, trace="../outside.jsonl"),
        record("3", 0.0, trace="traces/none.jsonl"),
    ]
    _, page = report_of(write_run(tmp_path / "run", records))
    assert "It says FIVE on the wall." in page.text
    assert "A private trace." not in page.text


def test_unscored_and_failed_are_counted_apart(tmp_path: Path) -> None:
    records = [
        record("1", 1.0),
        record("2", None),
        record("3", 0.0, status="failed", answer=None, problem="it was late"),
    ]
    markdown, page = report_of(write_run(tmp_path / "run", records))
    assert "| encoder | 3 | 1 | 1 | 1 × it was late |" in markdown
    assert "1 × it was late" in page.words
    nothing, _ = report_of(write_run(tmp_path / "empty", [record("1", None)]))
    assert "| encoder | – | – |" in nothing


def test_an_oracle_on_free_answers_is_compared_on_those(tmp_path: Path) -> None:
    records = [record(str(at), float(at < 6), free_answer=at >= 4) for at in range(8)]
    records += [record(str(at), 1.0, router="oracle") for at in range(4, 8)]
    markdown, page = report_of(write_run(tmp_path / "run", records))
    free = markdown.split("## Accuracy by suite, free answers only")[1].split("##")[0]
    assert "| encoder | 50.0 [" in free
    assert "| oracle | 100.0 [" in markdown
    assert ", n 4 |" in markdown  # the oracle's figure is of four samples
    assert "on 4 of 8" in page.words
    assert "| oracle | 4 | -50.0 |" in markdown


def test_several_folders_are_one_report(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", [record("1", 1.0), record("1", 0.0, router="random")])
    two = write_run(tmp_path / "two", [record("1", 0.0, suite="other"), record("1", 1.0, router="random")])
    body = merge([read_results(one), read_results(two)])
    assert list(body.records) == ["encoder", "random (one)", "random (two)"]
    assert len(body.records["encoder"]) == 2
    nested = write_run(tmp_path / "deep" / "one", [record("1", 1.0)])
    assert list(merge([read_results(one), read_results(nested)]).records) == [
        f"encoder ({tmp_path.name}/one)",
        "random",
        "encoder (deep/one)",
    ]
    _, page = report_of(one, two, out=tmp_path / "both")
    assert "one and two" in page.words
    assert "2 suites" in page.words


def test_repeats_are_one_question_and_their_spread_is_shown(tmp_path: Path) -> None:
    records = [record(str(at), float((at + repeat) % 2), repeat=repeat) for at in range(6) for repeat in range(3)]
    markdown, _ = report_of(write_run(tmp_path / "run", records))
    assert "## Repeats" in markdown
    assert "own, n 6" in markdown


def test_the_command(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", mixed())
    result = CliRunner().invoke(app, ["report", str(folder), "--out", str(tmp_path / "out"), "--router", "random"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.md"]
    assert "random against the others" in (tmp_path / "out" / "report.md").read_text()
    wrong = CliRunner().invoke(app, ["report", str(folder), "--router", "x"])
    assert isinstance(wrong.exception, UnknownNameError)
    assert json.loads((folder / "samples.jsonl").read_text().splitlines()[0])["router"] == "encoder"
    with pytest.raises(UnknownNameError, match="there are: 'encoder', 'random'"):
        write_report([folder], tmp_path / "out", router="x")

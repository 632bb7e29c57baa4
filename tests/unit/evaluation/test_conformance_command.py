"""`maestro eval conformance`: what it prints, and when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maestro_evaluation.cli import app
from maestro_graph.errors import MaestroError


def vector(rule: str = "erqa.official_expr", primary: bool = True, expected: Any = 1.0) -> dict[str, Any]:
    meta = {"rule": rule, "primary": primary}
    return {"benchmark": "x", "prediction": "B.", "answer": "B", "meta": meta, "expected": expected, "source": "here"}


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Any]:
    def run(*vectors: object) -> Any:
        path = tmp_path / "vectors.jsonl"
        path.write_text("\n".join(v if isinstance(v, str) else json.dumps(v) for v in vectors), encoding="utf-8")
        return CliRunner().invoke(app, ["conformance", str(path)])

    return run


def test_agreement(check: Callable[..., Any]) -> None:
    result = check(vector(), "", vector(primary=False))
    assert result.exit_code == 0
    assert result.output == "conformance: primary 1/1, other 1/1, unknown rules 0\n"


def test_a_primary_row_that_disagrees_is_shown_and_fails(check: Callable[..., Any]) -> None:
    result = check(vector(expected=0.0), vector())
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    assert first == "line 1 (primary) erqa.official_expr: got 1.0, expected 0.0 for 'B.' against 'B'"
    assert last == "conformance: primary 1/2, other 0/0, unknown rules 0"


def test_another_row_that_disagrees_is_shown_alone(check: Callable[..., Any]) -> None:
    result = check(vector(), vector(primary=False, expected=None))
    assert result.exit_code == 0
    assert "line 2 (other)" in result.output
    assert result.output.endswith("conformance: primary 1/1, other 0/1, unknown rules 0\n")


def test_an_unknown_rule_counts_where_it_is_primary(check: Callable[..., Any]) -> None:
    result = check(vector(), vector("a.b", primary=False), vector("a.b", primary=False))
    assert result.exit_code == 0
    assert "unknown rule: a.b" in result.output
    assert result.output.endswith("conformance: primary 1/1, other 0/0, unknown rules 1\n")
    assert check(vector("a.b")).exit_code == 1


def test_results_of_many_items(check: Callable[..., Any]) -> None:
    rows = [{"cycle_category": "0", "category": "single", "hit": 1}]
    one = vector("hrbench.aggregate", primary=False, expected={"all": 1.0, "single": 1.0})
    one["meta"]["rows"] = rows
    assert check(one).output.endswith("conformance: primary 0/0, other 1/1, unknown rules 0\n")


@pytest.mark.parametrize("line", ["{", "[]", '{"prediction": 1}', '{"prediction":1,"answer":1,"expected":1,"meta":1}'])
def test_a_line_that_is_no_vector_is_named(check: Callable[..., Any], line: str) -> None:
    result = check(vector(), line)
    assert isinstance(result.exception, MaestroError)
    assert "line 2" in str(result.exception)


def test_a_missing_file_is_named() -> None:
    result = CliRunner().invoke(app, ["conformance", "nowhere.jsonl"])
    assert isinstance(result.exception, MaestroError)
    assert "nowhere.jsonl" in str(result.exception)


def test_the_list_of_rules() -> None:
    result = CliRunner().invoke(app, ["rules"])
    assert "chartqa.vlmevalkit: ChartQA; open-compass/VLMEvalKit@" in result.output
    assert "zoombench.official_rule: ZoomBench (a judge decides what the rule cannot); " in result.output

"""Results in lm-eval's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_parts import record, write_run
from typer.testing import CliRunner

from maestro_evaluation.cli import app
from maestro_evaluation.interop.lm_eval_log import write_lm_eval
from maestro_graph.errors import MaestroError, UnknownNameError


def test_the_files_hold_figures_and_samples(tmp_path: Path) -> None:
    records = [record(str(at), float(at < 6), suite="a/b") for at in range(8)] + [record("9", None, suite="a/b")]
    folder = write_run(tmp_path / "run", [*records, record("1", 1.0, router="other")], {"command": "maestro eval run"})
    done = CliRunner().invoke(app, ["export-log", str(folder), "--out", str(tmp_path / "log"), "--router", "encoder"])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "log" / "results.json").read_text())
    assert results["results"]["a/b"]["acc,none"] == pytest.approx(0.75)
    assert 0.05 < results["results"]["a/b"]["acc_stderr,none"] < 0.2
    assert results["n-samples"] == {"a/b": {"original": 9, "effective": 8}}
    assert results["config"]["model_args"] == "router=encoder"
    samples = [json.loads(line) for line in (tmp_path / "log" / "samples_a-b.jsonl").read_text().splitlines()]
    assert [sample["acc"] for sample in samples] == [1.0] * 6 + [0.0] * 2
    assert samples[0]["filtered_resps"] == ["4"]
    assert samples[0]["target"] == '"4"'


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", [record("1", None)])
    with pytest.raises(UnknownNameError, match="'x'"):
        write_lm_eval(folder, tmp_path / "log", router="x")
    with pytest.raises(MaestroError, match="nothing of 'encoder' is scored"):
        write_lm_eval(folder, tmp_path / "log", router="encoder")

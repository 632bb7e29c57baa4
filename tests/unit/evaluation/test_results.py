"""Reading a run back, each benchmark's own figure, and two runs compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from run_parts import called, record, write_run
from typer.testing import CliRunner

from maestro_evaluation import aggregate
from maestro_evaluation.cli import app
from maestro_evaluation.records import SampleRecord
from maestro_evaluation.results import (
    calibration_of,
    compare_results,
    cost_of,
    macro_figure,
    plain_figure,
    read_results,
    reckoning_of,
    repeats_of,
    suite_figure,
)
from maestro_graph.errors import MaestroError, UnknownNameError


def value(figure: Any) -> float:
    return float(figure.interval.value)


def run_of(tmp_path: Path, name: str, scores: dict[str, float | None], **fields: Any) -> Path:
    return write_run(tmp_path / name, [record(sample, score, **fields) for sample, score in scores.items()])


def test_the_last_record_of_a_sample_counts_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", [record("1", 0.0), record("2", 1.0), record("1", 1.0)], {"seed": 3})
    with (folder / "samples.jsonl").open("a") as file:
        file.write('{"suite": "own", "sam')
    results = read_results(folder)
    assert [(each["sample"], each["score"]) for each in results.records] == [("1", 1.0), ("2", 1.0)]
    assert (results.damaged, results.info, results.routers) == (1, {"seed": 3}, ("encoder",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"score": 1.2}, "line 1: 'score' is 1.2; it goes from 0 to 1"),
        ({"turns": "two"}, "line 1: 'turns' is 'two', which it cannot be"),
        ({"router": None}, "line 1: 'router' is None"),
    ],
)
def test_a_record_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(MaestroError, match=words):
        read_results(write_run(tmp_path / "run", [{**record(), **change}]))  # type: ignore[typeddict-item, list-item]


def test_a_folder_without_records_says_so(tmp_path: Path) -> None:
    with pytest.raises(MaestroError, match=r"has no samples\.jsonl"):
        read_results(tmp_path)
    (tmp_path / "samples.jsonl").write_text("")
    with pytest.raises(MaestroError, match="holds no record yet"):
        read_results(tmp_path)
    (tmp_path / "samples.jsonl").write_text("[]\n")
    with pytest.raises(MaestroError, match="line 1: a record is an object, not list"):
        read_results(tmp_path)
    (tmp_path / "samples.jsonl").write_text('{"suite": "x"}\n')
    with pytest.raises(MaestroError, match="the record has no 'sample'"):
        read_results(tmp_path)


def test_hrbench_is_the_mean_over_cycles(tmp_path: Path) -> None:
    records = [
        record(
            f"{question}-{cycle}",
            float((question + cycle) % 3 == 0),
            rule="hrbench.vlmevalkit",
            group=str(question),
            meta={"cycle_category": str(cycle), "category": "single" if question % 2 else "cross"},
        )
        for question in range(9)
        for cycle in range(4)
        if (question, cycle) != (0, 0)
    ]
    rows = [{**each["meta"], "hit": each["score"]} for each in records]
    official = aggregate("hrbench.aggregate", None, None, {"rows": rows})
    figure = suite_figure(records)
    assert value(figure) == pytest.approx(official["all"])
    assert value(figure) != pytest.approx(value(plain_figure(records)))
    assert figure.interval is not None
    assert figure.interval.clusters == 9
    reckoning = reckoning_of(records)
    single = [each for each in records if reckoning.part(each) == "single"]
    assert value(suite_figure(single)) == pytest.approx(official["single"])
    told = dict(reckoning.figures(records))
    assert told["right in every rotation"].startswith("0.0 % of 9")


def test_parts_and_figures_of_other_benchmarks() -> None:
    charts = [
        record(str(at), 1.0, rule="chartqa.lmms", meta={"type": kind})
        for at, kind in enumerate(["human_test", "augmented_test"])
    ]
    assert [reckoning_of(charts).part(each) for each in charts] == ["human", "augmented"]
    tally = [
        record("1", 1.0, rule="tallyqa.vlmevalkit", answer="four cats", gold=4, meta={"issimple": True}),
        record("2", 0.0, rule="tallyqa.vlmevalkit", answer="7", gold="4", meta={"issimple": False}),
        record("3", 0.0, rule="tallyqa.vlmevalkit", answer="none", gold=4),
    ]
    assert [reckoning_of(tally).part(each) for each in tally] == ["simple", "complex", ""]
    rmse = aggregate("tallyqa.official_agg", [4, 7], [4, 4])["rmse"]
    assert reckoning_of(tally).figures(tally) == [("RMSE", f"{rmse:.2f} over the 2 replies with a count")]
    points = [record(str(at), float(at < 3), rule="ocrbench.official") for at in range(5)]
    assert reckoning_of(points).figures(points) == [("points", "3 of 5")]
    tasks = ["counting grid - blank grids", "counting grid - word grids", "nested squares"]
    blind = [
        record(str(at), float(at == 2), rule="vlmsareblind.lmms", meta={"task": task}) for at, task in enumerate(tasks)
    ]
    assert value(suite_figure(blind)) == pytest.approx(0.5)  # both grids are one task


def test_the_mean_over_suites_weighs_suites_alike_and_mixed_rules_have_the_plain_mean() -> None:
    records = [record(str(at), float(at < 9), suite="large") for at in range(10)]
    records += [record("1", 0.0, suite="small"), record("2", 1.0, suite="small", rule="ocrbench.official")]
    assert value(macro_figure(records)) == pytest.approx((0.9 + 0.5) / 2)
    assert value(plain_figure(records)) == pytest.approx(10 / 12)
    assert reckoning_of(records[-2:]).says == "mean of all items"


def test_unscored_samples_are_counted_apart_and_failures_count_as_wrong() -> None:
    records = [record("1", 1.0), record("2", None), record("3", 0.0, status="failed", answer=None, problem="late")]
    figure = suite_figure(records)
    assert (value(figure), figure.n, figure.unscored, figure.failed) == (0.5, 3, 1, 1)
    assert suite_figure([record("2", None)]).interval is None


def test_cost_calibration_and_repeats() -> None:
    records = [
        record("1", 1.0, confidence=0.9, seconds=1.0, calls=[called(), called()], turns=3),
        record("2", 0.0, confidence=None, seconds=3.0),
        record("1", 0.0, repeat=1, confidence=0.5),
        record("2", 0.0, repeat=1, confidence=0.1),
    ]
    cost = cost_of(records[:2])
    assert (cost.turns, cost.calls, cost.seconds, cost.seconds_p95) == (2.5, 1.5, 2.0, 3.0)
    found = calibration_of(records)
    assert found is not None
    assert found.n == 3
    assert calibration_of(records[1:2]) is None
    moved = repeats_of(records)
    assert moved is not None
    assert (moved.low, moved.high, moved.n) == (0.0, 0.5, 2)
    assert repeats_of(records[:2]) is None


def runner(*args: object) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def two_runs(tmp_path: Path, *, gained: int = 12, lost: int = 2, same: int = 40) -> tuple[Path, Path]:
    scores = [(0.0, 1.0)] * gained + [(1.0, 0.0)] * lost + [(1.0, 1.0)] * same
    paths = []
    for at, name in enumerate("AB"):
        paths.append(run_of(tmp_path, name, {str(number): pair[at] for number, pair in enumerate(scores)}))
    return paths[0], paths[1]


def test_two_runs_compared(tmp_path: Path) -> None:
    first, second = (read_results(folder) for folder in two_runs(tmp_path))
    found = compare_results(first, second, router="encoder")
    assert found.overall.p_value == pytest.approx(0.012939453125)  # statsmodels mcnemar(exact=True) of 12 and 2
    assert found.overall.test == "mcnemar"
    assert found.overall.difference.value == pytest.approx(10 / 54)
    assert found.overall.difference.low > 0
    assert [change.sample for change in found.changes[:2]] == ["12", "13"]  # lost ones first
    assert len(found.changes) == 14


def test_the_command_prints_difference_interval_p_and_samples(tmp_path: Path) -> None:
    first, second = two_runs(tmp_path)
    result = runner("compare", first, second, "--show", 3)
    assert result.exit_code == 0, result.output
    row = next(line for line in result.output.splitlines() if line.startswith("own"))
    assert row.split()[1:4] == ["77.8", "96.3", "+18.5"]
    assert "0.0129" in row
    assert "14 samples differ" in result.output
    assert "own/12  A 1 4  B 0 5  gold 4" in result.output
    assert "and 11 more" in result.output
    told = json.loads(runner("compare", first, second, "--json").output)
    assert len(told["changes"]) == 14
    assert told["overall"]["difference"]["value"] == pytest.approx(10 / 54)


def test_the_same_run_twice_does_not_differ(tmp_path: Path) -> None:
    first, _ = two_runs(tmp_path)
    result = runner("compare", first, first)
    assert "score every sample alike" in result.output
    assert "1.0000" in result.output


def test_runs_of_other_samples_are_refused(tmp_path: Path) -> None:
    first = read_results(run_of(tmp_path, "A", {"1": 1.0, "2": 0.0, "3": 1.0}))
    fewer = read_results(run_of(tmp_path, "B", {"1": 1.0}))
    with pytest.raises(MaestroError, match=r"2 are only in the first run \(own/2, own/3\)"):
        compare_results(first, fewer, router="encoder")
    assert compare_results(first, fewer, router="encoder", common=True).alone == (2, 0)
    changed = read_results(run_of(tmp_path, "C", {"1": 1.0, "2": 0.0, "3": 1.0}, question="Another?"))
    for common in (False, True):
        with pytest.raises(MaestroError, match="3 of 3 samples are not the same question"):
            compare_results(first, changed, router="encoder", common=common)
    unscored = read_results(run_of(tmp_path, "D", {"1": None, "2": None, "3": None}))
    with pytest.raises(MaestroError, match="no sample is scored in both"):
        compare_results(first, unscored, router="encoder")


def test_the_router_must_be_told_where_there_are_several(tmp_path: Path) -> None:
    both: list[SampleRecord] = [record(str(at), 1.0, router=name) for name in ("encoder", "random") for at in range(3)]
    folder = write_run(tmp_path / "both", both)
    assert "both runs have 2 routers: encoder, random" in str(runner("compare", folder, folder).exception)
    other = write_run(tmp_path / "other", [record("1", 1.0, router="chat")])
    assert "no router is in both runs" in str(runner("compare", folder, other).exception)
    with pytest.raises(UnknownNameError, match=r"no router in .* named 'x'"):
        compare_results(read_results(folder), read_results(folder), router="x")
    assert runner("compare", folder, folder, "--router", "encoder", "--against", "random").exit_code == 0


def test_rotations_make_the_test_one_of_questions(tmp_path: Path) -> None:
    def rotated(name: str, right: int) -> Path:
        return write_run(
            tmp_path / name,
            [
                record(
                    f"{question}-{cycle}",
                    float(question < right),
                    group=str(question),
                    rule="hrbench.vlmevalkit",
                    meta={"cycle_category": str(cycle)},
                )
                for question in range(20)
                for cycle in range(4)
            ],
        )

    found = compare_results(read_results(rotated("A", 8)), read_results(rotated("B", 11)), router="encoder")
    assert found.overall.test == "permutation"
    assert found.overall.p_value == pytest.approx(0.25)  # three questions changed: 2 of 8 flips are as far out
    assert found.overall.difference.value == pytest.approx(3 / 20)

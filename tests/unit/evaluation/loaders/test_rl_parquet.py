"""The parquet format of RL training, there and back, and as others write it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from typer.testing import CliRunner

from maestro_evaluation.cli import app
from maestro_evaluation.loaders import open_suite, write_rl_parquet
from maestro_evaluation.samples import Sample, Suite, SuiteInfo, write_questions
from maestro_graph.errors import MaestroError


def picture(file: Path, colour: str, kind: str = "PNG") -> str:
    Image.new("RGB", (9, 7), colour).save(file, kind)
    return str(file)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("MAESTRO_SUITES_DIR", str(tmp_path / "suites"))
    folder = tmp_path / "own"
    folder.mkdir()
    red, blue = picture(folder / "red.png", "red"), picture(folder / "blue.jpg", "blue", "JPEG")
    samples = (
        Sample(id="a", suite="own", question="Was 1 < 2?", images=(red,), answer="25%", family="Chart_Problem_Solver"),
        Sample(
            id="b/1", suite="own", question="<image> is what?", images=(red, blue), answer=["CENTRE", 3], family="",
            rule="ocrbench.official", meta={"dataset": "IIIT5K", "n": [1, None]}, split="validation", group="b",
        ),
        Sample(
            id="c", suite="own", question="How\nmany?", images=("https://example.org/c.png",), answer=4.5, family="x",
            split="train", free_answer=False, scene={"seed": 3, "parts": {"style": "pie"}}, meta={"rel_tol": 0.1},
        ),
        Sample(id="d", suite="own", question="No picture?", images=(), answer=None, family="x"),
    )  # fmt: skip
    return Suite(SuiteInfo(name="own", title="Own", licence="CC0", chance=0.1, details={"seed": 3}), samples)


def content(image: str) -> bytes | str:
    return image if image.startswith("https://") else Path(image).read_bytes()


def without_pictures(sample: Sample) -> Sample:
    return replace(sample, images=(), meta=dict(sample.meta), scene=dict(sample.scene))


def test_round_trip_keeps_everything_and_the_pictures_bytes(suite: Suite, tmp_path: Path) -> None:
    write_rl_parquet(suite, tmp_path / "own.parquet")
    back = open_suite(tmp_path / "own.parquet")
    assert back.info == suite.info
    assert [without_pictures(one) for one in back] == [without_pictures(one) for one in suite]
    for one, other in zip(back, suite, strict=True):
        assert [content(image) for image in one.images] == [content(image) for image in other.images]
        assert one.fingerprint == other.fingerprint
    assert [sample.id for sample in open_suite(tmp_path / "own.parquet", split="validation")] == ["b/1"]
    assert len(open_suite(tmp_path / "own.parquet", limit=2)) == 2


def test_columns_are_those_of_rl_training(suite: Suite, tmp_path: Path) -> None:
    write_rl_parquet(suite, tmp_path / "own.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "own.parquet")
    assert table.column_names == ["data_source", "prompt", "images", "ability", "reward_model", "extra_info"]
    row = table.to_pylist()[1]
    assert row["prompt"] == [{"role": "user", "content": "<image><image><image> is what?"}]
    assert [Image.open(io.BytesIO(image["bytes"])).size for image in row["images"]] == [(9, 7), (9, 7)]
    assert row["reward_model"] == {"style": "rule", "ground_truth": '["CENTRE", 3]'}
    assert row["data_source"] == "own" and row["extra_info"]["split"] == "validation"


def foreign(**changes: Any) -> dict[str, Any]:
    data = io.BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    return {
        "data_source": "hiyouga/geometry3k",
        "prompt": [{"role": "system", "content": "Think."}, {"role": "user", "content": "<image>\nFind x."}],
        "images": [{"bytes": data.getvalue()}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "4"},
        "extra_info": {"index": 3, "split": "test"},
        **changes,
    }


def test_files_of_others_are_read(suite: Suite, tmp_path: Path) -> None:
    rows = [
        foreign(),
        foreign(data_source="tallyqa"),
        foreign(data_source="my-own", extra_info={"index": 4, "split": "test"}),
    ]
    file = tmp_path / "mixed.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    found = open_suite(file)
    assert found.name == "mixed"
    assert [sample.id for sample in found] == ["hiyouga/geometry3k/3", "tallyqa/3", "my-own/4"]
    assert [sample.rule for sample in found] == ["geometry3k.verl", "tallyqa.vlmevalkit", "short-answer"]
    assert {sample.question for sample in found} == {"Find x."} and {sample.answer for sample in found} == {"4"}
    assert len({sample.images for sample in found}) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reward_model": {"style": "rule", "ground_truth": None}}, r"row 2, field 'reward_model.ground_truth'"),
        ({"prompt": [{"role": "system", "content": "x"}]}, r"row 2, field 'prompt': a list of messages with a user's"),
        ({"images": [{"bytes": b"x"}]}, r"row 2, field 'images': holds 1 bytes that are no picture"),
        ({"data_source": ""}, r"row 2, field 'data_source'"),
        ({}, r"the id '3' is there twice"),
    ],
)
def test_wrong_rows_are_named(change: dict[str, Any], said: str, suite: Suite, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([foreign(), foreign(**change)]), tmp_path / "x.parquet")
    with pytest.raises(MaestroError, match=said):
        open_suite(tmp_path / "x.parquet")


def test_export_writes_both_forms_from_any_suite(suite: Suite, tmp_path: Path) -> None:
    write_questions(suite, tmp_path / "own")
    run = CliRunner()
    there = run.invoke(app, ["export", str(tmp_path / "own"), str(tmp_path / "x.parquet"), "--to", "rl-parquet"])
    assert there.exit_code == 0 and "4 questions of own" in there.output
    back = run.invoke(app, ["export", str(tmp_path / "x.parquet"), str(tmp_path / "moved")])
    assert back.exit_code == 0
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    again = open_suite(tmp_path / "elsewhere")
    assert [sample.fingerprint for sample in again] == [sample.fingerprint for sample in suite]
    assert len(list((tmp_path / "elsewhere" / "pictures").iterdir())) == 2
    refused = run.invoke(app, ["export", str(tmp_path / "x.parquet"), str(tmp_path / "elsewhere")])
    assert isinstance(refused.exception, MaestroError) and "is not empty" in str(refused.exception)
    assert "no split 'dev'" in str(run.invoke(app, ["export", "chartqa", "x", "--split", "dev"]).exception)


def test_names_of_suites_are_listed(suite: Suite) -> None:
    listed = CliRunner().invoke(app, ["suites"]).output
    assert "chartqa: ChartQA; lmms-lab-encoder/ChartQA (test); rule chartqa.vlmevalkit" in listed
    assert "synthetic-blind" in listed

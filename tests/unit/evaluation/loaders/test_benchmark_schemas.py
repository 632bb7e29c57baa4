"""Each benchmark's loader on a small file of the fields that its authors publish, scored by its own rule."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from maestro_evaluation import score
from maestro_evaluation.loaders import benchmarks, open_suite
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError


def picture(colour: str = "red", size: tuple[int, int] = (8, 6)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def held(colour: str = "red") -> dict[str, Any]:
    return {"bytes": picture(colour), "path": None}


class Case(NamedTuple):
    row: dict[str, Any]
    reply: str
    wrong: str
    asked: str = ""
    free: bool = True
    family: str = ""


HR = {"index": 7, "question": "What colour is the kite?", "A": "red", "B": "blue", "C": "green", "D": "black"}
STUB = 'def solution(x: int) -> int:\n    """\n    Return the value shown.\n    """\n'
CASES = {
    "chartqa": Case(
        {"type": "human_test", "question": "How many in 2001?", "answer": "10", "image": held()},
        "10.4", "10.6", "How many in 2001?", family="Chart_Problem_Solver",
    ),
    "geometry3k": Case(
        {"images": [held()], "problem": "<image>Find x.", "answer": "3\\sqrt{2}", "id": 1, "choices": ["1", "2"]},
        "\\boxed{3\\sqrt{2}}", "\\boxed{4}", "Find x.\nPut the final answer", family="Geometric_Problem_Solver",
    ),
    "mathvision": Case(
        {
            "id": "4", "question": "Which? <image1>", "options": ["10", "12"], "answer": "B", "image": "images/4.jpg",
            "decoded_image": held(), "level": 2, "subject": "counting",
        },
        "\\boxed{12}", "\\boxed{10}", "Which?\nA. 10\nB. 12", free=False, family="Geometric_Problem_Solver",
    ),
    "mathvista": Case(
        {
            "pid": "12", "question": "How long?", "image": "images/12.jpg", "decoded_image": held(), "choices": None,
            "unit": None, "precision": 1.0, "answer": "1.5", "question_type": "free_form", "answer_type": "float",
            "query": "Hint: a number with one decimal.\nQuestion: How long?",
        },
        "1.52", "1.6", "Hint: a number", family="Geometric_Problem_Solver",
    ),
    "msearth-mcq": Case(
        {"query": "Which aquifer?\nA. Upper\nB. Lower\nC. None\nD. Both", "response": "B", "image": held()},
        "B", "A", "Which aquifer?\nA. Upper", free=False, family="Science_Problem_Solver",
    ),
    "microvqa": Case(
        {
            "images_list": [held(), held("blue")], "question": "What is it?", "choices": ["mitosis", "apoptosis"],
            "correct_index": 1, "task": 2,
        },
        "The answer is (2)", "The answer is (1)", "What is it?\n(1) mitosis\n(2) apoptosis", False,
        "Science_Problem_Solver",
    ),
    "vstar": Case(
        {
            "text": "What colour is the car?\n(A) red\n(B) blue\n(C) green\n(D) black\nAnswer with the letter.",
            "label": "B", "category": "direct_attributes", "question_id": "3", "image": held(),
        },
        "blue", "red", "What colour is the car?\nA. ", free=False, family="Perception_Problem_Solver",
    ),
    "hrbench-4k": Case(
        {**HR, "answer": "B", "category": "single", "cycle_category": "cycle_0", "image": base64.b64encode(picture())},
        "B", "A", "What colour is the kite?\nA. red\nB. blue", free=False, family="Perception_Problem_Solver",
    ),
    "ocrbench": Case(
        {
            "dataset": "IIIT5K", "question": "What is written?", "question_type": "Regular Text Recognition",
            "answer": ["CENTRE", "centre"], "image": held(),
        },
        "it says Centre", "center", "What is written?", family="ocr_problem_solver",
    ),
    "vlmsareblind": Case(
        {"task": "Touching circles", "image": held(), "prompt": "Do they touch?", "groundtruth": "Yes"},
        "yes", "no", "Do they touch?", free=False, family="Diagram_Reasoning_Skill",
    ),
    "erqa": Case(
        {
            "question_id": "E1", "question": "Where? A. here B. there", "question_type": "Spatial", "answer": "B",
            "images": [held(), held("blue")],
        },
        "b.", "A", "Where?", free=False, family="Embodied_Scene_QA_Skill",
    ),
    "humaneval-v": Case(
        {
            "qid": "q1", "diagram": held(), "function_signature": STUB, "task_type": "x",
            "test_script": "def test():\n    assert solution(1) == 2\n\ntest()", "ground_truth_solution": "…",
            "capability_aspects": {"a": "b"},
        },
        "", "", "def solution(x: int)", family="Code_Problem_Solver",
    ),
    "slake": Case(
        {
            "img_name": "xmlab1/source.jpg", "question": "Is it a CT?", "answer": "Yes", "answer_type": "CLOSED",
            "content_type": "Modality", "modality": "CT", "qid": 11, "q_lang": "en",
        },
        "yes", "no", "Is it a CT?", free=False, family="Science_Problem_Solver",
    ),
    "zoombench": Case({"id": "z1", "question": "What number?", "answer": "3", "image": held()}, "3", ""),
}  # fmt: skip


def parquet(file: Path, *rows: dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
    return file


def tsv(file: Path, *rows: dict[str, Any]) -> Path:
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return file


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_SUITES_DIR", str(tmp_path / "suites"))


def only(path: str | Path) -> Sample:
    suite = open_suite(path)
    assert len(suite) == 1
    return suite.samples[0]


def test_all_benchmarks_have_a_case() -> None:
    assert {*CASES, "tallyqa", "hrbench-8k"} == set(benchmarks)


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"slake", "zoombench", "hrbench-4k"}])
def test_parquet_of_the_hub_is_known_by_its_fields(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    sample = only(parquet(tmp_path / "test-00000-of-00001.parquet", case.row))
    assert sample.suite == name and sample.rule == benchmarks[name].rule and sample.split == "test"
    assert case.asked in sample.question and "<image" not in sample.question
    assert (sample.free_answer, sample.family) == (case.free, case.family)
    assert all(Path(path).read_bytes() in {picture(), picture("blue")} for path in sample.images)
    assert len(sample.images) == (2 if name in {"microvqa", "erqa"} else 1)
    if name != "humaneval-v":  # needs a sandbox
        assert score(sample.rule, case.reply, sample.answer, sample.meta) == 1.0
        assert score(sample.rule, case.wrong, sample.answer, sample.meta) == 0.0


def test_humaneval_v_keeps_the_tests_and_the_signature(tmp_path: Path) -> None:
    sample = only(parquet(tmp_path / "test.parquet", CASES["humaneval-v"].row))
    assert sample.answer == CASES["humaneval-v"].row["test_script"] and sample.meta["function_signature"] == STUB


def test_slake_reads_json_with_pictures_in_a_folder_or_an_archive(tmp_path: Path) -> None:
    english, other = CASES["slake"].row, {**CASES["slake"].row, "qid": 12, "q_lang": "zh", "question": "是CT吗？"}
    for kind in ("folder", "archive"):
        root = tmp_path / kind / "slake"
        (root / "imgs" / "xmlab1").mkdir(parents=True)
        (root / "imgs" / "xmlab1" / "source.jpg").write_bytes(picture())
        if kind == "archive":
            with zipfile.ZipFile(root / "imgs.zip", "w") as archive:
                archive.writestr("imgs/xmlab1/source.jpg", picture())
            (root / "imgs" / "xmlab1" / "source.jpg").unlink()
        for part in ("train", "test"):
            (root / f"{part}.json").write_text(json.dumps([other, {**english, "qid": f"{part}1"}]))
        suite = open_suite(root)
        assert [(sample.id, sample.split) for sample in suite] == [("test1", "test"), ("train1", "train")]
        assert [sample.id for sample in open_suite(root, split="train")] == ["train1"]
        assert Path(suite.samples[0].images[0]).read_bytes() == picture()
        assert score("slake.lmms", "yes", suite.samples[0].answer, suite.samples[0].meta) == 1.0


def test_tallyqa_has_one_sample_a_question(tmp_path: Path) -> None:
    asked = [
        {"question": "How many cats?", "answer": 3, "is_simple": True},
        {"question": "How many dogs sit?", "answer": 0},
    ]
    suite = open_suite(parquet(tmp_path / "test.parquet", {"image": held(), "qa": asked}))
    assert [sample.id for sample in suite] == ["1-1", "1-2"]
    assert suite.samples[0].images == suite.samples[1].images
    assert score("tallyqa.vlmevalkit", "three", suite.samples[0].answer) == 1.0
    assert score("tallyqa.vlmevalkit", "0", suite.samples[1].answer) == 1.0


def test_zoombench_is_known_by_name_only(tmp_path: Path) -> None:
    file = parquet(tmp_path / "part.parquet", CASES["zoombench"].row)
    with pytest.raises(MaestroError, match=r"do not say which benchmark it is; write NAME=part.parquet"):
        open_suite(file)
    sample = only(f"zoombench={file}")
    assert score(sample.rule, "3", sample.answer, sample.meta) == 1.0
    assert score(sample.rule, "4", sample.answer, sample.meta) is None


def test_hrbench_rotations_share_a_group_and_a_picture(tmp_path: Path) -> None:
    row = {**CASES["hrbench-4k"].row, "image": base64.b64encode(picture()).decode()}
    turned = {
        **row,
        "index": 8,
        "A": "blue",
        "B": "green",
        "C": "black",
        "D": "red",
        "answer": "A",
        "cycle_category": "cycle_1",
    }
    other = {**row, "index": 9, "image": base64.b64encode(picture("blue")).decode()}
    for name, size in (("hr_bench_4k.parquet", "4k"), ("hr_bench_8k.tsv", "8k")):
        write = parquet if name.endswith("parquet") else tsv
        suite = open_suite(write(tmp_path / name, row, turned, other))
        first, second, third = suite
        assert suite.name == f"hrbench-{size}"
        assert first.group == second.group != third.group and first.images == second.images != third.images
        assert (
            score(first.rule, "blue", first.answer, first.meta)
            == score(second.rule, "A", second.answer, second.meta)
            == 1.0
        )
        assert first.meta["cycle_category"] == "cycle_0"
    both = open_suite("hrbench-8k=" + str(tmp_path))
    assert both.name == "hrbench-8k" and "hr_bench_8k.tsv" in both.info.source and "4k" not in both.info.source


def test_tsv_of_vlmevalkit_with_repeated_and_several_pictures(tmp_path: Path) -> None:
    coded = base64.b64encode(picture(size=(60, 60))).decode()
    rows = [
        {"index": 1, "image": coded, "question": "How many cats?", "answer": "2"},
        {"index": 2, "image": "1", "question": "How many dogs?", "answer": "4"},
    ]
    suite = open_suite(tsv(tmp_path / "TallyQA.tsv", *rows))
    assert suite.name == "tallyqa" and suite.samples[0].images == suite.samples[1].images
    several = {
        "index": 1,
        "image": str([coded, base64.b64encode(picture("blue")).decode()]),
        "question": "Where?",
        "answer": "B",
    }
    sample = only(tsv(tmp_path / "ERQA.tsv", {**several, "A": "left", "B": "right", "C": "up", "D": "down"}))
    assert len(sample.images) == 2 and "B. right" in sample.question


def test_vstar_options_are_shuffled_by_id_and_stay_the_same(tmp_path: Path) -> None:
    rows = [{**CASES["vstar"].row, "question_id": str(number)} for number in range(40)]
    suite = open_suite(parquet(tmp_path / "test.parquet", *rows))
    assert {sample.answer for sample in suite} == set("ABCD")
    assert all(sample.meta["options"][sample.answer] == "blue" for sample in suite)  # type: ignore[index, call-overload]
    again = open_suite(tmp_path / "test.parquet")
    assert [sample.question for sample in again] == [sample.question for sample in suite]


def test_files_brought_to_the_suites_folder_are_found_by_name(tmp_path: Path) -> None:
    parquet(tmp_path / "suites/benchmarks/chartqa/data/test-0.parquet", CASES["chartqa"].row)
    assert only("chartqa").question == "How many in 2001?"
    assert len(open_suite("chartqa", limit=1)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"answer": None},
            r"test.parquet, row 2, field 'answer': it is missing or empty; the fields are answer, image",
        ),
        (
            {"image": {"bytes": b"no picture", "path": None}},
            r"row 2, field 'image': holds 10 bytes that are no picture",
        ),
        (
            {"image": {"bytes": None, "path": "gone.png"}},
            r"row 2, field 'image': names a picture 'gone.png' that is not in",
        ),
        ({"question": ""}, r"row 2, field 'question': it is missing or empty"),
    ],
)
def test_errors_name_file_row_and_field(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    row = CASES["chartqa"].row
    with pytest.raises(MaestroError, match=said):
        open_suite(parquet(tmp_path / "test.parquet", row, {**row, **change}))


def test_files_that_are_no_tables_say_so(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(MaestroError, match=r"broken.parquet cannot be read as parquet"):
        open_suite(tmp_path / "broken.parquet")
    (tmp_path / "TallyQA.tsv").write_text("index\timage\tquestion\tanswer\n1\tabc\n")
    with pytest.raises(MaestroError, match=r"TallyQA.tsv, row 1: it has not as many fields as the header \(4\)"):
        open_suite(tmp_path / "TallyQA.tsv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaestroError, match=r"holds neither questions.jsonl nor a table"):
        open_suite(tmp_path / "empty")
    with pytest.raises(MaestroError, match=r"no suite, file or folder 'chartqaa'; a suite is one of chartqa, erqa"):
        open_suite("chartqaa")
    with pytest.raises(MaestroError, match=r"limit of at least 1"):
        open_suite(tmp_path, limit=0)

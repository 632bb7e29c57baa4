"""Benchmarks with free answers: ChartQA, Geometry3K, TallyQA, SLAKE, OCRBench, VLMsAreBlind, HumanEval-V, ZoomBench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._row import Row
from maestro_evaluation.loaders.benchmarks._options import letter_question
from maestro_evaluation.samples import Gold, Sample, Split
from maestro_graph.evidence import Json

__all__ = ["FREE"]

ALL_SPLITS: Mapping[Split, str] = {"train": "train", "validation": "validation", "test": "test"}
YES_NO = {"yes", "no"}


def _chartqa(row: Row) -> Iterator[Sample]:
    answer: Gold = list(row.listed("label")) if "label" in row.fields else row.text("answer")
    if isinstance(answer, list) and len(answer) == 1:
        answer = str(answer[0])
    yield Sample(
        id=_id(row, "index", "id"),
        suite="",
        question=row.text("question", "query"),
        images=row.images("image", "image_path"),
        answer=answer,
        family="Chart_Problem_Solver",
        rule="chartqa.vlmevalkit",
        meta=row.kept("type", "human_or_machine", "split"),
        split=row.split,
        free_answer=str(answer).lower() not in YES_NO,
    )


def _geometry3k(row: Row) -> Iterator[Sample]:
    yield Sample(
        id=_id(row, "id"),
        suite="",
        question=f"{row.text('problem').replace('<image>', '').strip()}\nPut the final answer in \\boxed{{}}.",
        images=row.images("images", "image"),
        answer=row.text("answer"),
        family="Geometric_Problem_Solver",
        rule="geometry3k.verl",
        meta=row.kept("choices", "ground_truth"),
        split=row.split,
    )


def _tallyqa(row: Row) -> Iterator[Sample]:
    images = row.images("image", "image_path")
    if not row.has("qa"):
        yield _tally(
            row, images, _id(row, "index"), row.text("question"), row.text("answer"), row.kept("is_simple", "issimple")
        )
        return
    asked = row.raw("qa")
    if not isinstance(asked, list):
        raise row.wrong("qa", f"a list of questions is expected, not {type(asked).__name__}")
    for place, item in enumerate(asked, start=1):
        if not isinstance(item, dict) or not {"question", "answer"} <= set(item):
            raise row.wrong("qa", f"item {place} has no question and answer: {item!r}")
        kept = {"is_simple": item["is_simple"]} if "is_simple" in item else {}
        yield _tally(row, images, f"{row.number}-{place}", str(item["question"]), str(item["answer"]), kept)


def _tally(row: Row, images: tuple[str, ...], name: str, question: str, answer: str, kept: dict[str, Json]) -> Sample:
    return Sample(
        id=name,
        suite="",
        question=question,
        images=images,
        answer=answer,
        family="Counting_Problem_Solver",
        rule="tallyqa.vlmevalkit",
        meta=kept,
        split=row.split,
    )


def _slake(row: Row) -> Iterator[Sample]:
    if row.has("q_lang") and row.text("q_lang") != "en":
        return
    closed = row.text("answer_type").upper() == "CLOSED" if row.has("answer_type") else False
    yield Sample(
        id=_id(row, "qid", "index"),
        suite="",
        question=row.text("question"),
        images=row.images("img_name", "image"),
        answer=row.text("answer"),
        family="Science_Problem_Solver",
        rule="slake.lmms",
        meta=row.kept("answer_type", "content_type", "modality", "q_lang", "location"),
        split=row.split,
        free_answer=not closed,
    )


def _ocrbench(row: Row) -> Iterator[Sample]:
    written = row.raw("answer")
    listed = isinstance(written, list) or str(written).lstrip().startswith("[")
    meta = row.kept("dataset", "question_type")
    if "question_type" not in meta and row.has("category"):
        meta["question_type"] = row.text("category")
    yield Sample(
        id=_id(row, "id", "index"),
        suite="",
        question=row.text("question"),
        images=row.images("image", "image_path"),
        answer=list(row.listed("answer")) if listed else row.text("answer"),
        family="ocr_problem_solver",
        rule="ocrbench.official",
        meta=meta,
        split=row.split,
    )


def _vlmsareblind(row: Row) -> Iterator[Sample]:
    answer = row.text("groundtruth")
    yield Sample(
        id=_id(row),
        suite="",
        question=row.text("prompt"),
        images=row.images("image"),
        answer=answer,
        family="Diagram_Reasoning_Skill",
        rule="vlmsareblind.lmms",
        meta=row.kept("task", "metadata"),
        split="test",
        free_answer=answer.strip().lower() not in YES_NO,
    )


def _humaneval_v(row: Row) -> Iterator[Sample]:
    signature = row.text("function_signature")
    yield Sample(
        id=_id(row, "qid"),
        suite="",
        question=f"The picture shows a problem. Complete this Python function so that it solves it, and give the whole "
        f"code in one block:\n```python\n{signature.rstrip()}\n```",
        images=row.images("diagram"),
        answer=row.text("test_script"),
        family="Code_Problem_Solver",
        rule="humanevalv.official",
        meta={"function_signature": signature, **row.kept("task_type", "capability_aspects")},
        split="test",
    )


def _zoombench(row: Row) -> Iterator[Sample]:
    options = row.options()
    if not options and row.has("options"):
        options = dict(zip("ABCDEFGHIJ", row.listed("options"), strict=False))
    question = row.text("question", "query", "problem").replace("<image>", "").strip()
    yield Sample(
        id=_id(row, "id", "index"),
        suite="",
        question=letter_question(question, options) if options else question,
        images=row.images("image", "images", "full_image"),
        answer=row.text("answer", "ground_truth"),
        family="Perception_Problem_Solver",
        rule="zoombench.official_rule",
        meta={"bench": "zoom-bench", **row.kept("category", "type", "dimension")},
        split="test",
        free_answer=not options,
    )


def _id(row: Row, *names: str) -> str:
    found = next((name for name in names if row.has(name)), None)
    return str(row.number) if found is None else row.text(found)


FREE = (
    Benchmark(
        name="chartqa",
        title="ChartQA",
        hub="lmms-lab-encoder/ChartQA",
        rule="chartqa.vlmevalkit",
        convert=_chartqa,
        columns=(frozenset({"type", "question", "answer", "image"}), frozenset({"query", "label", "image"})),
        stems=("chartqa",),
    ),
    Benchmark(
        name="geometry3k",
        title="Geometry3K, free answers",
        hub="hiyouga/geometry3k",
        rule="geometry3k.verl",
        convert=_geometry3k,
        splits=ALL_SPLITS,
        columns=(frozenset({"images", "problem", "answer"}),),
        stems=("geometry3k", "geo3k"),
        notes="free answers; the four-choice form is another benchmark and is not mixed with it",
    ),
    Benchmark(
        name="tallyqa",
        title="TallyQA",
        hub="vikhyatk/tallyqa-test",
        rule="tallyqa.vlmevalkit",
        convert=_tallyqa,
        columns=(frozenset({"image", "qa"}),),
        stems=("tallyqa",),
    ),
    Benchmark(
        name="slake",
        title="SLAKE, English questions",
        hub="BoKelvin/SLAKE",
        rule="slake.lmms",
        convert=_slake,
        splits=ALL_SPLITS,
        files=("*.json", "imgs.zip"),
        columns=(frozenset({"img_name", "question", "answer", "answer_type"}),),
        stems=("slake",),
        notes="questions with q_lang other than en are left out",
    ),
    Benchmark(
        name="ocrbench",
        title="OCRBench v1",
        hub="echo840/OCRBench",
        rule="ocrbench.official",
        convert=_ocrbench,
        columns=(frozenset({"dataset", "question", "question_type", "answer", "image"}),),
        stems=("ocrbench",),
    ),
    Benchmark(
        name="vlmsareblind",
        title="VLMsAreBlind",
        hub="XAI/vlmsareblind",
        rule="vlmsareblind.lmms",
        convert=_vlmsareblind,
        splits={"test": "valid"},
        columns=(frozenset({"task", "image", "prompt", "groundtruth"}),),
        stems=("vlmsareblind",),
        notes="revisions of different sizes exist: compare results of one revision only",
    ),
    Benchmark(
        name="humaneval-v",
        title="HumanEval-V",
        hub="HumanEval-V/HumanEval-V-Benchmark",
        rule="humanevalv.official",
        convert=_humaneval_v,
        columns=(frozenset({"qid", "diagram", "function_signature", "test_script"}),),
        stems=("humanevalv",),
    ),
    Benchmark(
        name="zoombench",
        title="ZoomBench",
        hub="inclusionAI/ZoomBench",
        rule="zoombench.official_rule",
        convert=_zoombench,
        stems=("zoombench",),
        notes="its field names are not documented; question, answer, image and their usual synonyms are looked for",
    ),
)

"""Benchmarks with options: MSEarth-MCQ, MicroVQA, V*, HR-Bench, ERQA, and MathVision and MathVista, which have both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._row import LETTERS, Row
from maestro_evaluation.loaders.benchmarks._options import in_text, letter_question, shuffled
from maestro_evaluation.samples import Sample

__all__ = ["CHOICE"]

FOUR = 0.25


def _msearth(row: Row) -> Iterator[Sample]:
    options = row.options()
    question = row.text("query", "question")
    options = options or in_text(question)[1]
    yield Sample(
        id=_id(row, "index", "question_id"),
        suite="",
        question=letter_question(question, row.options()) if row.options() else question,
        images=row.images("image", "images", "image_path"),
        answer=row.text("response", "answer").strip(),
        family="Science_Problem_Solver",
        rule="msearth_mcq.official",
        meta={**({"options": dict(options)} if options else {}), **row.kept("category", "subject")},
        split="test",
        free_answer=False,
    )


def _microvqa(row: Row) -> Iterator[Sample]:
    choices = row.listed("choices")
    right = row.whole("correct_index")
    if not 0 <= right < len(choices):
        raise row.wrong("correct_index", f"{right} is no index of {len(choices)} choices")
    numbered = "\n".join(f"({place}) {choice}" for place, choice in enumerate(choices, start=1))
    yield Sample(
        id=_id(row, "key_question", "question_id", "index"),
        suite="",
        question=f"{row.text('question').strip()}\n{numbered}\nEnd with: The answer is (number).",
        images=row.images("images_list", "image"),
        answer=right,
        family="Science_Problem_Solver",
        rule="microvqa.official",
        meta={"choices": list(choices), **row.kept("task")},
        split="test",
        free_answer=False,
    )


def _vstar(row: Row) -> Iterator[Sample]:
    name = _id(row, "question_id", "index")
    question, options = (
        (row.text("question"), row.options()) if row.options() else in_text(row.text("text", "question"))
    )
    answer = row.text("label", "answer").strip()
    if answer not in options:
        raise row.wrong("label", f"{answer!r} is none of the options {sorted(options)}")
    options, answer = shuffled(options, answer, f"{name}/{question}")
    yield Sample(
        id=name if not row.has("category") else f"{row.text('category')}-{name}",
        suite="",
        question=letter_question(question, options),
        images=row.images("image", "image_path"),
        answer=answer,
        family="Perception_Problem_Solver",
        rule="vstar.vlmevalkit",
        meta={"options": dict(options), **row.kept("category")},
        split="test",
        free_answer=False,
    )


def _hrbench(row: Row) -> Iterator[Sample]:
    options = row.options()
    answer = row.text("answer").strip()
    if answer not in options:
        raise row.wrong("answer", f"{answer!r} is none of the options {sorted(options)}")
    question = row.text("question")
    images = row.images("image", "image_path")
    rotations = "\n".join([question, options[answer], *sorted(options.values()), *images])
    yield Sample(
        id=_id(row, "index"),
        suite="",
        question=letter_question(question, options),
        images=images,
        answer=answer,
        family="Perception_Problem_Solver",
        rule="hrbench.vlmevalkit",
        meta={"options": dict(options), **row.kept("category", "cycle_category")},
        split="test",
        group=hashlib.sha256(rotations.encode()).hexdigest()[:16],
        free_answer=False,
    )


def _erqa(row: Row) -> Iterator[Sample]:
    options = row.options()
    question = row.text("question").strip()
    yield Sample(
        id=_id(row, "question_id", "index"),
        suite="",
        question=letter_question(question, options) if options else question,
        images=row.images("images", "image", "image_path"),
        answer=row.text("answer").strip(),
        family="Embodied_Scene_QA_Skill",
        rule="erqa.official_expr",
        meta=row.kept("question_type", "category"),
        split="test",
        free_answer=False,
    )


def _mathvision(row: Row) -> Iterator[Sample]:
    options = row.listed("options") if row.has("options") else []
    question = row.text("question").strip()
    for place in range(1, 10):
        question = question.replace(f"<image{place}>", "").strip()
    if options:
        question = letter_question(question, dict(zip(LETTERS, options, strict=False)))
    yield Sample(
        id=_id(row, "id", "index"),
        suite="",
        question=question,
        images=row.images("decoded_image", "image"),
        answer=row.text("answer"),
        family="Geometric_Problem_Solver",
        rule="mathvision.official",
        meta={"options": list(options), **row.kept("level", "subject")},
        split="test",
        free_answer=not options,
    )


def _mathvista(row: Row) -> Iterator[Sample]:
    choices = row.listed("choices") if row.has("choices") else []
    yield Sample(
        id=_id(row, "pid", "index"),
        suite="",
        question=row.text("query", "question"),
        images=row.images("decoded_image", "image"),
        answer=row.text("answer") if row.has("answer") else None,
        family="Geometric_Problem_Solver",
        rule="mathvista.official",
        meta={**row.kept("question_type", "answer_type", "precision", "unit"), "choices": list(choices)},
        split="test",
        free_answer=not choices,
    )


def _id(row: Row, *names: str) -> str:
    found = next((name for name in names if row.has(name)), None)
    return str(row.number) if found is None else row.text(found)


HR_BENCH = frozenset({"index", "question", "A", "B", "answer", "category", "cycle_category", "image"})

CHOICE = (
    Benchmark(
        name="mathvision",
        title="MathVision (MATH-V)",
        hub="MathLLMs/MathVision",
        rule="mathvision.official",
        convert=_mathvision,
        columns=(frozenset({"question", "options", "answer", "decoded_image", "level", "subject"}),),
        stems=("mathvision", "mathv_"),
    ),
    Benchmark(
        name="mathvista",
        title="MathVista, testmini",
        hub="AI4Math/MathVista",
        rule="mathvista.official",
        convert=_mathvista,
        splits={"test": "testmini"},
        columns=(frozenset({"pid", "question", "decoded_image", "question_type", "answer_type"}),),
        stems=("mathvista",),
        notes="replies are scored as they are; the authors let a model extract the answer first",
    ),
    Benchmark(
        name="msearth-mcq",
        title="MSEarth-MCQ",
        hub="MSEarth/MSEarth_MCQ",
        rule="msearth_mcq.official",
        convert=_msearth,
        splits={"test": "train"},
        columns=(frozenset({"query", "response", "image"}), frozenset({"query", "response", "images"})),
        stems=("msearth",),
        chance=FOUR,
    ),
    Benchmark(
        name="microvqa",
        title="MicroVQA",
        hub="jmhb/microvqa",
        rule="microvqa.official",
        convert=_microvqa,
        columns=(frozenset({"images_list", "question", "choices", "correct_index"}),),
        stems=("microvqa",),
    ),
    Benchmark(
        name="vstar",
        title="V*",
        hub="lmms-lab-encoder/vstar-bench",
        rule="vstar.vlmevalkit",
        convert=_vstar,
        columns=(frozenset({"text", "label", "category", "question_id", "image"}),),
        stems=("vstar",),
        notes="options are shuffled, each question's by its id; the authors compare likelihoods instead",
    ),
    Benchmark(
        name="hrbench-4k",
        title="HR-Bench 4K",
        hub="DreamMr/HR-Bench",
        config="hrbench_version_split",
        rule="hrbench.vlmevalkit",
        convert=_hrbench,
        splits={"test": "hrbench_4k"},
        columns=(HR_BENCH,),
        stems=("hrbench4k",),
        chance=FOUR,
        notes="replies that the rule cannot read are wrong; the authors ask a model about them",
    ),
    Benchmark(
        name="hrbench-8k",
        title="HR-Bench 8K",
        hub="DreamMr/HR-Bench",
        config="hrbench_version_split",
        rule="hrbench.vlmevalkit",
        convert=_hrbench,
        splits={"test": "hrbench_8k"},
        columns=(HR_BENCH,),
        stems=("hrbench8k",),
        chance=FOUR,
        notes="replies that the rule cannot read are wrong; the authors ask a model about them",
    ),
    Benchmark(
        name="erqa",
        title="ERQA",
        hub="FlagEval/ERQA",
        rule="erqa.official_expr",
        convert=_erqa,
        columns=(frozenset({"question_id", "question", "question_type", "answer", "images"}),),
        stems=("erqa",),
        chance=FOUR,
    ),
)

"""Suites as folders: what is refused, what is resumed, what is read again; and the command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from maestro_evaluation import synthetic
from maestro_evaluation.cli import app
from maestro_evaluation.samples import Sample, Split, read_folder
from maestro_evaluation.synthetic import Generator, Question, Rejected, Scene, blind_baseline, contact_sheet, generate
from maestro_evaluation.synthetic import _catalogue as catalogue
from maestro_evaluation.synthetic._generator import digits, share
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.evidence import Json


class Dots(Generator):
    """So many dots; refuses what it is told to refuse, errs where it is told to err."""

    name = "synthetic-dots"
    title = "Dots"
    about = "Dots."
    families = ("x",)
    refuse = False
    second = 0

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        if self.refuse or rng.random() < 0.3:
            raise Rejected
        return {"count": rng.randint(1, 9), "parts": {"style": split}}

    def answer(self, scene: Scene) -> Json:
        return int(scene["count"])

    def second_answer(self, scene: Scene) -> Json:
        return int(scene["count"]) + self.second

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [Image.new("RGB", (20, 20), (int(scene["count"]), 0, 0))]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        text = str(answer)
        return [Question(text="How many?", answer=text, rule="short-answer", family="x", template=split, chance=1 / 9)]


@pytest.fixture
def dots(monkeypatch: pytest.MonkeyPatch) -> Dots:
    generator = Dots()
    for module in (catalogue, synthetic):
        monkeypatch.setattr(module, "generators", lambda: {"synthetic-dots": generator})
    return generator


def made(folder: Path, *, seed: int = 0, test: int = 5) -> Any:
    return generate("synthetic-dots", sizes={"test": test}, seed=seed, folder=folder, workers=1)


@pytest.mark.usefixtures("dots")
def test_a_suite_is_read_as_it_was_made(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    suite = generate(
        "synthetic-dots", sizes={"test": 3, "train": 2}, seed=0, folder=tmp_path / "s", workers=1,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(place, 5) for place in range(1, 6)]
    again = read_folder(tmp_path / "s")
    assert [sample.id for sample in again] == [sample.id for sample in suite]
    assert again.info == suite.info
    assert [sample.fingerprint for sample in again] == [sample.fingerprint for sample in suite]


@pytest.mark.usefixtures("dots")
def test_a_finished_suite_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "s")
    monkeypatch.setattr(Dots, "refuse", True)
    assert len(made(tmp_path / "s")) == 5


@pytest.mark.usefixtures("dots")
@pytest.mark.parametrize(("seed", "test"), [(1, 5), (0, 6)])
def test_another_suite_is_not_overwritten(tmp_path: Path, seed: int, test: int) -> None:
    made(tmp_path / "s")
    with pytest.raises(MaestroError, match=r"holds another suite, synthetic-dots version 1 with seed 0 \(5 test\)"):
        made(tmp_path / "s", seed=seed, test=test)


@pytest.mark.usefixtures("dots")
def test_other_files_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(MaestroError, match="holds other files, and nothing is overwritten"):
        made(tmp_path)
    with pytest.raises(MaestroError, match="is a file"):
        made(tmp_path / "notes.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interrupted_run_is_begun_again(tmp_path: Path, dots: Dots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dots, "draw", lambda self, scene: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made(tmp_path / "s")
    monkeypatch.undo()
    monkeypatch.setattr(catalogue, "generators", lambda: {"synthetic-dots": dots})
    with pytest.raises(MaestroError, match="unfinished suite"):
        made(tmp_path / "s", seed=9)
    with pytest.raises(MaestroError, match="has no"):
        read_folder(tmp_path / "s")
    assert len(made(tmp_path / "s")) == 5
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["pictures", "questions.jsonl", "suite.json"]


@pytest.mark.usefixtures("dots")
def test_a_generator_that_errs_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dots, "second", 1)
    with pytest.raises(MaestroError, match="by the second derivation"):
        made(tmp_path / "a")
    monkeypatch.setattr(Dots, "refuse", True)
    with pytest.raises(MaestroError, match="none of 300 scenes"):
        made(tmp_path / "b")


@pytest.mark.usefixtures("dots")
def test_what_was_asked_for_is_checked(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="'synthetic-dots'"):
        generate("synthetic-stars", sizes={"test": 1}, seed=0, folder=tmp_path)
    with pytest.raises(MaestroError, match="at least one sample"):
        generate("synthetic-dots", sizes={"test": 0}, seed=0, folder=tmp_path / "x")
    with pytest.raises(MaestroError, match="no split 'dev'"):
        generate("synthetic-dots", sizes={"dev": 1}, seed=0, folder=tmp_path / "x")  # type: ignore[dict-item]


def test_shares_are_disjoint_and_whole() -> None:
    items = list(range(11))
    parts = [share(items, split) for split in ("train", "validation", "test")]
    assert sorted(item for part in parts for item in part) == items
    assert [len(part) for part in parts] == [5, 2, 4]
    with pytest.raises(ValueError, match="at least 3"):
        share([1, 2], "train")


def test_digits_run_through_all_combinations() -> None:
    assert {digits(number, 3, 4) for number in range(12)} == {(a, b) for a in range(3) for b in range(4)}


def sample(place: int, question: str, answer: str) -> Sample:
    return Sample(
        id=str(place), suite="s", question=question, images=(), answer=answer, family="", scene={"reply": answer}
    )


def test_blind_baselines_find_what_gives_answers_away() -> None:
    fair = [sample(place, "How many?", str(place * 7 % 10)) for place in range(200)]
    assert blind_baseline(fair).best < 0.2
    constant = [sample(place, "How many?", "3") for place in range(50)]
    assert blind_baseline(constant).majority == 1.0
    told = [sample(place, "How many dots?" if place % 2 else "How many rings?", str(place % 2)) for place in range(80)]
    assert blind_baseline(told).wording == 1.0 and blind_baseline(told).majority < 0.7
    assert blind_baseline([]).best == 0.0


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["synth", *words])


def test_the_command_lists_the_suites() -> None:
    result = run("--list")
    assert result.exit_code == 0
    assert "synthetic-blind: " in result.output and "synthetic-mixed: " in result.output


@pytest.mark.usefixtures("dots")
def test_the_command_makes_suite_and_sheet(tmp_path: Path) -> None:
    result = run(
        "synthetic-dots", "--n", "6", "--split", "test", "--split", "train=4", "--out", str(tmp_path / "s"),
        "--sheet", str(tmp_path / "s.webp"), "--workers", "1",
    )  # fmt: skip
    assert result.exit_code == 0, result.exception
    assert "10 questions on 10 pictures, 10 with a free answer; agreed on 10 of 10 scenes" in result.output
    assert "without the picture (train): chance 11.1%; guessed by majority" in result.output
    with Image.open(tmp_path / "s.webp") as picture:
        assert picture.size == contact_sheet(read_folder(tmp_path / "s")).size


@pytest.mark.usefixtures("dots")
def test_all_means_a_folder_each(tmp_path: Path) -> None:
    assert run("all", "--n", "3", "--split", "all", "--out", str(tmp_path), "--workers", "1").exit_code == 0
    assert len(read_folder(tmp_path / "synthetic-dots")) == 9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a suite"),
        (["synthetic-blind"], "a folder with --out"),
        (["synthetic-blind", "--out", "x", "--split", "dev"], "no split 'dev'"),
        (["synthetic-blind", "--out", "x", "--split", "train=many"], "no number of questions"),
    ],
)
def test_the_command_says_what_is_missing(words: list[str], message: str) -> None:
    result = run(*words)
    assert isinstance(result.exception, MaestroError) and message in str(result.exception)


@pytest.mark.usefixtures("dots")
def test_a_sheet_needs_the_ending_of_a_picture(tmp_path: Path) -> None:
    result = run("synthetic-dots", "--n", "1", "--out", str(tmp_path / "s"), "--sheet", "x.sheet", "--workers", "1")
    assert isinstance(result.exception, MaestroError) and ".png or .webp" in str(result.exception)

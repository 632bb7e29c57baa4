"""What holds for every generator: splits apart, answers derived twice, guesses near chance, own answers right."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from maestro_evaluation import rules, score
from maestro_evaluation.samples import Sample, Split, Suite, read_folder
from maestro_evaluation.synthetic import SPLITS, Generator, generate, generators

NAMES = tuple(generators())
SIZES: dict[Split, int] = {"train": 100, "validation": 60, "test": 500}
MARGIN = 0.05


@cache
def undrawn(name: str) -> Suite:
    """The suite without its pictures: the contracts below are about scenes and questions."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        for generator in generators().values():
            patch.setattr(type(generator), "draw", lambda self, scene: [])
        return generate(name, sizes=SIZES, seed=0, folder=Path(folder) / "suite", workers=1)


def of_split(name: str, split: Split) -> list[Sample]:
    return [sample for sample in undrawn(name) if sample.split == split]


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    generator, suite = generators()[name], undrawn(name)
    assert name.startswith("synthetic-") and generator.title and generator.about and suite.info.licence
    assert suite.info.details["second_derivation"] == "agreed on {0} of {0} scenes".format(
        len(suite) // generator.per_scene
    )
    for split, size in SIZES.items():
        assert len(of_split(name, split)) == size
    if generator.families:
        assert {sample.family for sample in suite} <= set(generator.families)
    for sample in suite:
        assert sample.rule in rules
        assert sample.question and "{" not in sample.question.replace("{5}", "").replace("{6}", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_splits_share_no_part(name: str) -> None:
    seen: dict[tuple[str, object], set[str]] = defaultdict(set)
    for sample in undrawn(name):
        parts: Any = sample.scene["parts"]
        assert "template" in parts and "style" in parts
        for kind, value in parts.items():
            seen[kind, value].add(sample.split)
    shared = {part: splits for part, splits in seen.items() if len(splits) > 1}
    assert not shared


@pytest.mark.parametrize("name", NAMES)
def test_guesses_without_the_picture_are_near_chance(name: str) -> None:
    info = undrawn(name).info
    blind: Any = info.details["blind"]
    assert info.chance is not None
    assert max(blind["test"].values()) <= info.chance + MARGIN


@pytest.mark.parametrize("name", NAMES)
def test_its_own_answers_are_right(name: str) -> None:
    samples = [sample for sample in of_split(name, "test")[:60] if sample.rule != "humanevalv.official"]
    for sample in samples:
        assert score(sample.rule, sample.scene["reply"], sample.answer, sample.meta) == 1.0, sample.question


@pytest.mark.parametrize("name", NAMES)
def test_free_answers_are_unlikely_guesses(name: str) -> None:
    for sample in undrawn(name):
        if sample.free_answer:
            assert str(sample.answer).lower() not in {"yes", "no"}
            assert "options" not in sample.meta and "choices" not in sample.meta


def test_a_third_of_the_mixture_does_not_tell() -> None:
    samples = list(undrawn("synthetic-mixed"))
    veiled = sum(bool(sample.scene["veiled"]) for sample in samples) / len(samples)
    assert 0.28 < veiled < 0.39
    shares = {generator.name: generator.in_mixed for generator in generators().values() if generator.in_mixed}
    assert {sample.scene["generator"] for sample in of_split("synthetic-mixed", "test")} == set(shares)


def test_veiled_wordings_are_shared_among_families() -> None:
    """Veiled questions hold no word of the picture's kind."""
    telling = {"chart", "bar", "pie", "table", "receipt", "circles", "rings", "pentagons", "squares", "route", "grid"}
    for sample in undrawn("synthetic-mixed"):
        if sample.scene["veiled"] and sample.scene["generator"] == "synthetic-blind":
            assert not telling & set(sample.question.lower().replace("?", " ").replace(".", " ").split())


@pytest.mark.parametrize("name", [name for name in NAMES if generators()[name].per_scene == 1])
def test_the_seed_decides_every_byte_and_pictures_open(name: str, tmp_path: Path) -> None:
    found = []
    for folder, seed in (("one", 5), ("two", 5), ("other", 6)):
        suite = generate(name, sizes={"test": 3}, seed=seed, folder=tmp_path / folder, workers=1)
        for sample in suite:
            for image in sample.images:
                with Image.open(image) as picture:
                    picture.load()
                    assert picture.mode == "RGB" and min(picture.size) >= 60
        found.append(contents(tmp_path / folder))
    assert found[0] == found[1] != found[2]


def test_processes_change_no_byte(tmp_path: Path) -> None:
    for folder, workers in (("alone", 1), ("two", 2)):
        generate("synthetic-two-step", sizes={"test": 9, "train": 4}, seed=1, folder=tmp_path / folder, workers=workers)
    assert contents(tmp_path / "alone") == contents(tmp_path / "two")
    again = read_folder(tmp_path / "two")
    assert len(again) == 13 and again.info.details["seed"] == 1


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_generators_are_of_the_contract() -> None:
    for generator in generators().values():
        assert isinstance(generator, Generator)
    assert SPLITS == ("train", "validation", "test") and NAMES[-1] == "synthetic-mixed"

"""The suites of charts, tallies, targets and texts: answers from what is drawn, splits apart, bytes by seed."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maestro_evaluation import score
from maestro_evaluation.samples import Sample, Split
from maestro_evaluation.synthetic import Rejected, Scene, find_generator, generate
from maestro_evaluation.synthetic._blind import blind_baseline
from maestro_evaluation.synthetic.charts._tables import tables_of

SUITES = ("synthetic-charts", "synthetic-tally", "synthetic-targets", "synthetic-targets-4k", "synthetic-ocr")
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def scenes(name: str, split: Split, count: int, seed: int = 0) -> list[Scene]:
    generator = find_generator(name)
    found: list[Scene] = []
    for number in range(count):
        for attempt in range(300):
            try:
                found.append(generator.scene(Random(f"{seed}/{split}/{number}/{attempt}"), split, number))
                break
            except Rejected:
                continue
    assert len(found) == count
    return found


def asked(name: str, split: Split, count: int, *, veiled: bool = False) -> list[Sample]:
    generator = find_generator(name)
    samples: list[Sample] = []
    for number, scene in enumerate(scenes(name, split, count)):
        answer = generator.answer(scene)
        try:
            questions = generator.questions(scene, answer, Random(number), split, veiled=veiled)
        except Rejected:
            continue
        for place, question in enumerate(questions):
            samples.append(
                Sample(
                    id=f"{number}-{place}", suite=name, question=question.text, images=(), answer=question.answer,
                    family=question.family, rule=question.rule, meta=question.meta, split=split, group=str(number),
                    free_answer=question.free_answer,
                    scene={**scene, "reply": question.right_reply, "template": question.template},
                )
            )  # fmt: skip
    return samples


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("split", SPLITS)
def test_second_derivation_agrees_and_the_right_reply_scores(name: str, split: Split) -> None:
    generator = find_generator(name)
    for scene in scenes(name, split, 60):
        assert generator.agree(generator.answer(scene), generator.second_answer(scene))
    for veiled in (False, True):
        for sample in asked(name, split, 40, veiled=veiled):
            assert score(sample.rule, sample.scene["reply"], sample.answer, sample.meta) == 1.0
            assert "{" not in sample.question


@pytest.mark.parametrize("name", SUITES)
def test_splits_share_no_style_table_or_wording(name: str) -> None:
    parts: list[set[object]] = []
    for split in SPLITS:
        samples = asked(name, split, 120)
        kept: list[Any] = [sample.scene for sample in samples]
        parts.append(
            {part for scene in kept for part in scene["parts"].values()} | {scene["template"] for scene in kept}
        )
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


@pytest.mark.parametrize("name", ["synthetic-charts", "synthetic-tally", "synthetic-targets", "synthetic-ocr"])
def test_guessing_without_the_picture_is_near_chance(name: str) -> None:
    generator = find_generator(name)
    samples = asked(name, "test", 240)
    chances = [
        question.chance
        for number, scene in enumerate(scenes(name, "test", 240))
        for question in generator.questions(scene, generator.answer(scene), Random(number), "test", veiled=False)
    ]
    assert blind_baseline(samples).best <= sum(chances) / len(chances) + 0.06


@pytest.mark.parametrize("name", ["synthetic-charts", "synthetic-tally", "synthetic-ocr"])
def test_bytes_depend_on_the_seed_alone(name: str, tmp_path: Path) -> None:
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        generate(name, sizes={"test": 4}, seed=seed, folder=tmp_path / folder, workers=1)
    first, same, other = (
        {file.relative_to(tmp_path / folder): file.read_bytes() for file in (tmp_path / folder).rglob("*.*")}
        for folder in "abc"
    )
    assert first == same and first != other


def test_no_other_mark_of_a_chart_is_forgiven_by_the_rule() -> None:
    seen: Counter[str] = Counter()
    for split in SPLITS:
        for scene in scenes("synthetic-charts", split, 160):
            data: Any = scene
            seen[f"{data['kind']}: {data['asked']}"] += 1
            answer = str(find_generator("synthetic-charts").answer(scene))
            marks = [value for column in data["values"] for value in column]
            if data["asked"] == "lookup":
                hits = sum(score("chartqa.vlmevalkit", str(value), answer, {}) == 1.0 for value in marks)
                assert hits == 1
            if data["asked"] in {"largest", "smallest"}:
                assert not answer.isdecimal()  # 5 % of a year would be forgiven
    assert len({task.split(":")[0] for task in seen}) == 8 and len(seen) > 40


def test_tables_are_read_whole_and_belong_to_one_split() -> None:
    names = [{table.name for table in tables_of(split)} for split in SPLITS]
    assert all(names) and not (names[0] & names[1] or names[0] & names[2] or names[1] & names[2])
    states = next(table for table in tables_of("test") if table.name == "us_states" and table.series == ("Murder",))
    assert len(states.labels) == 50 and dict(zip(states.labels, states.values[0], strict=True))["Alabama"] == 7.1
    for split in SPLITS:
        for table in tables_of(split):
            assert all(len(column) == len(table.labels) for column in table.values)


def test_tallies_are_balanced_and_nothing_touches() -> None:
    found = Counter(str(sample.answer) for sample in asked("synthetic-tally", "test", 160))
    assert set(found) == {str(count) for count in range(16)} and max(found.values()) == min(found.values()) == 10
    for scene in scenes("synthetic-tally", "train", 40):
        data: Any = scene
        for place, one in enumerate(data["things"]):
            assert one["radius"] <= one["x"] <= 640 - one["radius"] and one["radius"] >= 12
            for other in data["things"][:place]:
                apart = np.hypot(one["x"] - other["x"], one["y"] - other["y"])
                assert apart > one["radius"] + other["radius"] + 6


def test_drawn_tally_shows_as_many_things_as_the_scene_has() -> None:
    from scipy import ndimage

    shown = [scene for scene in scenes("synthetic-tally", "train", 60) if scene["style"] == "white"]
    assert len(shown) > 5
    for scene in shown:
        data: Any = scene
        picture = np.asarray(find_generator("synthetic-tally").draw(scene)[0]).astype(int)
        ink = np.abs(picture - 255).sum(axis=2) > 120
        _, count = ndimage.label(ink, structure=np.ones((3, 3)))
        assert count == len(data["things"])


def test_four_rotations_share_a_group_and_one_file(tmp_path: Path) -> None:
    suite = generate("synthetic-targets-4k", sizes={"test": 12}, seed=1, folder=tmp_path / "x", workers=1)
    assert len(suite) == 12 and len(list((tmp_path / "x" / "pictures").iterdir())) == 3
    for group in {sample.group for sample in suite}:
        four: list[Any] = [sample for sample in suite if sample.group == group]
        assert len({sample.images for sample in four}) == 1
        assert {sample.answer for sample in four} == set("ABCD")
        assert {sample.meta["cycle_category"] for sample in four} == {f"cycle_{turn}" for turn in range(4)}
        assert len({sample.meta["options"][sample.answer] for sample in four}) == 1
    with Image.open(suite.samples[0].images[0]) as picture:
        assert max(picture.size) == 3840


def test_targets_are_where_and_what_the_scene_says() -> None:
    generator = find_generator("synthetic-targets")
    for scene in scenes("synthetic-targets", "validation", 9):
        data: Any = scene
        image = generator.draw(scene)[0]
        for target in data["targets"]:
            assert 20 <= target["size"] <= 60
            if target["shape"] != "plate":
                centre = image.getpixel((target["x"], target["y"]))
                assert "#{:02x}{:02x}{:02x}".format(*centre) == target["ink"]


def test_receipts_add_up_as_printed() -> None:
    for scene in scenes("synthetic-ocr", "train", 90):
        data: Any = scene
        if data["kind"] != "receipt":
            continue
        amounts = [int(right.replace(".", "")) for _, right in data["lines"] if re.fullmatch(r"\d+\.\d\d", right)]
        *items, subtotal, tax, total = amounts
        assert sum(items) == subtotal and subtotal + tax == total


def test_no_ocr_question_holds_its_answer() -> None:
    for sample in asked("synthetic-ocr", "test", 120):
        assert score(sample.rule, sample.question, sample.answer, sample.meta) == 0.0


def test_charts_print_what_they_say() -> None:
    """Every bar of a plain chart is as tall as its value, measured in the picture."""
    generator = find_generator("synthetic-charts")
    checked = 0
    for scene in scenes("synthetic-charts", "train", 400):
        data: Any = scene
        if data["kind"] != "bar" or data["style"] != "plain" or data["printed"]:
            continue
        picture = np.asarray(generator.draw(scene)[0]).astype(int)
        bars = np.abs(picture - np.array([0x1F, 0x77, 0xB4])).sum(axis=2) < 12
        columns = bars.sum(axis=0)
        runs = np.flatnonzero(np.diff((columns > 0).astype(int)))
        tops = [columns[left + 1 : right].max() for left, right in zip(runs[::2], runs[1::2], strict=True)]
        assert len(tops) == len(data["labels"])
        values = np.array(data["values"][0])
        assert np.allclose(np.array(tops) / max(tops), values / values.max(), atol=0.012)
        checked += 1
    assert checked > 3


def test_pictures_are_plain_rgb() -> None:
    for name in ("synthetic-charts", "synthetic-ocr"):
        for scene in scenes(name, "test", 6):
            data = io.BytesIO()
            find_generator(name).draw(scene)[0].save(data, "PNG")
            with Image.open(data) as picture:
                assert picture.mode == "RGB" and min(picture.size) > 150

"""A suite as a folder: `questions.jsonl`, the pictures beside it, and optionally `suite.json`.

A line of `questions.jsonl` is `{"id", "images": [file, …], "question", "answer", "family", "rule", "meta"}`; `split`,
`group`, `free_answer` and `scene` may be added. Whatever a suite is read from, it can be written in this form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro_evaluation.samples._sample import DEFAULT_RULE, Sample, Split
from maestro_evaluation.samples._suite import Suite, SuiteInfo
from maestro_graph.errors import MaestroError

__all__ = ["INFO", "QUESTIONS", "read_folder", "write_folder", "write_questions"]

QUESTIONS = "questions.jsonl"
INFO = "suite.json"
PICTURES = "pictures"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | int
    question: str = Field(min_length=1)
    answer: Any = None
    images: list[str] = []
    family: str = ""
    rule: str = DEFAULT_RULE
    meta: dict[str, Any] = {}
    split: Split = "test"
    group: str | None = None
    free_answer: bool = True
    scene: dict[str, Any] = {}


def read_folder(folder: Path, *, name: str | None = None) -> Suite:
    """Read a suite from a folder.

    Raises:
        MaestroError: no `questions.jsonl`, a line that is no sample (file, line and field are named), an id that is
            there twice, a picture that is not there.
    """
    file = folder / QUESTIONS
    if not file.is_file():
        raise MaestroError(
            f"{folder} has no {QUESTIONS}; a suite is a folder with that file, one "
            '{"id", "images": [file, …], "question", "answer", "family", "rule", "meta"} a line'
        )
    info = _read_info(folder, name or folder.resolve().name)
    samples: dict[str, Sample] = {}
    for number, line in _lines(file):
        sample = _sample(line, folder, info.name, f"{file}, line {number}")
        if sample.id in samples:
            raise MaestroError(f"{file}, line {number}: the id {sample.id!r} is there twice; ids must differ")
        samples[sample.id] = sample
    if not samples:
        raise MaestroError(f"{file} holds no questions")
    return Suite(info, tuple(samples.values()))


def write_questions(suite: Suite, folder: Path) -> None:
    """Write `questions.jsonl` and `suite.json`; pictures inside the folder are named relative to it.

    The bytes depend on the samples alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve()
    with (folder / QUESTIONS).open("w", encoding="utf-8") as file:
        for sample in suite:
            record = asdict(sample)
            del record["suite"]
            record["images"] = [_relative(image, root) for image in sample.images]
            kept = {key: value for key, value in record.items() if value not in (None, {}) or key == "answer"}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    (folder / INFO).write_text(json.dumps(asdict(suite.info), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_folder(suite: Suite, folder: Path) -> None:
    """Write a suite with copies of its pictures, so that the folder can be moved; equal pictures become one file.

    Raises:
        MaestroError: a picture cannot be read.
    """
    pictures = folder / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    write_questions(replace(suite, samples=tuple(_with_copies(sample, pictures) for sample in suite)), folder)


def _with_copies(sample: Sample, pictures: Path) -> Sample:
    copies = []
    for image in sample.images:
        if not image.startswith(("https://", "http://")):
            try:
                data = Path(image).read_bytes()
            except OSError as error:
                raise MaestroError(f"{sample.key}: the picture {image} cannot be read: {error}") from error
            target = pictures / f"{hashlib.sha256(data).hexdigest()[:24]}{Path(image).suffix}"
            if not target.is_file():
                target.write_bytes(data)
            image = str(target.resolve())
        copies.append(image)
    return replace(sample, images=tuple(copies))


def _relative(image: str, root: Path) -> str:
    path = Path(image)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else image


def _read_info(folder: Path, name: str) -> SuiteInfo:
    file = folder / INFO
    if not file.is_file():
        return SuiteInfo(name=name, source=str(folder))
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        known = {item.name for item in fields(SuiteInfo)}
        return SuiteInfo(**{key: value for key, value in data.items() if key in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise MaestroError(f"{file} cannot be read: {error}; mend it or delete it") from error


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise MaestroError(f"{file} is not UTF-8: {error}; save it as UTF-8") from error


def _sample(line: str, folder: Path, suite: str, where: str) -> Sample:
    from maestro_evaluation._registry import rules

    try:
        read = _Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "the line"
        raise MaestroError(f"{where}: {at}: {first['msg']}") from error
    if read.rule not in rules:
        raise MaestroError(f"{where}: there is no scoring rule {read.rule!r}; `maestro eval rules` lists them")
    return Sample(
        id=str(read.id),
        suite=suite,
        question=read.question,
        images=tuple(_image(image, folder, where) for image in read.images),
        answer=read.answer,
        family=read.family,
        rule=read.rule,
        meta=read.meta,
        split=read.split,
        group=read.group,
        free_answer=read.free_answer,
        scene=read.scene,
    )


def _image(reference: str, folder: Path, where: str) -> str:
    if reference.startswith(("https://", "http://")):
        return reference
    path = (folder / reference).resolve()
    if not path.is_file():
        raise MaestroError(f"{where}: there is no picture {reference!r} in {folder}")
    return str(path)

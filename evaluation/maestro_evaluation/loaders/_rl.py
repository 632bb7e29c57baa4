"""The parquet format of RL training: one row a question, pictures as bytes.

Columns: `data_source`, `prompt` (messages), `images` (structs with bytes), `ability`, `reward_model` (style and
ground_truth), `extra_info`. A file of ours keeps in `extra_info` whatever else a sample has, so it reads back whole; of
other files, what they hold is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from maestro_evaluation.loaders._directory import suites_directory
from maestro_evaluation.loaders._pictures import PictureError, Pictures
from maestro_evaluation.loaders._tables import parquet_metadata, read_rows, write_parquet
from maestro_evaluation.samples import DEFAULT_RULE, Gold, Sample, Split, Suite, SuiteInfo
from maestro_graph.errors import MaestroError

__all__ = ["RL_COLUMNS", "read_rl_parquet", "write_rl_parquet"]

RL_COLUMNS = frozenset({"data_source", "prompt", "reward_model"})
SUITE_KEY = "maestro_suite"
IMAGE = "<image>"
AT_ONCE = 8

EXTRA: dict[str, Any] = {
    "id": str,
    "index": int,
    "split": str,
    "rule": str,
    "meta": str,
    "answer": str,
    "group": str,
    "free_answer": bool,
    "scene": str,
}
COLUMNS = [
    ("data_source", str),
    ("prompt", [{"role": str, "content": str}]),
    ("images", [{"bytes": bytes, "path": str}]),
    ("ability", str),
    ("reward_model", {"style": str, "ground_truth": str}),
    ("extra_info", EXTRA),
]

RULES = {
    "chartqa": "chartqa.vlmevalkit",
    "geometry3k": "geometry3k.verl",
    "tallyqa": "tallyqa.vlmevalkit",
    "msearthmcq": "msearth_mcq.official",
    "slake": "slake.lmms",
    "ocrbench": "ocrbench.official",
}
"""Rules for rows of other people's files, by `data_source` without punctuation; every other one gets `short-answer`."""


def write_rl_parquet(suite: Suite, file: Path) -> None:
    """Write a suite as one parquet file, its pictures inside.

    Raises:
        MaestroError: a picture cannot be read, or the file cannot be written.
    """
    if not file.parent.is_dir():
        raise MaestroError(f"there is no folder {str(file.parent)!r} to write {file.name} into")
    partial = file.with_name(f"{file.name}.partial")
    try:
        write_parquet(partial, COLUMNS, _batches(suite), {SUITE_KEY: json.dumps(asdict(suite.info))})
        partial.replace(file)
    except OSError as error:
        raise MaestroError(f"{file} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def read_rl_parquet(file: Path, *, split: Split | None = None, limit: int | None = None) -> Suite:
    """Read a suite from a parquet file in the format of RL training.

    Raises:
        MaestroError: a row is not in that format; file, row and field are named.
    """
    pictures = Pictures(suites_directory() / "pictures", beside=file.parent)
    info = _info(file)
    found = (sample for sample in _samples(file, pictures) if split is None or sample.split == split)
    samples = list(islice(found, limit))
    pictures.close()
    if not samples:
        raise MaestroError(f"{file} holds no questions" + (f" of the split {split!r}" if split else ""))
    sources = {sample.suite for sample in samples}
    name = info.name or (sources.pop() if len(sources) == 1 else file.stem)
    if len(sources) > 1:  # ids of several sources may be the same
        samples = [replace(sample, id=f"{sample.suite}/{sample.id}") for sample in samples]
    _check_ids(samples, file)
    return Suite(replace(info, name=name), tuple(replace(sample, suite=name) for sample in samples))


def _check_ids(samples: list[Sample], file: Path) -> None:
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise MaestroError(f"{file}: the id {sample.id!r} is there twice; ids (extra_info.id) must differ")
        seen.add(sample.id)


def _batches(suite: Suite) -> Iterator[list[Mapping[str, Any]]]:
    rows: list[Mapping[str, Any]] = []
    for index, sample in enumerate(suite):
        rows.append(_row(sample, index))
        if len(rows) == AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _row(sample: Sample, index: int) -> Mapping[str, Any]:
    answer = sample.answer if isinstance(sample.answer, str) else json.dumps(sample.answer, ensure_ascii=False)
    return {
        "data_source": sample.suite,
        "prompt": [{"role": "user", "content": IMAGE * len(sample.images) + sample.question}],
        "images": [_picture(image, sample) for image in sample.images],
        "ability": sample.family,
        "reward_model": {"style": "rule", "ground_truth": answer},
        "extra_info": {
            "id": sample.id,
            "index": index,
            "split": sample.split,
            "rule": sample.rule,
            "group": sample.group,
            "meta": json.dumps(dict(sample.meta), ensure_ascii=False),
            "answer": json.dumps(sample.answer, ensure_ascii=False),
            "free_answer": sample.free_answer,
            "scene": json.dumps(dict(sample.scene), ensure_ascii=False),
        },
    }


def _picture(image: str, sample: Sample) -> Mapping[str, Any]:
    if image.startswith(("https://", "http://")):
        return {"bytes": None, "path": image}
    try:
        return {"bytes": Path(image).read_bytes(), "path": Path(image).name}
    except OSError as error:
        raise MaestroError(f"{sample.key}: the picture {image} cannot be read: {error}") from error


def _info(file: Path) -> SuiteInfo:
    written = parquet_metadata(file).get(SUITE_KEY)
    if written is None:
        return SuiteInfo(name="", source=str(file))
    try:
        data = json.loads(written)
        known = {item.name for item in fields(SuiteInfo)}
        return SuiteInfo(**{key: value for key, value in data.items() if key in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise MaestroError(f"{file}: what it says of its suite cannot be read: {error}") from error


def _samples(file: Path, pictures: Pictures) -> Iterator[Sample]:
    for number, row in enumerate(read_rows(file), start=1):
        yield _sample(row, number, f"{file}, row {number}", pictures)


def _sample(row: Mapping[str, Any], number: int, where: str, pictures: Pictures) -> Sample:
    source = str(row.get("data_source") or "")
    if not source:
        raise MaestroError(f"{where}, field 'data_source': it is missing or empty")
    extra = row.get("extra_info")
    extra = extra if isinstance(extra, Mapping) else {}
    try:
        images = pictures.of(row.get("images"))
    except PictureError as error:
        raise MaestroError(f"{where}, field 'images': {error}") from error
    answer, rule = _gold(row, extra, source, where)
    given = extra.get("split")
    return Sample(
        id=str(next((extra[key] for key in ("id", "index") if extra.get(key) is not None), number)),
        suite=source,
        question=_question(row.get("prompt"), len(images), where, ours=extra.get("rule") is not None),
        images=tuple(images),
        answer=answer,
        family=str(row.get("ability") or ""),
        rule=rule,
        meta=_written(extra.get("meta"), where),
        split=given if given in ("train", "validation", "test") else "train",
        group=extra.get("group"),
        free_answer=bool(extra.get("free_answer", True)),
        scene=_written(extra.get("scene"), where),
    )


def _question(prompt: Any, images: int, where: str, *, ours: bool) -> str:
    """The last user message without the marks of its pictures; earlier messages are instructions to a policy."""
    messages = prompt if isinstance(prompt, list) else []
    said = [item.get("content") for item in messages if isinstance(item, Mapping) and item.get("role") == "user"]
    text = said[-1] if said else None
    if isinstance(text, list):
        text = "\n".join(str(part.get("text") or "") for part in text if isinstance(part, Mapping))
    if not isinstance(text, str) or not text.replace(IMAGE, "").strip():
        raise MaestroError(f"{where}, field 'prompt': a list of messages with a user's is expected, not {prompt!r:.80}")
    text = text.replace(IMAGE, "", images)
    return text if ours else text.strip()


def _gold(row: Mapping[str, Any], extra: Mapping[str, Any], source: str, where: str) -> tuple[Gold, str]:
    from maestro_evaluation._registry import rules

    reward = row.get("reward_model")
    if not isinstance(reward, Mapping) or reward.get("ground_truth") is None:
        raise MaestroError(f"{where}, field 'reward_model.ground_truth': it is missing")
    rule = extra.get("rule")
    if rule is None:
        return reward["ground_truth"], RULES.get(re.sub(r"[^a-z0-9]", "", source.lower().split("/")[-1]), DEFAULT_RULE)
    if rule not in rules:
        raise MaestroError(
            f"{where}, field 'extra_info.rule': there is no rule {rule!r}; `maestro eval rules` lists them"
        )
    written = extra.get("answer")
    return (_json(written, where, "extra_info.answer") if isinstance(written, str) else reward["ground_truth"]), str(
        rule
    )


def _written(value: Any, where: str) -> Mapping[str, Any]:
    if isinstance(value, str) and value:
        value = _json(value, where, "extra_info")
    return value if isinstance(value, Mapping) else {}


def _json(text: str, where: str, field: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise MaestroError(f"{where}, field {field!r}: it is no JSON ({error}): {text[:60]!r}") from error

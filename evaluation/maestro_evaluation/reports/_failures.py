"""Wrong answers to look at: drawn evenly over suites and families, with their pictures and what the calls found."""

from __future__ import annotations

import base64
import io
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from maestro_evaluation.records import JudgeRecord, SampleRecord
from maestro_evaluation.reports._merge import Body
from maestro_evaluation.results import key_of
from maestro_evaluation.samples import Sample
from maestro_graph.errors import ImageError, TraceError
from maestro_graph.images import ImageStore
from maestro_graph.trace import CallTrace, read_trace

__all__ = ["FailedCall", "Failure", "Failures", "Picture", "failures_of", "is_wrong"]

MOST_PICTURES = 4
MAX_SIDE = 360
MAX_BYTES = 4_000_000
MAX_TEXT = 700
QUALITY = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A small copy as a data URL, or why there is none."""

    name: str
    url: str | None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """A call of the run; `text` is the evidence, from the trace where there is one."""

    name: str
    level2: str | None
    status: str
    answer: str | None
    confidence: float | None
    seconds: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A question that was answered wrongly, or not at all.

    Attributes:
        solved_by: other routers that were right.
        more_pictures: how many are not shown.
    """

    suite: str
    sample: str
    family: str
    question: str
    gold: str
    answer: str | None
    problem: str | None
    stop_reason: str | None
    confidence: float | None
    pictures: tuple[Picture, ...]
    more_pictures: int
    calls: tuple[FailedCall, ...]
    judges: tuple[JudgeRecord, ...]
    solved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """`shown` of `total`."""

    shown: tuple[Failure, ...]
    total: int


def is_wrong(record: SampleRecord) -> bool:
    """Whether a record scored under a half. What has no score is not wrong."""
    return record["score"] is not None and record["score"] < 0.5


def failures_of(body: Body, router: str, *, most: int, seed: int = 0) -> Failures:
    """Draw wrong answers of a router.

    Pictures are shown only where they are what was asked about: the record's fingerprint covers their content, so a
    changed file, or one that a stranger's records name, stays out.

    Args:
        most: how many at most; the pictures of all together stay under 4 MB.
    """
    wrong = [record for record in body.records[router] if is_wrong(record)]
    right: dict[str, list[str]] = defaultdict(list)
    for name, own in body.records.items():
        for record in own:
            if record["score"] is not None and not is_wrong(record) and name not in right[key_of(record)]:
                right[key_of(record)].append(name)
    album = _Album()
    shown = [
        _failure(record, body.folders[id(record)], album, right[key_of(record)])
        for record in _spread(wrong, most, seed)
    ]
    return Failures(shown=tuple(shown), total=len(wrong))


def _spread(records: Sequence[SampleRecord], most: int, seed: int) -> list[SampleRecord]:
    """At most so many, in turn from each suite and family; sorted by them."""
    piles: dict[tuple[str, str], list[SampleRecord]] = defaultdict(list)
    for record in records:
        piles[record["suite"], record["family"]].append(record)
    rng = random.Random(seed)  # noqa: S311 - which failures to show is no secret
    order = sorted(piles)
    for pile in order:
        rng.shuffle(piles[pile])
    taken: list[SampleRecord] = []
    while len(taken) < most and any(piles.values()):
        taken += [piles[pile].pop() for pile in order if piles[pile]][: most - len(taken)]
    return sorted(taken, key=lambda record: (record["suite"], record["family"], record["sample"]))


class _Album:
    """Small pictures, until there is no room left."""

    def __init__(self) -> None:
        self._store = ImageStore()
        self._room = MAX_BYTES
        self._made: dict[str, str] = {}

    def picture(self, reference: str) -> Picture:
        name = Path(reference).name if "://" not in reference else reference
        if reference.startswith(("http:", "https:")):
            return Picture(name=name, url=None, why_not="a web address; nothing is fetched for a report")
        if reference not in self._made:
            if self._room <= 0:
                return Picture(name=name, url=None, why_not="left out to keep the page small")
            try:
                self._made[reference] = self._small(reference)
            except ImageError as error:
                return Picture(name=name, url=None, why_not=str(error))
            self._room -= len(self._made[reference])
        return Picture(name=name, url=self._made[reference])

    def _small(self, reference: str) -> str:
        opened = self._store.open(reference)
        copy = opened.rgb().copy()
        opened.release()
        copy.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        copy.save(buffer, format="WEBP", quality=QUALITY)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _failure(record: SampleRecord, folder: Path, album: _Album, solved_by: Sequence[str]) -> Failure:
    return Failure(
        suite=record["suite"],
        sample=record["sample"],
        family=record["family"],
        question=_cut(record["question"]),
        gold=_gold(record),
        answer=None if record["answer"] is None else _cut(record["answer"]),
        problem=record["problem"],
        stop_reason=record["stop_reason"],
        confidence=record["confidence"],
        pictures=_pictures(record, album),
        more_pictures=max(0, len(record["images"]) - MOST_PICTURES),
        calls=_calls(record, folder),
        judges=tuple(record.get("judge", ())),
        solved_by=tuple(solved_by),
    )


def _gold(record: SampleRecord) -> str:
    gold = record.get("gold")
    return _cut(gold if isinstance(gold, str) else json.dumps(gold, ensure_ascii=False))


def _pictures(record: SampleRecord, album: _Album) -> tuple[Picture, ...]:
    images = record["images"][:MOST_PICTURES]
    if images and not _unchanged(record):
        return (Picture(name=Path(images[0]).name, url=None, why_not="gone, or not what was asked about any more"),)
    return tuple(album.picture(image) for image in images)


def _unchanged(record: SampleRecord) -> bool:
    sample = Sample(
        id=record["sample"],
        suite=record["suite"],
        question=record["question"],
        images=tuple(record["images"]),
        answer=record.get("gold"),
        family=record["family"],
        rule=record["rule"],
        meta=record.get("meta", {}),
    )
    return sample.fingerprint == record["fingerprint"]


def _calls(record: SampleRecord, folder: Path) -> tuple[FailedCall, ...]:
    traced = _traced(record, folder)
    calls = []
    for at, call in enumerate(record["calls"]):
        name = call["expert"] if call["skill"] is None else f"{call['expert']}@@{call['skill']}"
        found = traced[at] if at < len(traced) and traced[at].name == name else None
        calls.append(
            FailedCall(
                name=name,
                level2=call.get("level2"),
                status=call["status"],
                answer=None if call["answer"] is None else _cut(call["answer"]),
                confidence=call["confidence"],
                seconds=call["seconds"],
                text=_cut(found.text) if found is not None and found.text else "",
            )
        )
    return tuple(calls)


def _traced(record: Mapping[str, object] | SampleRecord, folder: Path) -> tuple[CallTrace, ...]:
    """The calls of the run's trace; none where it is gone or lies outside the run's folder."""
    named = record.get("trace")
    if not isinstance(named, str):
        return ()
    file = (folder / named).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        return ()
    try:
        runs = read_trace(file)
    except TraceError:
        return ()
    return runs[-1].calls if runs else ()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"

"""What a benchmark's loader is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from maestro_evaluation.loaders._row import Row
from maestro_evaluation.samples import Sample, Split

__all__ = ["Benchmark", "Convert"]

Convert = Callable[[Row], Iterator[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A benchmark as its authors publish it.

    Attributes:
        name: as suites are named.
        hub: dataset id on the hub.
        config: configuration on the hub, where there are several.
        splits: the hub's split for each of ours.
        files: patterns of files to fetch where the hub's rows do not hold the pictures; else rows are streamed.
        columns: sets of fields by which a table is known to be this benchmark's; none where other tables have them.
        stems: beginnings of names that its files have, without case and punctuation.
        convert: a row's samples; their suite is set later.
        notes: what a reader of results should know.
    """

    name: str
    title: str
    hub: str
    rule: str
    convert: Convert
    config: str | None = None
    splits: Mapping[Split, str] = field(default_factory=lambda: {"test": "test"})
    files: Sequence[str] = ()
    columns: Sequence[frozenset[str]] = ()
    stems: Sequence[str] = ()
    chance: float | None = None
    notes: str = ""

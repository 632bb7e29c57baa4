"""Rows of a benchmark to its samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._pictures import Pictures
from maestro_evaluation.loaders._row import Row
from maestro_evaluation.samples import Sample, Split
from maestro_graph.errors import MaestroError

__all__ = ["convert_rows"]


def convert_rows(
    benchmark: Benchmark, rows: Iterable[Mapping[str, Any]], *, source: str, split: Split, pictures: Pictures
) -> Iterator[Sample]:
    """The samples of a table, one row at a time.

    Raises:
        MaestroError: a field is missing or is not what it should be, or an id is there twice; file, row and field
            are named.
    """
    seen: dict[str, list[str]] = {}
    ids: set[str] = set()
    for number, fields in enumerate(rows, start=1):
        row = Row(fields, source, number, split, pictures, seen)
        for sample in benchmark.convert(row):
            if sample.id in ids:
                raise MaestroError(f"{source}, row {number}: the id {sample.id!r} is there twice; ids must differ")
            ids.add(sample.id)
            yield replace(sample, suite=benchmark.name)

"""A benchmark's own files: tables in a folder, or one table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._convert import convert_rows
from maestro_evaluation.loaders._directory import suites_directory
from maestro_evaluation.loaders._pictures import Pictures
from maestro_evaluation.loaders._tables import TABLES, columns_of, read_rows
from maestro_evaluation.loaders.benchmarks import benchmarks
from maestro_evaluation.samples import Sample, Split, Suite, SuiteInfo
from maestro_graph.errors import MaestroError

__all__ = ["read_benchmark_files", "recognise", "tables_in"]

SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testmini": "test",
}
DIGESTED = 1 << 30
"""Larger files are known by size and name only."""


def read_benchmark_files(
    benchmark: Benchmark, path: Path, *, split: Split | None = None, limit: int | None = None
) -> Suite:
    """Read a benchmark from a table, or from the tables of a folder.

    Raises:
        MaestroError: there is no table, or one is not what the benchmark's should be.
    """
    files = [path] if path.is_file() else tables_in(path, benchmark)
    if not files:
        raise MaestroError(f"{path} holds no table of {benchmark.title} ({', '.join(TABLES)})")
    samples = tuple(islice(_samples(benchmark, files, split), limit))
    if not samples:
        wanted = f" of the split {split!r}" if split else ""
        raise MaestroError(
            f"{path} holds no questions{wanted}; its tables are {', '.join(file.name for file in files)}"
        )
    info = SuiteInfo(
        name=benchmark.name,
        title=benchmark.title,
        source=f"files of {benchmark.hub}: {', '.join(file.name for file in files)}",
        chance=benchmark.chance,
        details={"rule": benchmark.rule, "notes": benchmark.notes, "files": {f.name: _digest(f) for f in files}},
    )
    return Suite(info, samples)


def tables_in(folder: Path, benchmark: Benchmark | None = None) -> list[Path]:
    """The tables of a folder and its `data` folder, of the first kind that is there.

    Where names of files tell benchmarks apart (HR-Bench 4K and 8K share a folder), only the benchmark's are taken.
    """
    found = [file for place in (folder, folder / "data") for file in sorted(place.glob("*")) if file.is_file()]
    named = [file for file in found if benchmark and _has_stem(file, benchmark)]
    others = [file for file in found if not any(_has_stem(file, one) for one in benchmarks.values())]
    for ending in TABLES:
        for part in (named, others if benchmark else found):
            if tables := [file for file in part if file.suffix.lower() == ending]:
                return tables
    return []


def recognise(file: Path) -> Benchmark:
    """Which benchmark a table is of: by its fields, then by its name.

    Raises:
        MaestroError: none, or several.
    """
    fields = columns_of(file)
    found = [one for one in benchmarks.values() if any(columns <= fields for columns in one.columns)]
    if len(found) != 1:
        found = [one for one in found or benchmarks.values() if _has_stem(file, one)]
    if len(found) != 1:
        raise MaestroError(
            f"{file}: the fields {', '.join(sorted(fields))} and the name do not say which benchmark it is; "
            f"write NAME={file.name} with one of: {', '.join(benchmarks)}"
        )
    return found[0]


def _samples(benchmark: Benchmark, files: Sequence[Path], split: Split | None) -> Iterator[Sample]:
    seen: dict[str, Path] = {}
    for file in files:
        part = _split_of(file)
        pictures = Pictures(suites_directory() / "pictures", beside=_beside(file))
        try:
            for sample in convert_rows(benchmark, read_rows(file), source=str(file), split=part, pictures=pictures):
                if split is None or sample.split == split:
                    yield _distinct(sample, file, seen, several=len(files) > 1)
        finally:
            pictures.close()


def _distinct(sample: Sample, file: Path, seen: dict[str, Path], *, several: bool) -> Sample:
    """The sample with an id that no other file's has: tables in parts may each count their rows from 1."""
    if several and seen.setdefault(sample.id, file) != file:
        return replace(sample, id=f"{file.stem}-{sample.id}")
    return sample


def _beside(file: Path) -> Path:
    return file.parent.parent if file.parent.name == "data" else file.parent


def _split_of(file: Path) -> Split:
    words = re.split(r"[^a-z]+", file.stem.lower())
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), "test")


def _has_stem(file: Path, benchmark: Benchmark) -> bool:
    name = re.sub(r"[^a-z0-9]+", "", file.stem.lower())
    return name.startswith(tuple(re.sub(r"[^a-z0-9]+", "", stem) for stem in benchmark.stems))


def _digest(file: Path) -> str:
    size = file.stat().st_size
    if size > DIGESTED:
        return f"{size} bytes"
    with file.open("rb") as data:
        return f"sha256:{hashlib.file_digest(data, 'sha256').hexdigest()}"

"""Benchmarks from the hub, streamed. The only module that imports `datasets` and `huggingface_hub`."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._convert import convert_rows
from maestro_evaluation.loaders._directory import brought_folder, suites_directory
from maestro_evaluation.loaders._local import read_benchmark_files
from maestro_evaluation.loaders._pictures import Pictures
from maestro_evaluation.loaders._revisions import pin, pinned, pinned_digest
from maestro_evaluation.samples import Split, Suite, SuiteInfo, read_folder, write_questions
from maestro_graph.errors import MaestroError, MissingExtraError

__all__ = ["read_from_hub"]


def read_from_hub(benchmark: Benchmark, *, split: Split, limit: int | None) -> Suite:
    """A split of a benchmark, from the cache or else from the hub.

    Raises:
        MaestroError: the hub cannot be reached (it says which files to bring where), does not have the data, or its
            data differ from what the same revision was before.
    """
    if split not in benchmark.splits:
        raise MaestroError(f"{benchmark.title} has no split {split!r}; it has: {', '.join(benchmark.splits)}")
    revision = pinned(benchmark)
    if revision is not None and (kept := _kept(benchmark, revision, split, limit)) is not None:
        return kept
    revision = _resolved(benchmark, revision)
    pin(benchmark, revision)
    if (kept := _kept(benchmark, revision, split, limit)) is not None:
        return kept
    return _fetched(benchmark, revision, split, limit)


def _kept(benchmark: Benchmark, revision: str, split: Split, limit: int | None) -> Suite | None:
    for folder in (_folder(benchmark, revision, split, None), _folder(benchmark, revision, split, limit)):
        if (folder / "suite.json").is_file():
            return read_folder(folder).only(limit=limit)
    return None


def _folder(benchmark: Benchmark, revision: str, split: Split, limit: int | None) -> Path:
    part = split if limit is None else f"{split}-first-{limit}"
    return suites_directory() / "hub" / benchmark.name / revision / part


def _fetched(benchmark: Benchmark, revision: str, split: Split, limit: int | None) -> Suite:
    folder = _folder(benchmark, revision, split, limit)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    read = _from_files if benchmark.files else _streamed
    suite = read(benchmark, revision, split, limit)
    info = SuiteInfo(
        name=benchmark.name,
        title=benchmark.title,
        source=f"{benchmark.hub}@{revision}, {benchmark.splits[split]}",
        chance=benchmark.chance,
        details={
            "hub": benchmark.hub,
            "revision": revision,
            "split": benchmark.splits[split],
            "rule": benchmark.rule,
            "samples": len(suite),
            "complete": limit is None,
            "notes": benchmark.notes,
        },
    )
    suite = replace(suite, info=info)
    write_questions(suite, partial)
    if limit is None:
        _check_unchanged(benchmark, revision, split, _digest(suite), partial)
    partial.replace(folder)
    return suite


def _check_unchanged(benchmark: Benchmark, revision: str, split: Split, digest: str, partial: Path) -> None:
    before = pinned_digest(benchmark, revision, split)
    if before is not None and before != digest:
        raise MaestroError(
            f"{benchmark.title}, {split}: revision {revision} gave other questions or pictures than at first "
            f"({digest[:12]} instead of {before[:12]}); what came is in {partial}. If the loader changed with a new "
            f"release, delete the entry {benchmark.name!r} in {suites_directory() / 'revisions.json'}"
        )
    pin(benchmark, revision, split=split, digest=digest)


def _digest(suite: Suite) -> str:
    """Of questions, answers and pictures; pictures' files are named after their content."""
    whole = hashlib.sha256()
    for sample in suite:
        whole.update(f"{sample.id}\n{sample.fingerprint}\n".encode())
    return whole.hexdigest()


def _streamed(benchmark: Benchmark, revision: str, split: Split, limit: int | None) -> Suite:
    pictures = Pictures(suites_directory() / "pictures")
    source = f"{benchmark.hub}@{revision[:12]}"
    rows = _rows(benchmark, revision, benchmark.splits[split])
    samples = tuple(islice(convert_rows(benchmark, rows, source=source, split=split, pictures=pictures), limit))
    return Suite(SuiteInfo(name=benchmark.name), samples)


def _from_files(benchmark: Benchmark, revision: str, split: Split, limit: int | None) -> Suite:
    hub = _modules().huggingface_hub
    with _Reached(benchmark):
        folder = hub.snapshot_download(
            benchmark.hub, repo_type="dataset", revision=revision, allow_patterns=list(benchmark.files)
        )
    return read_benchmark_files(benchmark, Path(folder), split=split, limit=limit)


def _rows(benchmark: Benchmark, revision: str, split: str) -> Iterator[Mapping[str, Any]]:
    datasets = _modules().datasets
    with _Reached(benchmark):
        rows = datasets.load_dataset(
            benchmark.hub, benchmark.config, split=split, revision=revision, streaming=True
        ).decode(False)
        yield from rows


def _resolved(benchmark: Benchmark, revision: str | None) -> str:
    """The commit of a revision, by default of the newest."""
    with _Reached(benchmark):
        found = _modules().huggingface_hub.HfApi().dataset_info(benchmark.hub, revision=revision)
    if not found.sha:
        raise MaestroError(f"the hub names no commit for {benchmark.hub}; fetch its files yourself: {_how(benchmark)}")
    return str(found.sha)


class _Reached:
    """Turns what goes wrong between here and the hub into an error that says which files to bring where."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and _is_of_the_hub(error):
            raise MaestroError(
                f"{self._benchmark.title} is not on this machine, and {self._benchmark.hub} cannot be had from the "
                f"hub ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}); "
                f"{_how(self._benchmark)}"
            ) from error


def _is_of_the_hub(error: BaseException) -> bool:
    # The two libraries raise errors of several HTTP clients; all of them are of these packages or OSErrors.
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, (OSError, ValueError)) or package in {
        "datasets",
        "huggingface_hub",
        "httpx",
        "httpx2",
        "requests",
    }


def _how(benchmark: Benchmark) -> str:
    what = " and ".join(benchmark.files) if benchmark.files else "the parquet or TSV files"
    part = f" of the split {benchmark.splits['test']!r}" if "test" in benchmark.splits else ""
    return (
        f"bring {what}{part} of the dataset {benchmark.hub} to {brought_folder(benchmark.name)}, or write "
        f"{benchmark.name}=PATH for a file or folder elsewhere"
    )


class _Modules:
    def __init__(self) -> None:
        try:
            import datasets
            import huggingface_hub
        except ImportError as error:
            raise MissingExtraError("benchmarks from the hub", "eval", "datasets") from error
        self.datasets: Any = datasets
        self.huggingface_hub: Any = huggingface_hub


def _modules() -> _Modules:
    return _Modules()

"""The one door wherever a suite is named."""

from __future__ import annotations

import re
from pathlib import Path

from maestro_evaluation.loaders._directory import brought_folder, suites_directory
from maestro_evaluation.loaders._hub import read_from_hub
from maestro_evaluation.loaders._local import read_benchmark_files, recognise, tables_in
from maestro_evaluation.loaders._rl import RL_COLUMNS, read_rl_parquet
from maestro_evaluation.loaders._tables import TABLES, columns_of
from maestro_evaluation.loaders.benchmarks import benchmarks
from maestro_evaluation.samples import Split, Suite, read_folder
from maestro_graph.errors import MaestroError

__all__ = ["open_suite", "suite_names"]

SYNTHETIC = re.compile(r"(synthetic-[a-z0-9-]+)(?::([0-9]{1,6}))?(?:@([0-9]{1,9}))?")
SYNTHETIC_SIZE = 100
QUESTIONS = "questions.jsonl"


def suite_names() -> tuple[str, ...]:
    """Names that need no file: real benchmarks, then synthetic suites."""
    from maestro_evaluation.synthetic import generators

    return (*benchmarks, *generators())


def open_suite(name_or_path: str | Path, *, split: Split | None = None, limit: int | None = None) -> Suite:
    """A suite by name or by where it is.

    Args:
        name_or_path: a benchmark's name (`chartqa`: from its files in the suites' folder, else from the hub); a
            synthetic suite's, with size and seed if wanted (`synthetic-charts:500@7`); a folder with
            `questions.jsonl`; a folder with a benchmark's tables; a `.parquet` in the format of RL training or of a
            benchmark; a `.tsv` as VLMEvalKit has them; `NAME=PATH` where a table does not say which benchmark it is.
        split: only this part. Of a benchmark from the hub and of a synthetic suite, by default the test split.
        limit: only the first so many.

    Raises:
        MaestroError: there is no such suite (the names that there are, or the files to bring, are listed), or its
            data are not what they should be (file, row and field are named).
    """
    text = str(name_or_path)
    if limit is not None and limit < 1:
        raise MaestroError(f"a suite of {limit} questions is none; give a limit of at least 1")
    name, given, place = text.partition("=")
    if given and name in benchmarks:
        return read_benchmark_files(
            benchmarks[name], _existing(Path(place).expanduser(), text), split=split, limit=limit
        )
    if isinstance(name_or_path, str) and text in benchmarks:
        brought = brought_folder(text)
        if brought.is_dir() and any(brought.iterdir()):
            return read_benchmark_files(benchmarks[text], brought, split=split, limit=limit)
        return read_from_hub(benchmarks[text], split=split or "test", limit=limit)
    if isinstance(name_or_path, str) and (found := SYNTHETIC.fullmatch(text)):
        return _synthetic(found[1], int(found[2] or SYNTHETIC_SIZE), int(found[3] or 0), split or "test").only(
            limit=limit
        )
    return _at(_existing(Path(text).expanduser(), text), split=split, limit=limit)


def _existing(path: Path, said: str) -> Path:
    if not path.exists():
        raise MaestroError(
            f"there is no suite, file or folder {said!r}; a suite is one of {', '.join(suite_names())}, a folder with "
            f"{QUESTIONS}, or a table ({', '.join(TABLES)})"
        )
    return path


def _at(path: Path, *, split: Split | None, limit: int | None) -> Suite:
    if path.is_dir():
        if (path / QUESTIONS).is_file():
            return read_folder(path).only(split=split, limit=limit)
        tables = tables_in(path)
        if not tables:
            raise MaestroError(f"{path} holds neither {QUESTIONS} nor a table ({', '.join(TABLES)})")
        return read_benchmark_files(benchmarks.get(path.name) or recognise(tables[0]), path, split=split, limit=limit)
    if path.name == QUESTIONS:
        return read_folder(path.parent).only(split=split, limit=limit)
    if path.suffix.lower() == ".parquet" and columns_of(path) >= RL_COLUMNS:
        return read_rl_parquet(path, split=split, limit=limit)
    return read_benchmark_files(recognise(path), path, split=split, limit=limit)


def _synthetic(name: str, size: int, seed: int, split: Split) -> Suite:
    from maestro_evaluation.synthetic import find_generator, generate

    version = find_generator(name).version
    folder = suites_directory() / "synthetic" / f"{name}-v{version}-{split}-{size}-seed{seed}"
    return generate(name, sizes={split: size}, seed=seed, folder=folder)

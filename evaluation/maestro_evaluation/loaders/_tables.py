"""Rows of parquet, TSV and JSON files, one at a time. The only module that imports pyarrow."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import MaestroError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow.parquet

__all__ = ["TABLES", "columns_of", "parquet_metadata", "read_rows", "write_parquet"]

TABLES = (".parquet", ".tsv", ".jsonl", ".json")
"""Endings of tables, the preferred first."""

BATCH = 16
"""Rows at a time: a row of HR-Bench 8K has some 6 MB of text."""

Fields = Mapping[str, Any]


def read_rows(file: Path) -> Iterator[Fields]:
    """The rows of a table.

    Raises:
        MaestroError: the file cannot be read; it is named.
    """
    try:
        yield from {".parquet": _parquet, ".tsv": _tsv, ".jsonl": _jsonl, ".json": _json}[file.suffix.lower()](file)
    except KeyError:
        raise MaestroError(f"{file} is no table; its name must end in {', '.join(TABLES)}") from None
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise MaestroError(f"{file} cannot be read: {error}") from error


def columns_of(file: Path) -> frozenset[str]:
    """Names of the fields (of the first row)."""
    return frozenset(chain.from_iterable(row for row, _ in zip(read_rows(file), range(1), strict=False)))


def _parquet(file: Path) -> Iterator[Fields]:
    with _opened(file) as table:
        for batch in table.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


def parquet_metadata(file: Path) -> dict[str, str]:
    """Key and value texts in a parquet file's schema."""
    with _opened(file) as table:
        held = table.schema_arrow.metadata or {}
        return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in held.items()}


@contextmanager
def _opened(file: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    parquet = _pyarrow().parquet
    try:
        with parquet.ParquetFile(file) as table:
            yield table
    except (_pyarrow().ArrowException, OSError) as error:
        raise MaestroError(f"{file} cannot be read as parquet: {error}; fetch or write it again") from error


def write_parquet(
    file: Path, columns: Sequence[tuple[str, Any]], batches: Iterator[list[Fields]], metadata: Mapping[str, str]
) -> None:
    """Write rows.

    Args:
        columns: name and type: `str`, `bytes`, `int`, `bool`, `[type]` for a list, a dictionary for a struct.
        batches: rows, some at a time.
    """
    arrow = _pyarrow()
    schema = arrow.schema([(name, _arrow_type(kind)) for name, kind in columns], metadata=dict(metadata))
    with arrow.parquet.ParquetWriter(file, schema) as writer:
        for rows in batches:
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))


def _arrow_type(kind: Any) -> Any:
    arrow = _pyarrow()
    if isinstance(kind, list):
        return arrow.list_(_arrow_type(kind[0]))
    if isinstance(kind, dict):
        return arrow.struct([(name, _arrow_type(inner)) for name, inner in kind.items()])
    return {str: arrow.string, bytes: arrow.binary, int: arrow.int64, bool: arrow.bool_}[kind]()


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading and writing parquet files", "eval", "pyarrow") from error
    return pyarrow


def _tsv(file: Path) -> Iterator[Fields]:
    csv.field_size_limit(sys.maxsize)  # a picture is one field
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t", strict=True)
        for number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                raise MaestroError(
                    f"{file}, row {number}: it has not as many fields as the header ({len(reader.fieldnames or ())}); "
                    "the file is cut off or its quotes are broken"
                )
            yield row


def _jsonl(file: Path) -> Iterator[Fields]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _object(json.loads(line), f"{file}, line {number}")


def _json(file: Path) -> Iterator[Fields]:
    data = json.loads(file.read_text(encoding="utf-8-sig"))
    if not isinstance(data, list):
        raise MaestroError(f"{file} holds no list of questions but {type(data).__name__}")
    for number, item in enumerate(data, start=1):
        yield _object(item, f"{file}, item {number}")


def _object(value: Any, where: str) -> Fields:
    if not isinstance(value, dict):
        raise MaestroError(f"{where}: an object is expected, not {type(value).__name__}")
    return value

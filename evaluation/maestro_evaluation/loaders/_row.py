"""One row of a benchmark's table, read field by field with errors that say where."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maestro_evaluation.loaders._pictures import PictureError, Pictures
from maestro_evaluation.samples import Split
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json

__all__ = ["LETTERS", "Row"]

LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Row:
    """Fields by name, and where they come from.

    Attributes:
        file, number: of the row, counted from 1.
        split: of the file that it was in.
        seen: pictures of earlier rows by `index` (VLMEvalKit writes the index where a picture is repeated).
    """

    fields: Mapping[str, Any]
    file: str
    number: int
    split: Split
    pictures: Pictures
    seen: dict[str, list[str]]

    def wrong(self, field: str, what: str) -> MaestroError:
        """The error to raise about a field."""
        return MaestroError(f"{self.file}, row {self.number}, field {field!r}: {what}")

    def has(self, field: str) -> bool:
        value = self.fields.get(field)
        return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))

    def raw(self, *names: str) -> Any:
        """The first of these fields that is there."""
        for name in names:
            if self.has(name):
                return self.fields[name]
        there = ", ".join(sorted(self.fields)) or "none"
        raise self.wrong(names[0], f"it is missing or empty; the fields are {there}")

    def text(self, *names: str) -> str:
        """A field as text; numbers as they are written."""
        value = self.raw(*names)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.wrong(names[0], f"a text is expected, not {type(value).__name__}")
        return str(value)

    def whole(self, *names: str) -> int:
        """A field as a whole number."""
        text = self.text(*names)
        try:
            number = float(text)
            if number == int(number):
                return int(number)
        except (ValueError, OverflowError):
            pass
        raise self.wrong(names[0], f"a whole number is expected, not {text!r}")

    def listed(self, *names: str) -> list[str]:
        """A field that is a list, or a list written as JSON or as Python writes it."""
        value = self.raw(*names)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                try:
                    value = ast.literal_eval(value)
                except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
                    raise self.wrong(names[0], f"a list is expected, not {value[:60]!r}") from error
        if not isinstance(value, (list, tuple)):
            raise self.wrong(names[0], f"a list is expected, not {type(value).__name__}")
        return [item if isinstance(item, str) else json.dumps(item) for item in value]

    def options(self) -> dict[str, str]:
        """Options in columns A, B, C …, as VLMEvalKit has them; empty where there are none."""
        return {letter: self.text(letter) for letter in LETTERS if self.has(letter)}

    def images(self, *names: str) -> tuple[str, ...]:
        """Paths of the row's pictures, from the first of these fields that is there.

        Raises:
            MaestroError: there are none, or one is no picture.
        """
        field = next((name for name in names if self.has(name)), names[0])
        value = self.raw(*names)
        if isinstance(value, str) and value.strip() in self.seen:
            return tuple(self.seen[value.strip()])
        try:
            found = self.pictures.of(value)
        except PictureError as error:
            raise self.wrong(field, str(error)) from error
        if not found:
            raise self.wrong(field, "it holds no picture")
        if self.has("index"):
            self.seen[str(self.fields["index"])] = found
        return tuple(found)

    def kept(self, *names: str) -> dict[str, Json]:
        """Fields that reports group by, as JSON; absent ones are left out."""
        return {name: _json(self.fields[name]) for name in names if self.has(name)}


def _json(value: Any) -> Json:
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)

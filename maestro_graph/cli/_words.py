"""Text from outside on a terminal: nothing in it may act on the terminal or look like our own lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from maestro_graph._printable import printable
from maestro_graph.evidence import Json

__all__ = ["json_text", "one_line", "printable", "shortened"]

_NOT_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = re.compile(r"\s*\n\s*")


def one_line(text: str) -> str:
    """`text` for one line: line ends become `; `, or a space behind a colon."""
    joined = _BREAKS.sub("; ", text.strip()).replace(":; ", ": ")
    return printable(joined.replace("\t", " "))


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters; what does not fit is cut at the end."""
    line = " ".join(printable(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def json_text(value: Mapping[str, Json], *, indent: int | None = None) -> str:
    """`value` as JSON: readable, free of what acts on a terminal, and encodable."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

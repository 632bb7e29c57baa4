"""Text from outside on a terminal: nothing in it may act on the terminal or look like our own lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from maestro_graph.evidence import Json

__all__ = ["json_text", "one_line", "printable", "shortened"]

# Control characters (C0 but tab and line feed, DEL, C1), line and paragraph separators, bidirectional controls, lone
# surrogates.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = re.compile(r"\s*\n\s*")


def printable(text: str) -> str:
    """`text` with everything that acts on a terminal written as an escape; tabs and line ends stay."""
    return _ACTING.sub(_escape, text)


def one_line(text: str) -> str:
    """`text` for one line: line ends become `; `, or a space behind a colon."""
    joined = _BREAKS.sub(lambda found: "; ", text.strip()).replace(":; ", ": ")
    return printable(joined.replace("\t", " "))


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters; what does not fit is cut at the end."""
    line = " ".join(printable(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def json_text(value: Mapping[str, Json]) -> str:
    """`value` as JSON in one line: readable, free of what acts on a terminal, and encodable."""
    text = json.dumps(value, ensure_ascii=False)
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

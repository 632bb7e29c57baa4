"""Text from outside, made harmless for terminals and pages."""

from __future__ import annotations

import re

__all__ = ["printable"]

# Control characters (C0 but tab and line feed, DEL, C1), line and paragraph separators, bidirectional controls, lone
# surrogates.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` with everything that acts on a terminal or turns text around written as an escape.

    Tabs and line ends stay.
    """
    return _ACTING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

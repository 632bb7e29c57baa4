"""Costs that neither the size of a file nor its header shows: files made to keep a decoder busy."""

from __future__ import annotations

import re

from maestro_graph.errors import ImageError

__all__ = ["check_structure"]

MAX_CHUNKS = 10_000
MAX_SCANS = 200
MAX_PLAIN_BYTES = 4 << 20
SCAN, END = 0xDA, 0xD9
BARE_MARKERS = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # what ends a scan; stuffed bytes and restarts lie within


def check_structure(kind: str, data: bytes, ref: str) -> None:
    """Refuse what decodes far too slowly for its size.

    Raises:
        ImageError: a PNG of very many chunks, a JPEG of very many scans, a large PPM written as text.
    """
    if kind == "PNG" and _chunks(data) > MAX_CHUNKS:
        raise ImageError(ref, f"it has more than {MAX_CHUNKS:,} PNG chunks", "save it again without its texts")
    if kind == "JPEG" and _scans(data) > MAX_SCANS:
        raise ImageError(ref, f"it has more than {MAX_SCANS} JPEG scans", "save it again as a baseline JPEG")
    if kind == "PPM" and data[1:2] in b"123" and len(data) > MAX_PLAIN_BYTES:
        raise ImageError(ref, "it is a large PPM written as text", "save it as PNG or as a binary PPM")


def _chunks(data: bytes) -> int:
    """Chunks of a PNG, counted to just above the limit."""
    count, place = 0, 8
    while place + 8 <= len(data) and count <= MAX_CHUNKS:
        place += 12 + int.from_bytes(data[place : place + 4], "big")
        count += 1
    return count


def _scans(data: bytes) -> int:
    """Scans of a JPEG's first picture, counted to just above the limit."""
    count, place = 0, 2
    while place + 4 <= len(data) and count <= MAX_SCANS:
        if data[place] != 0xFF:
            place = data.find(b"\xff", place)  # decoders, too, go on at the next marker
            if place < 0:
                break
            continue
        marker = data[place + 1]
        if marker == END:
            break
        if marker == 0xFF or marker in BARE_MARKERS:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == SCAN:
            count += 1
            found = MARKER.search(data, place)
            place = found.start() if found else len(data)
    return count

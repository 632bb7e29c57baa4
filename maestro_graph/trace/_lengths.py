"""Records without texts: lengths instead of what was said."""

from __future__ import annotations

import json
import re

from maestro_graph.evidence import Json

__all__ = ["without_texts"]

# The strings that stay: names of the action space, statuses, hashes. Whatever is not named here goes, so that a new
# field is private until somebody thinks about it.
KEPT = frozenset({"kind", "expert", "skill", "status", "stop_reason", "registry", "router", "sha256", "what"})
KEPT_OF_PICTURES = KEPT | {"ref", "path"}  # whether these are there at all is what `TraceSettings.pictures` says
KEPT_LISTS = frozenset({"experts", "skills", "notes"})
_HASH = re.compile(r"[0-9a-f]{64}")
FREE = frozenset({"info", "details", "tokens", "evidence"})
"""Fields of any form: all of it may be text, its keys too."""


def without_texts(fields: dict[str, Json], names: frozenset[str] = KEPT) -> dict[str, Json]:
    """`fields` with `null` for every text and, in `lengths`, how long it was.

    `names` are the fields whose texts stay. Of free structures (`details`, `info`, token ids) the length is that of
    their JSON.
    """
    kept: dict[str, Json] = {}
    lengths: dict[str, Json] = {}
    for name, value in fields.items():
        if name in names or name in KEPT_LISTS:
            kept[name] = value
        elif isinstance(value, str):
            if _HASH.fullmatch(value):
                kept[name] = value
            else:
                kept[name], lengths[name] = None, len(value)
        elif name in FREE and value:
            kept[name], lengths[name] = None, len(json.dumps(value, ensure_ascii=False))
        elif isinstance(value, dict):
            kept[name] = without_texts(value)
        elif isinstance(value, list):
            kept[name] = _list(value, KEPT_OF_PICTURES if name == "images" else KEPT)
        else:
            kept[name] = value
    if lengths:
        kept["lengths"] = lengths
    return kept


def _list(values: list[Json], names: frozenset[str]) -> Json:
    """A list of records or numbers; strings in it become lengths, except hashes."""
    out: list[Json] = []
    for value in values:
        if isinstance(value, dict):
            out.append(without_texts(value, names))
        elif isinstance(value, str) and not _HASH.fullmatch(value):
            out.append({"length": len(value)})
        elif isinstance(value, list):
            out.append(_list(value, names))
        else:
            out.append(value)
    return out

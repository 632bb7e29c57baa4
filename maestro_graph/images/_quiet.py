"""Keep Pillow's remarks on sloppy metadata out of the host's warnings.

Cameras write EXIF data that Pillow warns about, and a host that turns warnings into errors would lose such
pictures. `warnings.catch_warnings` puts back a copy of all filters and so disturbs other threads; here one filter
of our own goes in with the first thread that enters and out with the last that leaves.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["quiet_pillow"]

FILTER = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

_lock = threading.Lock()
_inside = 0


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """No warnings from Pillow's modules while this is entered, in any thread."""
    global _inside
    with _lock:
        _inside += 1
        if FILTER not in warnings.filters:
            _list().insert(0, FILTER)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                with suppress(ValueError):  # another thread's catch_warnings has taken it out already
                    _list().remove(FILTER)


def _list() -> list[object]:
    filters = warnings.filters
    if not isinstance(filters, list):  # the type stubs allow any sequence
        raise TypeError("warnings.filters is no list")
    return filters

"""A least-recently-used cache bounded by bytes, safe between threads, that computes each value once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["ByteCache", "KeyLocks"]

V = TypeVar("V")


class KeyLocks:
    """A fixed number of locks over all keys: equal keys share one, so work on a key is done once."""

    def __init__(self, count: int = 32) -> None:
        self._locks = tuple(threading.Lock() for _ in range(count))

    def of(self, key: Hashable) -> threading.Lock:
        return self._locks[hash(key) % len(self._locks)]


class ByteCache(Generic[V]):
    """Values by key, at most `max_bytes` in all; the newest value stays even where it alone is larger.

    `get` computes a missing value once, however many threads ask for it. `make` must not call `get` again.
    """

    def __init__(self, max_bytes: int, weigh: Callable[[V], int]) -> None:
        self._max_bytes, self._weigh = max_bytes, weigh
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making = KeyLocks()

    @property
    def total_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of `key`, made by `make()` where it is missing."""
        with self._making.of(key):
            found = self._find(key)
            if found is not None:
                return found[0]
            value = make()
            self.put(key, value)
            return value

    def put(self, key: Hashable, value: V) -> None:
        """Keep `value`, dropping the least recently used others until all fit."""
        size = self._weigh(value)
        with self._lock:
            self._forget(key)
            self._values[key] = (value, size)
            self._bytes += size
            while self._bytes > self._max_bytes and len(self._values) > 1:
                self._forget(next(iter(self._values)))

    def drop(self, key: Hashable) -> None:
        """Forget `key`, if it is there."""
        with self._lock:
            self._forget(key)

    def _find(self, key: Hashable) -> tuple[V, int] | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def _forget(self, key: Hashable) -> None:
        entry = self._values.pop(key, None)
        if entry is not None:
            self._bytes -= entry[1]

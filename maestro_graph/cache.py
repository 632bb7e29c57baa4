"""Replies by request: concurrent equal calls become one, and equal later calls none.

Frozen experts at temperature 0 and perceivers give the same reply to the same request, so a group of runs on one
picture pays for each distinct request once: within a process by single flight and a memory of recent replies, and
over processes through a directory on disk.

The only module that imports `diskcache`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import json
import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import CallFailure, MaestroError
from maestro_graph.evidence import Json

if TYPE_CHECKING:
    import diskcache

__all__ = ["CACHE_VARIABLE", "CallCache", "release", "request_key"]

CACHE_VARIABLE = "MAESTRO_CACHE_DIR"
"""Environment variable that names the directory of the call cache; it wins over registry files."""

Reply = dict[str, Json]

POLL_S = 0.02

_log = logging.getLogger(__name__)


@cache
def release() -> str:
    """The installed release, a part of keys: replies depend on packaged prompts and on in-process experts."""
    return version("maestro-graph")


def request_key(parts: Mapping[str, Json]) -> str:
    """The key of a request: a digest of everything that its reply depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class CallCache:
    """A cache with single flight.

    Args:
        directory: where replies are kept across processes; `None` keeps them in this process only.
        max_bytes: size limit on disk; the least recently used replies go first.
        max_entries: how many replies are remembered in memory.
        lease_s: how long others wait for a process that computes a reply and gives no sign of life any more (it was
            killed) before one of them takes over; while it works, it renews its lease.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        max_bytes: int = 1 << 30,
        max_entries: int = 4096,
        lease_s: float = 10.0,
    ) -> None:
        self.directory = Path(directory).expanduser() if directory is not None else None
        self._max_bytes, self._max_entries, self._lease_s = max_bytes, max_entries, lease_s
        self._memory: OrderedDict[str, Reply] = OrderedDict()
        self._flying: dict[str, concurrent.futures.Future[Reply | None]] = {}
        self._lock = threading.Lock()
        self._disk: diskcache.Cache | None = None
        self._thread = ThreadPoolExecutor(1)  # starts a thread with its first work only

    async def get(self, key: str, compute: Callable[[], Awaitable[Reply]], *, group: str = "") -> tuple[Reply, bool]:
        """The reply of `key`, computed by `compute` if nobody has it.

        A failure (`CallFailure`) is told to everybody who waits for it and is not kept. Whoever waits for a call that
        was cancelled, or that another run's deadline ended, makes it himself.

        Args:
            group: what `forget` takes (an expert's name).

        Returns:
            The reply, and whether it was there already or came from somebody else's call.
        """
        while True:
            with self._lock:
                if key in self._memory:
                    self._memory.move_to_end(key)
                    return self._memory[key], True
                other = self._flying.get(key)
                if other is None:
                    mine: concurrent.futures.Future[Reply | None] = concurrent.futures.Future()
                    self._flying[key] = mine
            if other is None:
                return await self._lead(key, compute, mine, group)
            try:
                reply = await asyncio.shield(asyncio.wrap_future(other))
            except CallFailure as failure:
                if failure.kind == "timeout":  # by the deadline of another run; this one may have time left
                    continue
                raise
            if reply is not None:
                return reply, True

    async def _lead(
        self,
        key: str,
        compute: Callable[[], Awaitable[Reply]],
        mine: concurrent.futures.Future[Reply | None],
        group: str,
    ) -> tuple[Reply, bool]:
        """Make the call that others wait for."""
        try:
            reply, found = await self._from_disk_or(key, compute, group)
        except CallFailure as failure:
            self._land(key, mine)
            mine.set_exception(failure)
            mine.exception()  # retrieved, also if nobody waits
            raise
        except BaseException:
            self._land(key, mine)
            mine.set_result(None)
            raise
        with self._lock:
            self._memory[key] = reply
            while len(self._memory) > self._max_entries:
                self._memory.popitem(last=False)
        self._land(key, mine)
        mine.set_result(reply)
        return reply, found

    def _land(self, key: str, mine: concurrent.futures.Future[Reply | None]) -> None:
        with self._lock:
            if self._flying.get(key) is mine:
                del self._flying[key]

    async def _from_disk_or(self, key: str, compute: Callable[[], Awaitable[Reply]], group: str) -> tuple[Reply, bool]:
        disk = self._open()
        if disk is None:
            return await compute(), False
        lease = f"lease:{key}"
        while True:
            kept: Any = await self._on_disk(lambda: disk.get(key))
            if kept is not None:
                return dict(json.loads(kept)), True
            # `add` is atomic over processes: one of them computes, the others look again until it has.
            if await self._on_disk(lambda: disk.add(lease, time.time(), self._lease_s)) is not False:
                break
            await asyncio.sleep(POLL_S)
        renewing = asyncio.create_task(self._renew(disk, lease))
        try:
            reply = await compute()
            text = json.dumps(reply, ensure_ascii=True)
            await self._on_disk(lambda: disk.set(key, text, tag=group))
        finally:
            renewing.cancel()
            with suppress(RuntimeError):  # the cache was closed meanwhile: leases end by themselves
                self._thread.submit(disk.delete, lease)
        return reply, False

    async def _renew(self, disk: diskcache.Cache, lease: str) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 4)
            await self._on_disk(lambda: disk.touch(lease, self._lease_s))

    def _open(self) -> diskcache.Cache | None:
        if self.directory is None:
            return None
        with self._lock:
            if self._disk is None:
                import diskcache

                # SQLite's connections belong to the thread that opened them: one thread opens, uses and closes.
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="maestro-cache")
                opening = self._thread.submit(
                    diskcache.Cache,
                    str(self.directory),
                    size_limit=self._max_bytes,
                    eviction_policy="least-recently-used",
                )
                try:
                    self._disk = opening.result()
                except OSError as error:
                    raise MaestroError(
                        f"the call cache {str(self.directory)!r} cannot be opened: {error}; choose another directory"
                    ) from error
                self._thread.submit(self._disk.create_tag_index).result()
            return self._disk

    async def _on_disk(self, work: Callable[[], Any]) -> Any:
        """What `work` returns, or `None` where the disk fails (full, gone, closed): the call is made then, unshared."""
        try:
            submitted = self._thread.submit(work)
        except RuntimeError:  # closed meanwhile
            return None
        try:
            return await asyncio.wrap_future(submitted)
        except _disk_errors() as error:
            _log.warning("the call cache on disk cannot be used: %s", error)
            return None

    def forget(self, group: str) -> int:
        """Drop the replies of a group (an expert); returns how many were on disk."""
        with self._lock:
            self._memory.clear()
        disk = self._open()
        return int(self._thread.submit(disk.evict, group).result()) if disk is not None else 0

    def purge(self) -> int:
        """Drop everything; returns how many replies were on disk."""
        with self._lock:
            self._memory.clear()
        disk = self._open()
        return int(self._thread.submit(disk.clear).result()) if disk is not None else 0

    def size(self) -> int:
        """Bytes on disk."""
        disk = self._open()
        return int(self._thread.submit(disk.volume).result()) if disk is not None else 0

    def close(self) -> None:
        """Close the files on disk; the next call opens them again."""
        with self._lock:
            if self._disk is not None:
                self._thread.submit(self._disk.close).result()
                self._thread.shutdown()
                self._disk = None


def _disk_errors() -> tuple[type[Exception], ...]:
    import diskcache

    return (OSError, sqlite3.Error, diskcache.Timeout)

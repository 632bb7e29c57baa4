"""Many turns asked for at once, from any thread and event loop, sampled together."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

from maestro_graph.routers.policy._seam import Sample, SampleRequest

__all__ = ["LINGER_S", "Batcher", "Pending"]

LINGER_S = 0.005
IDLE_S = 5.0
"""A worker thread that has had nothing to do for so long ends."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A turn that somebody waits for."""

    request: SampleRequest
    future: Future[Sample] = field(default_factory=Future)

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits: a run whose deadline passed does not."""
        return not self.future.done()

    def give(self, sample: Sample) -> None:
        """Hand the sample over, as soon as it is complete."""
        try:
            self.future.set_result(sample)
        except InvalidStateError:  # cancelled a moment ago
            return

    def fail(self, error: BaseException) -> None:
        """Hand an error over."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            return


class Batcher:
    """Collects requests and has them worked off in batches by one thread.

    Args:
        work: given the turns of a batch, calls `give` (or `fail`) on each; it may skip those no longer `wanted`.
        max_batch: turns in one batch.
        linger_s: how long a batch waits for company after the last one that joined it.
    """

    def __init__(
        self, work: Callable[[Sequence[Pending]], None], *, max_batch: int = 64, linger_s: float = LINGER_S
    ) -> None:
        self._work, self._max_batch, self._linger_s = work, max_batch, linger_s
        self._queue: queue.SimpleQueue[Pending] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    async def submit(self, request: SampleRequest) -> Sample:
        """Sample a turn with whatever else is asked for just now. Cancelling gives the turn up."""
        pending = Pending(request)
        with self._lock:
            self._queue.put(pending)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="maestro-policy", daemon=True)
                self._thread.start()
        return await asyncio.wrap_future(pending.future)

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                return
            try:
                self._work(batch)
            except BaseException as error:  # noqa: BLE001 - it reaches everybody who waits for this batch
                for item in batch:
                    item.fail(error)
            for item in batch:
                item.fail(RuntimeError("the batch ended without a sample for this turn"))  # no-op where there is one

    def _next_batch(self) -> list[Pending] | None:
        """Those that wait, and those that come within a moment; `None` after a time with nobody."""
        try:
            batch = [self._queue.get(timeout=IDLE_S)]
        except queue.Empty:
            with self._lock:
                if self._queue.empty():
                    self._thread = None
                    return None
            return []
        last = time.monotonic()
        while len(batch) < self._max_batch:
            try:
                batch.append(self._queue.get(timeout=max(0.0, last + self._linger_s - time.monotonic())))
            except queue.Empty:
                break
            last = time.monotonic()
        return [item for item in batch if item.wanted]

"""A warmed process for work that may never end: it forks a child for each call, and the child is killed in time.

The process imports the heavy libraries once. A call costs a fork, several calls run side by side, none waits for
another's time limit, and no call sees what another one left behind.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from maestro_graph.errors import MaestroError, MissingExtraError

__all__ = ["Worker"]

START_SECONDS = 120.0
GRACE_SECONDS = 2.0
CHUNK = 1 << 16
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""A process that forks must have no other threads."""
SERVER = "maestro_evaluation._worker_server"
BEGUN = b"b"
"""What a child says before its result."""


class Worker:
    """Calls functions of a module in a process of its own.

    Started at the first call, started anew when it has died, ended with this process. Safe to use from several threads
    and, after a fork, from the child (which starts its own).

    Args:
        module: has `TASKS`, functions by name whose arguments and results are JSON, and `warm()`.
        feature: what needs it, for the message about a missing installation.
        needs: modules that the extra `eval` brings.
    """

    def __init__(self, module: str, *, feature: str, needs: tuple[str, ...] = ()) -> None:
        self._module, self._feature, self._needs = module, feature, needs
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._inherited: list[Any] = []
        self._minds_forks = False

    def call(self, task: str, *arguments: str, seconds: float) -> Any:
        """The result of the function, or `None` if it raised, was killed after `seconds`, or took the process down.

        Raises:
            MissingExtraError: a library of the extra `eval` is not installed.
            MaestroError: the process cannot be started.
        """
        request = json.dumps({"task": task, "arguments": arguments, "seconds": seconds}).encode()
        reply = self._ask(request, seconds) or self._ask(request, seconds)  # again if the process died before it began
        try:
            return json.loads(reply[1:])
        except ValueError:  # killed before it had written all of its result
            return None

    def start(self) -> None:
        """Start and warm the process now, so that the first call does not pay for it."""
        with self._lock:
            self._ready()

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def close(self) -> None:
        """End the process and its children. The next call starts another."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes, seconds: float) -> bytes:
        """The child's word: `BEGUN`, then its result if it came to one; nothing if no child began."""
        reply = bytearray()
        with self._open_call() as ours:
            ours.settimeout(seconds + GRACE_SECONDS)
            try:
                ours.sendall(request)
                ours.shutdown(socket.SHUT_WR)
                while chunk := ours.recv(CHUNK):
                    reply += chunk
            except TimeoutError:
                if not reply:
                    self.close()  # the process itself hangs; a child that has begun ends by its own alarm
            except OSError:
                pass  # the child, or the process before it forked one, is gone
        return bytes(reply) if bytes(reply[:1]) == BEGUN else b""

    def _open_call(self) -> socket.socket:
        """A connection to a fresh child."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                try:
                    socket.send_fds(self._ready(), [b"c"], [theirs.fileno()])
                except OSError:  # it has died since the last call
                    self._end()
                    socket.send_fds(self._ready(), [b"c"], [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        return ours

    def _ready(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._control is None:
            self._control = self._launch()
        return self._control

    def _launch(self) -> socket.socket:
        for name in self._needs:
            if importlib.util.find_spec(name) is None:
                raise MissingExtraError(self._feature, "eval", name)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", SERVER, self._module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, **ONE_THREAD},
            )
        atexit.register(self.close)
        if not self._minds_forks:
            os.register_at_fork(after_in_child=self._forget)
            self._minds_forks = True
        ours.settimeout(START_SECONDS)
        started = b""
        with suppress(OSError):
            started = ours.recv(1)
        ours.settimeout(None)
        if not started:
            ours.close()
            self._end()
            raise MaestroError(
                f"the worker process for {self._feature} did not start; "
                f"see why with: python -c 'import {self._module} as m; m.warm()'"
            )
        return ours

    def _forget(self) -> None:
        """In a forked child: what it inherited is the parent's, neither to be ended nor closed nor waited for here."""
        self._inherited += [self._process, self._control]
        self._process = self._control = None
        self._lock = threading.Lock()

    def _end(self) -> None:
        atexit.unregister(self.close)
        process, control = self._process, self._control
        self._process = self._control = None
        if control is not None:
            control.close()
        if process is not None and process.poll() is None:  # once waited for, its number may be another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()

"""Servers as processes: started, waited for, watched, and stopped together."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from maestro_graph.errors import MaestroError
from maestro_graph.serving._command import Launcher, server_environment
from maestro_graph.serving._plan import ServerPlan
from maestro_graph.serving._state import endpoint_state

__all__ = ["Fleet", "Server", "ServerDied", "StopFlag", "stop_on_signals"]

POLL_S = 0.25
ASK_EVERY_S = 1.0
PROBE_S = 2.0
GRACE_S = 30.0
TAIL_LINES = 30
TAIL_BYTES = 16_384

ServerState = Literal["starting", "ready", "in use", "elsewhere", "no answer", "ended", "stopped"]


class ServerDied(MaestroError):
    """A server ended by itself.

    Attributes:
        tail: the last lines of its log.
    """

    def __init__(self, server: Server, code: int) -> None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        when = f"{server.seconds:.0f} s after its start"
        super().__init__(
            f"{server.plan.name} at {server.plan.url} ended with {how}, {when}; its log is {str(server.log)!r}"
        )
        self.tail = server.tail()


class StopFlag:
    """How often somebody asked to stop. Set by signal handlers, which must take no lock."""

    def __init__(self) -> None:
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a flag until the block ends."""
    flag = StopFlag()

    def asked(number: int, frame: FrameType | None) -> None:
        flag.count += 1

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Server:
    """A server of the fleet: ours, where there is a process, or one that was up already."""

    plan: ServerPlan
    state: ServerState = "starting"
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None
    began: float = 0.0
    seconds: float = 0.0
    words: str = ""

    def tail(self) -> list[str]:
        """The last lines of the log."""
        if self.log is None or not self.log.exists():
            return []
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:]


class Fleet:
    """The servers of a registry. A context manager: whatever it started has ended when the block does.

    Args:
        plans: servers, of which only those on this machine are started.
        launcher: what starts vLLM; asked for only where something is to be started.
        logs: folder for one log a server.
        stop: says that the user wants an end; asked a second time, processes are killed at once.
        said: hears of every server whose state changes.
    """

    def __init__(
        self,
        plans: Sequence[ServerPlan],
        launcher: Callable[[], Launcher],
        logs: Path,
        *,
        stop: StopFlag | None = None,
        said: Callable[[Server], None] = lambda server: None,
    ) -> None:
        self._launcher, self._logs, self._said = launcher, logs, said
        self._stop = StopFlag() if stop is None else stop
        self._found = Launcher()
        self._pending: list[tuple[Server, dict[str, str]]] = []
        self.servers = [Server(plan) for plan in plans]

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Find out what is up already and start the rest of this machine's servers.

        Raises:
            MaestroError: something else listens at an address, or a server cannot be started.
        """
        found = self._ask(self.servers)
        wanted: list[Server] = []
        for server, words in zip(self.servers, found, strict=True):
            server.words = words or ""
            if words is None:
                self._now(server, "in use" if server.plan.local and server.plan.serve else "elsewhere")
            elif not server.plan.local or server.plan.serve is None:
                self._now(server, "no answer")
            else:
                wanted.append(server)
        for server in wanted:
            _check_free(server)
        if wanted:
            self._found = self._launcher()
            self._pending = [(server, server_environment(server.plan)) for server in wanted]
            self._start_next()

    def _start_next(self) -> None:
        """Start what waits, but on one GPU one server after the other: vLLM measures how much memory is free."""
        for entry in list(self._pending):
            server, environment = entry
            busy = [other for other in self.servers if other.process and other.state == "starting"]
            if self._stop or any(_gpus(server) & _gpus(other) for other in busy):
                continue
            self._pending.remove(entry)
            self._start(server, self._found, environment)

    def _start(self, server: Server, launcher: Launcher, environment: dict[str, str]) -> None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", server.plan.name)[:60]
        self._logs.mkdir(parents=True, exist_ok=True)
        server.log = self._logs / f"{server.plan.port}-{name}.log"
        command = launcher.command(server.plan)
        try:
            with server.log.open("wb") as log:
                # A session of its own: Ctrl-C in the terminal reaches this process, which then stops them in order.
                server.process = subprocess.Popen(  # noqa: S603 - what the registry's owner wrote
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        except OSError as error:
            raise MaestroError(f"{server.plan.name} cannot be started with {command[0]!r}: {error}") from error
        server.began = time.monotonic()
        self._now(server, "starting")

    def wait_ready(self) -> bool:
        """Wait until every server that was started answers and serves its models; `False` if asked to stop.

        Raises:
            ServerDied: one ended instead.
            MaestroError: one took longer than its `start_s`.
        """
        asked = 0.0
        while waiting := [server for server in self.servers if server.state == "starting" and server.process]:
            if self._stop:
                return False
            self.check()
            for server in waiting:
                server.seconds = time.monotonic() - server.began
            if time.monotonic() - asked > ASK_EVERY_S:
                for server, words in zip(waiting, self._ask(waiting), strict=True):
                    server.words = words or ""
                    if words is None:
                        self._now(server, "ready")
                self._check_patience(waiting)
                self._start_next()
                asked = time.monotonic()
            time.sleep(POLL_S)
        return not self._stop

    def _check_patience(self, waiting: Sequence[Server]) -> None:
        for server in waiting:
            limit = server.plan.serve.start_s if server.plan.serve else 0.0
            if server.state == "starting" and server.seconds > limit:
                last = (server.tail() or ["its log is empty"])[-1]
                raise MaestroError(
                    f"{server.plan.name} at {server.plan.url} does not serve its model after {limit:g} s (start_s): "
                    f"{server.words}; the last line of {str(server.log)!r}: {last}"
                )

    def check(self) -> None:
        """Raise `ServerDied` if a server that was started has ended."""
        for server in self.servers:
            code = server.process.poll() if server.process else None
            if code is not None and server.state != "ended":
                server.seconds = time.monotonic() - server.began
                self._now(server, "ended")
                raise ServerDied(server, code)

    def watch(self, done: Callable[[], bool] = lambda: False) -> None:
        """Wait until somebody asks to stop, or `done` says so; `ServerDied` if a server ends before."""
        while not self._stop and not done():
            self.check()
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End what was started: politely, after 30 s (or a second request to stop) by force."""
        running = [server for server in self.servers if server.process]
        for server in running:
            _signal(server, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(server.process and server.process.poll() is None for server in running):
            if time.monotonic() > deadline or self._stop.count > 1:
                break
            time.sleep(POLL_S / 5)
        for server in running:
            _signal(server, signal.SIGKILL)  # workers that outlived their server, too
            if server.process:
                server.process.wait()
            if server.state != "ended":
                self._now(server, "stopped")

    def _ask(self, servers: Sequence[Server]) -> list[str | None]:
        """For each server what is wrong with it, or `None`."""
        if not servers:
            return []
        with ThreadPoolExecutor(max_workers=min(16, len(servers))) as pool:
            return list(pool.map(_problem, servers))

    def _now(self, server: Server, state: ServerState) -> None:
        server.state = state
        self._said(server)


def _problem(server: Server) -> str | None:
    for part in server.plan.parts:
        state = endpoint_state(part.endpoint, PROBE_S)
        if not state.fine:
            return state.words
    return None


def _check_free(server: Server) -> None:
    """A port that somebody listens on, but who does not serve this model, is a mistake to be told at once."""
    with suppress(OSError), socket.create_connection((server.plan.host, server.plan.port), timeout=PROBE_S):
        raise MaestroError(
            f"{server.plan.name} cannot be served at {server.plan.url}: something listens there ({server.words}); "
            f"stop it, or change the port in base_url"
        )


def _gpus(server: Server) -> set[int]:
    return set(server.plan.serve.gpus) if server.plan.serve else set()


def _signal(server: Server, number: signal.Signals) -> None:
    """To the server and the workers that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if server.process:
            os.killpg(server.process.pid, number)

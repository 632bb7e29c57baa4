"""The worker process: `python -m maestro_evaluation._worker_server MODULE FD`. Not for people."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from types import ModuleType

__all__ = ["main"]

CHUNK = 1 << 16
BEGUN = b"b"  # as in _worker.py
MEMORY_BYTES = 4 << 30


def main(module_name: str, descriptor: int) -> None:
    """Warm up, say so, and fork a child for each connection until the other side closes."""
    warnings.simplefilter("ignore")
    control = socket.socket(fileno=descriptor)
    module = import_module(module_name)
    module.warm()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    control.sendall(b"r")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _serve(module, descriptors[0])
        for number in descriptors:
            os.close(number)


def _serve(module: ModuleType, descriptor: int) -> None:
    """One call. Ends the process, whatever happens: by the alarm, whose default action nothing can catch in time."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        connection = socket.socket(fileno=descriptor)
        connection.sendall(BEGUN)
        request = json.loads(_read_all(connection))
        seconds = float(request["seconds"])
        _limit(seconds)
        result = module.TASKS[request["task"]](*request["arguments"])
        connection.sendall(json.dumps(result).encode())
    finally:
        os._exit(0)  # an error is an empty reply; nothing of this copy of the process may run on


def _limit(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_all(connection: socket.socket) -> bytes:
    parts: list[bytes] = []
    while chunk := connection.recv(CHUNK):
        parts.append(chunk)
    return b"".join(parts)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m maestro_evaluation._worker_server MODULE FILE_DESCRIPTOR")
    main(sys.argv[1], int(sys.argv[2]))

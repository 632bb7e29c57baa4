"""A scripted HTTP server that speaks the OpenAI chat completions protocol, well and badly.

In a test:

    with OpenAIServer() as server:
        server.script("expert", status(429, headers={"retry-after": "0"}), say("Answer: 42"))
        ...  # base_url=server.base_url, model="expert"
        assert server.most["expert"] <= 8

As a process: `python openai_server.py --latency 1.0` prints its base URL and serves the models `expert` and `router`
until killed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

__all__ = ["Behaviour", "Exchange", "OpenAIServer", "completion", "drop", "endless", "raw", "say", "stall", "status"]

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class ClientGone(Exception):
    """The client closed the connection before its reply was complete."""


@dataclass
class Exchange:
    """One request, and the connection to reply on.

    Attributes:
        path, headers, body: of the request; header names in lower case.
        at: monotonic time of its arrival.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    at: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    async def wait(self, seconds: float) -> None:
        """Sleep, unless the client goes away (`ClientGone`)."""
        try:
            async with asyncio.timeout(seconds):
                gone = await self.reader.read(1)
        except TimeoutError:
            return
        except ConnectionError as error:
            raise ClientGone from error
        if not gone:
            raise ClientGone
        raise ValueError("the client sent more before its reply: pipelining is not spoken here")

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError as error:
            raise ClientGone from error

    async def head(self, code: int, headers: dict[str, str]) -> None:
        lines = [
            f"HTTP/1.1 {code} {REASONS.get(code, 'Status')}",
            *(f"{name}: {text}" for name, text in headers.items()),
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def reply(self, code: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        """A whole reply."""
        await self.head(code, {"content-type": content_type, "content-length": str(len(body)), **headers})
        await self.send(body)


Behaviour = Callable[[Exchange], Awaitable[bool | None]]
"""Replies to a request. `False` closes the connection afterwards."""


def completion(model: str, text: str | None, *, usage: tuple[int, int] = (10, 5)) -> dict[str, Any]:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }


def say(
    text: str | Callable[[dict[str, Any]], str] | None, *, delay_s: float = 0.0, usage: tuple[int, int] = (10, 5)
) -> Behaviour:
    """A proper reply (streamed where the request asks for it); `text` may be a function of the request's body."""

    async def behave(exchange: Exchange) -> None:
        if delay_s:
            await exchange.wait(delay_s)
        said = text(exchange.body) if callable(text) else text
        if exchange.body.get("stream"):
            await _stream(exchange, said or "", usage)
        else:
            body = json.dumps(completion(exchange.model, said, usage=usage)).encode()
            await exchange.reply(200, body, "application/json", {})

    return behave


async def _stream(exchange: Exchange, text: str, usage: tuple[int, int]) -> None:
    await exchange.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
    start = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": exchange.model}

    async def event(data: str) -> None:
        line = f"data: {data}\n\n".encode()
        await exchange.send(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    for word in words:
        choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
        await event(json.dumps({**start, "choices": [choice]}))
    await event(json.dumps({**start, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    if (exchange.body.get("stream_options") or {}).get("include_usage"):
        counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
        await event(json.dumps({**start, "choices": [], "usage": counted}))
    await event("[DONE]")
    await exchange.send(b"0\r\n\r\n")


def status(code: int, message: str = "scripted failure", *, headers: dict[str, str] | None = None) -> Behaviour:
    """An error of the protocol."""
    body = json.dumps({"error": {"message": message, "type": "scripted", "code": None}}).encode()
    return raw(body, code=code, headers=headers)


def raw(
    body: bytes, *, code: int = 200, content_type: str = "application/json", headers: dict[str, str] | None = None
) -> Behaviour:
    """Any body at all."""

    async def behave(exchange: Exchange) -> None:
        await exchange.reply(code, body, content_type, headers or {})

    return behave


def drop(after: bytes = b"", *, content_type: str = "application/json") -> Behaviour:
    """Close the connection: at once, or after some bytes of a reply that announces more."""

    async def behave(exchange: Exchange) -> bool:
        if after:
            await exchange.head(200, {"content-type": content_type, "content-length": "100000"})
            await exchange.send(after)
        return False

    return behave


def stall(after: bytes = b"", *, content_type: str = "application/json") -> Behaviour:
    """Never reply, or begin to and never end."""

    async def behave(exchange: Exchange) -> None:
        if after:
            await exchange.head(200, {"content-type": content_type, "content-length": "100000"})
            await exchange.send(after)
        await exchange.wait(3600)

    return behave


def endless(*, pause_s: float = 0.0, chunk: bytes = b" " * 65536, content_type: str = "application/json") -> Behaviour:
    """A body that never ends: at full speed, or dripping."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(200, {"content-type": content_type, "transfer-encoding": "chunked"})
        while True:
            await exchange.send(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await exchange.wait(pause_s) if pause_s else await asyncio.sleep(0)

    return behave


class OpenAIServer:
    """The server, in a thread of its own.

    Attributes:
        requests: all requests, in the order of their arrival.
        active, most: requests being served by model, now and at most.
        gone: by model, how often the client closed the connection before its reply was complete.
        connections: open connections now.
    """

    def __init__(self) -> None:
        self.requests: list[Exchange] = []
        self.active: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()
        self.connections = 0
        self.base_url = ""
        self._scripts: dict[str, list[Behaviour]] = defaultdict(list)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)

    def script(self, model: str, *behaviours: Behaviour) -> None:
        """What requests for `model` get, in turn; the last one stays."""
        self._scripts[model] = list(behaviours)

    def of(self, model: str) -> list[Exchange]:
        """The requests for `model`."""
        return [request for request in self.requests if request.model == model]

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """Serve until `__exit__` (or for ever, as a process)."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._connection(reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (exchange := await _read(reader, writer)) is not None:
                if not await self._exchange(exchange):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone between requests
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            self.connections -= 1
            writer.close()

    async def _exchange(self, exchange: Exchange) -> bool:
        """Whether the connection goes on."""
        model = exchange.model
        self.requests.append(exchange)
        self.active[model] += 1
        self.most[model] = max(self.most[model], self.active[model])
        try:
            return await self._next(exchange)(exchange) is not False
        except ClientGone:
            self.gone[model] += 1
            return False
        finally:
            self.active[model] -= 1

    def _next(self, exchange: Exchange) -> Behaviour:
        if exchange.path.endswith("/models"):
            data = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in self._scripts]
            return raw(json.dumps({"object": "list", "data": data}).encode())
        left = self._scripts.get(exchange.model)
        if not exchange.path.endswith("/chat/completions") or not left:
            return status(404, f"there is no model {exchange.model!r} at {exchange.path}")
        return left.pop(0) if len(left) > 1 else left[0]


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange | None:
    """The next request of a connection, or `None` at its end."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines) if name}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Exchange(first.split(" ")[1], headers, json.loads(body) if body else {}, reader, writer)


def _routed(body: dict[str, Any]) -> str:
    """The turn of a router that asks `expert` once and answers."""
    asked = any(message["role"] == "assistant" for message in body["messages"])
    return "<answer> 42 </answer>" if asked else "<search> expert: How many are there? </search>"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every reply")
    parser.add_argument("--text", default="Answer: 42", help="what the model 'expert' says")
    options = parser.parse_args()
    server = OpenAIServer()
    server.script("expert", say(options.text, delay_s=options.latency))
    server.script("router", say(_routed, delay_s=options.latency))

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        await asyncio.to_thread(server._ready.wait)
        print(server.base_url, flush=True)
        await serving

    asyncio.run(serve())


if __name__ == "__main__":
    main()

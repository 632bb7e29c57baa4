"""Chat models behind endpoints: built late, one for each event loop, with failures told apart.

The only module that imports `langchain_openai` and `openai` (a second of import time).
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import CallFailure, RegistryError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from maestro_graph.registry import EndpointConfig, Sampling

__all__ = ["EndpointModel", "SharedModel", "invoke_model"]

MAX_REPLY_BYTES = 32 << 20
MAX_PROBLEM_CHARS = 300


class SharedModel:
    """A chat model that somebody else built: the same object for every loop."""

    secret = ""
    extra_body: dict[str, Any] = {}  # noqa: RUF012 - never written

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model

    async def get(self) -> BaseChatModel:
        return self._model

    async def aclose(self) -> None:
        """Nothing to close: the model is not ours."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A loop's model, the generator whose end closes its connections, and what ends it once nobody needs the model."""

    model: BaseChatModel
    lifetime: AsyncGenerator[None, None]
    finalizer: weakref.finalize[Any, EndpointModel]


class EndpointModel:
    """A `ChatOpenAI` at an endpoint.

    An HTTP client's pooled connections belong to the event loop that opened them, so each loop has a client of its
    own. It is closed when the loop shuts its asynchronous generators down (as `asyncio.run` does), when this object is
    thrown away, or by `aclose`.
    """

    def __init__(self, endpoint: EndpointConfig, sampling: Sampling, *, timeout_s: float) -> None:
        self._endpoint, self._sampling, self._timeout_s = endpoint, sampling, timeout_s
        self._held: dict[asyncio.AbstractEventLoop, _Held] = {}
        self._lock = threading.Lock()

    @property
    def secret(self) -> str:
        """The API key, for scrubbing it from messages; empty if there is none."""
        name = self._endpoint.api_key_env
        return os.environ.get(name, "") if name else ""

    @property
    def extra_body(self) -> dict[str, Any]:
        """What every request carries beside the standard fields."""
        return self._endpoint.extra_body

    async def get(self) -> BaseChatModel:
        """The model of the running loop.

        Raises:
            RegistryError: the environment variable of its API key is not set.
        """
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            model, client = self._build()
            lifetime = _lifetime(client.aclose)
            held = _Held(model, lifetime, weakref.finalize(self, _end, loop, lifetime))
            held.finalizer.atexit = False
            with self._lock:
                for closed in [key for key in self._held if key.is_closed()]:
                    self._held.pop(closed).finalizer.detach()
                self._held[loop] = held
            await anext(lifetime)
        return held.model

    def _build(self) -> tuple[BaseChatModel, Any]:
        import openai
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        name = self._endpoint.api_key_env
        if name and not self.secret:
            raise RegistryError(
                f"the endpoint of {self._endpoint.model!r} takes its key from the environment variable {name!r}, "
                f"which is not set; export it and run again"
            )
        client = openai.DefaultAsyncHttpxClient(
            timeout=self._timeout_s, verify=_trusted(), event_hooks={"response": [_bound_body]}
        )
        model = ChatOpenAI(
            base_url=self._endpoint.base_url,
            model=self._endpoint.model,
            api_key=SecretStr(self.secret or "EMPTY"),
            timeout=self._timeout_s,
            max_retries=0,
            http_async_client=client,
            temperature=self._sampling.temperature,
            top_p=self._sampling.top_p,
            max_tokens=self._sampling.max_tokens,  # type: ignore[call-arg]  # pydantic alias of max_completion_tokens
            seed=self._sampling.seed,
            extra_body=self._endpoint.extra_body or None,
            stream_usage=True,
            stream_chunk_timeout=None,  # its wait_for loses a cancellation that comes with a chunk (Python 3.11)
            use_responses_api=False,
        )
        return model, client

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        with self._lock:
            held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None:
            held.finalizer.detach()
            await held.lifetime.aclose()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that openai's HTTP library trusts: reading them takes 30 ms, so once for all clients."""
    import openai

    library = openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0]
    context: ssl.SSLContext = import_module(library).create_ssl_context()
    return context


async def _lifetime(close: Callable[[], Any]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await close()


def _end(loop: asyncio.AbstractEventLoop, lifetime: AsyncGenerator[None, None]) -> None:
    """Close the connections in their loop, if it still runs."""

    async def close() -> None:
        with suppress(RuntimeError):  # the loop is closing it already
            await lifetime.aclose()

    if not loop.is_closed():
        loop.call_soon_threadsafe(_start, loop, close)


def _start(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = loop.create_task(work())
    _ending.add(task)
    task.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()
"""Tasks that nothing else holds."""


async def _bound_body(response: Any) -> None:
    """Response hook: a body that does not end is cut off before it fills the memory."""
    # openai's client is built on httpx or on httpx2, by version; a stream must be of the same library.
    library = import_module(type(response).__module__.partition(".")[0])

    class Bounded(library.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for part in self._stream:
                seen += len(part)
                if seen > MAX_REPLY_BYTES:
                    raise CallFailure("unusable", f"the reply did not end within {MAX_REPLY_BYTES:,} bytes")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    response.stream = Bounded(response.stream)


async def invoke_model(source: EndpointModel | SharedModel, messages: list[BaseMessage], **options: Any) -> AIMessage:
    """Call the model; whatever the network or the server does comes out as `CallFailure`.

    Raises:
        CallFailure: timeout, unreachable, rate_limited, failed (5xx, dropped), refused (4xx), unusable (a body that
            is no chat completion).
    """
    model = await source.get()
    try:
        return await model.ainvoke(messages, **options)
    except CallFailure:
        raise
    except Exception as error:
        failure = _classify(error, source.secret)
        if failure is None:
            raise
        # A traceback shows the cause, and with it what the server echoed of the key.
        raise failure from (None if source.secret else error)


def _classify(error: Exception, secret: str) -> CallFailure | None:
    """A failure by what the exception says of itself (openai, anthropic and httpx name them alike); None for a bug."""
    chain = _chain(error)
    text = f"{type(error).__name__}: {error}"
    if len(chain) > 1:
        text += f" ({type(chain[-1]).__name__}: {chain[-1]})"
    text = (text.replace(secret, "***") if secret else text)[:MAX_PROBLEM_CHARS]
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_status(status, text, _retry_after_s(error))
    names = " ".join(type(item).__name__ for item in chain)
    if "Timeout" in names or isinstance(error, TimeoutError):
        return CallFailure("timeout", text)
    if any(part in names for part in ("Protocol", "ReadError", "WriteError")):
        return CallFailure("failed", f"the connection was dropped: {text}", retry=True)
    if "Connect" in names or isinstance(error, ConnectionError):
        return CallFailure("unreachable", text, retry=True)
    # What client libraries raise on a body that is no chat completion (no choices, broken JSON).
    shapes = KeyError | TypeError | ValueError | AttributeError | IndexError
    if isinstance(error, shapes) or "ResponseValidation" in names or "Decod" in names:
        return CallFailure("unusable", f"the reply is no chat completion ({text})", retry=True)
    if type(error).__name__ in {"APIError", "ContextOverflowError", "LengthFinishReasonError", "ContentFilterError"}:
        return CallFailure("failed", text)
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """An error and its causes: client libraries wrap those of the network."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _by_status(status: int, text: str, retry_after_s: float | None) -> CallFailure:
    if status == 429:
        return CallFailure("rate_limited", f"HTTP 429: {text}", retry=True, retry_after_s=retry_after_s)
    if status >= 500 or status == 408:
        return CallFailure("failed", f"HTTP {status}: {text}", retry=True, retry_after_s=retry_after_s)
    if status in (401, 403):
        return CallFailure("refused", f"HTTP {status}: the endpoint does not accept the API key")
    if status == 404:
        return CallFailure("unreachable", f"HTTP 404: no such model or path at this endpoint: {text}")
    return CallFailure("refused", f"HTTP {status}: {text}")


def _retry_after_s(error: Exception) -> float | None:
    """The `Retry-After` of a refused request: seconds, or a date."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    text = headers.get("retry-after")
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None

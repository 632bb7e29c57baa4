"""Chat models behind endpoints: built late, one for each event loop, with failures told apart.

The only module that imports `langchain_openai` and `openai` (a second of import time).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import parsedate_to_datetime
from functools import cache, partial
from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any

from maestro_graph._per_loop import PerLoop
from maestro_graph.errors import CallFailure, RegistryError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from maestro_graph.registry import EndpointConfig, Sampling

__all__ = ["EndpointClient", "EndpointModel", "SharedModel", "invoke_model"]

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


class EndpointModel(PerLoop["BaseChatModel"]):
    """A `ChatOpenAI` at an endpoint, one for each event loop."""

    def __init__(self, endpoint: EndpointConfig, sampling: Sampling, *, timeout_s: float) -> None:
        super().__init__()
        self._endpoint, self._sampling, self._timeout_s = endpoint, sampling, timeout_s

    @property
    def secret(self) -> str:
        """The API key, for scrubbing it from messages; empty if there is none."""
        return _secret(self._endpoint)

    @property
    def extra_body(self) -> dict[str, Any]:
        """What every request carries beside the standard fields."""
        return self._endpoint.extra_body

    def _build(self) -> tuple[BaseChatModel, Callable[[], Coroutine[Any, Any, None]]]:
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        key = _api_key(self._endpoint)
        client = _http_client(self._timeout_s)
        model = ChatOpenAI(
            base_url=self._endpoint.base_url,
            model=self._endpoint.model,
            api_key=SecretStr(key),
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
        return model, client.aclose


class EndpointClient(PerLoop[Any]):
    """Plain JSON over HTTP at an endpoint, for what a chat model does not carry (token ids)."""

    def __init__(self, endpoint: EndpointConfig, *, timeout_s: float, max_reply_bytes: int = MAX_REPLY_BYTES) -> None:
        super().__init__()
        self._endpoint, self._timeout_s, self._max_reply_bytes = endpoint, timeout_s, max_reply_bytes
        self._root = endpoint.base_url.rstrip("/").removesuffix("/v1")

    def _build(self) -> tuple[Any, Callable[[], Coroutine[Any, Any, None]]]:
        client = _http_client(self._timeout_s, max_bytes=self._max_reply_bytes)
        client.headers["Authorization"] = f"Bearer {_api_key(self._endpoint)}"
        return client, client.aclose

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send JSON to `path` below the server's root (above `/v1`) and read a JSON object.

        Raises:
            CallFailure: as `invoke_model`; `refused` with the server's own words where it says 4xx.
            RegistryError: the environment variable of its API key is not set.
        """
        client, secret = await self.get(), _secret(self._endpoint)
        try:
            response = await client.request(method, self._root + path, json=body)
            if response.status_code >= 400:
                said = f"{path}: {response.text}"
                text = (said.replace(secret, "***") if secret else said)[:MAX_PROBLEM_CHARS]
                raise _by_status(response.status_code, text, _seconds(response.headers.get("retry-after")))
            data = response.json()
        except CallFailure:
            raise
        except Exception as error:
            failure = _classify(error, secret)
            if failure is None:
                raise
            raise failure from (None if secret else error)
        if not isinstance(data, dict):
            raise CallFailure("unusable", f"{path} returned a {type(data).__name__}, not an object", retry=True)
        return data


def _secret(endpoint: EndpointConfig) -> str:
    return os.environ.get(endpoint.api_key_env, "") if endpoint.api_key_env else ""


def _api_key(endpoint: EndpointConfig) -> str:
    """The key to send.

    Raises:
        RegistryError: the environment variable of the API key is not set.
    """
    if endpoint.api_key_env and not _secret(endpoint):
        raise RegistryError(
            f"the endpoint of {endpoint.model!r} takes its key from the environment variable "
            f"{endpoint.api_key_env!r}, which is not set; export it and run again"
        )
    return _secret(endpoint) or "EMPTY"


def _http_client(timeout_s: float, *, max_bytes: int = MAX_REPLY_BYTES) -> Any:
    """A client of openai's HTTP library (httpx or httpx2, by version)."""
    import openai

    bound = partial(_bound_body, limit=max_bytes)
    return openai.DefaultAsyncHttpxClient(timeout=timeout_s, verify=_trusted(), event_hooks={"response": [bound]})


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that openai's HTTP library trusts: reading them takes 30 ms, so once for all clients."""
    import openai

    library = openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0]
    context: ssl.SSLContext = import_module(library).create_ssl_context()
    return context


async def _bound_body(response: Any, *, limit: int = MAX_REPLY_BYTES) -> None:
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
                if seen > limit:
                    raise CallFailure("unusable", f"the reply did not end within {limit:,} bytes")
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
    return _seconds(headers.get("retry-after"))


def _seconds(text: str | None) -> float | None:
    """What a `Retry-After` says."""
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

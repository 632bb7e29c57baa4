"""Chat models behind endpoints: built late, one for each event loop, with failures told apart.

The only module that imports `langchain_openai` and `openai` (a second of import time).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from maestro_graph.errors import CallFailure, RegistryError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from maestro_graph.registry import EndpointConfig, Sampling

__all__ = ["EndpointModel", "SharedModel", "invoke_model"]


class SharedModel:
    """A chat model that somebody else built: the same object for every loop."""

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model
        self.secret = ""

    def get(self) -> BaseChatModel:
        return self._model

    async def aclose(self) -> None:
        """Nothing to close: the model is not ours."""


class EndpointModel:
    """A `ChatOpenAI` at an endpoint.

    An HTTP client's pooled connections belong to the event loop that opened them, so each loop has a client of its
    own; it goes away with the loop, or with `aclose`.
    """

    def __init__(self, endpoint: EndpointConfig, sampling: Sampling, *, timeout_s: float) -> None:
        self._endpoint, self._sampling, self._timeout_s = endpoint, sampling, timeout_s
        self._models: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[BaseChatModel, Any]] = WeakKeyDictionary()

    @property
    def secret(self) -> str:
        """The API key, for scrubbing it from messages; empty if there is none."""
        name = self._endpoint.api_key_env
        return os.environ.get(name, "") if name else ""

    def get(self) -> BaseChatModel:
        loop = asyncio.get_running_loop()
        if loop not in self._models:
            self._models[loop] = self._build()
        return self._models[loop][0]

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
        client = openai.DefaultAsyncHttpxClient(timeout=self._timeout_s)
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
            use_responses_api=False,
        )
        return model, client

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        found = self._models.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose()


async def invoke_model(source: EndpointModel | SharedModel, messages: list[BaseMessage], **options: Any) -> AIMessage:
    """Call the model; whatever the network or the server does comes out as `CallFailure`.

    Raises:
        CallFailure: timeout, unreachable, rate_limited, failed (5xx, dropped), refused (4xx), unusable (a body that
            is no chat completion).
    """
    model = source.get()
    try:
        message = await model.ainvoke(messages, **options)
    except (ConnectionError, TimeoutError) as error:
        raise CallFailure("unreachable", _scrub(repr(error), source.secret), retry=True) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # What client libraries raise on a body that is no chat completion (no choices, broken JSON).
        raise CallFailure(
            "unusable", _scrub(f"the reply is no chat completion ({error!r})", source.secret), retry=True
        ) from error
    except Exception as error:
        failure = _classify(error)
        if failure is None:
            raise
        raise CallFailure(failure.kind, _scrub(failure.message, source.secret), retry=failure.retry) from error
    return message


def _scrub(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text


def _classify(error: Exception) -> CallFailure | None:
    """A failure by what the exception says of itself (openai, anthropic and httpx name them alike); None for a bug."""
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    text = f"{name}: {str(error)[:300]}"
    if isinstance(status, int):
        return _by_status(status, text)
    rules: list[tuple[Callable[[str], bool], CallFailure]] = [
        (lambda n: "Timeout" in n, CallFailure("timeout", text)),
        (lambda n: "Connect" in n, CallFailure("unreachable", text, retry=True)),
        (
            lambda n: "Protocol" in n or "ReadError" in n or "WriteError" in n,
            CallFailure("failed", text, retry=True),
        ),
        (lambda n: "ResponseValidation" in n or "Decod" in n, CallFailure("unusable", text, retry=True)),
        (
            lambda n: n in {"APIError", "ContextOverflowError", "LengthFinishReasonError"},
            CallFailure("failed", text),
        ),
    ]
    return next((failure for applies, failure in rules if applies(name)), None)


def _by_status(status: int, text: str) -> CallFailure:
    if status == 429:
        return CallFailure("rate_limited", f"HTTP 429: {text}", retry=True)
    if status >= 500:
        return CallFailure("failed", f"HTTP {status}: {text}", retry=True)
    if status in (401, 403):
        return CallFailure("refused", f"HTTP {status}: the endpoint does not accept the API key")
    if status == 404:
        return CallFailure("unreachable", f"HTTP 404: no such model or path at this endpoint: {text}")
    return CallFailure("refused", f"HTTP {status}: {text}")

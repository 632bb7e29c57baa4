"""Ask an OpenAI-compatible endpoint which models it serves."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from maestro_graph.registry import EndpointConfig

__all__ = ["EndpointState", "endpoint_state"]

MAX_BYTES = 4 << 20
SHOWN_MODELS = 5


@dataclass(frozen=True, slots=True)
class EndpointState:
    """Whether an endpoint answers and serves the model, in words."""

    fine: bool
    words: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to somewhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def endpoint_state(endpoint: EndpointConfig, timeout_s: float) -> EndpointState:
    """Ask `base_url/models`; never raises for what a server does. The key is in no message."""
    name = endpoint.api_key_env
    key = os.environ.get(name, "") if name else ""
    if name and not key:
        return EndpointState(False, f"the environment variable {name} with its key is not set")
    headers = {"Accept": "application/json", "User-Agent": "maestro-graph"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    parts = urlsplit(endpoint.base_url)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/models", parts.query, ""))
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the registry allows http(s) alone
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_s) as reply:
            return _served(endpoint.model, reply.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return _refused(error.code, name)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return EndpointState(False, f"no answer: {_masked(str(reason) or type(reason).__name__, key)}")


def _masked(text: str, key: str) -> str:
    return text.replace(key, "***") if key else text


def _refused(status: int, key_name: str | None) -> EndpointState:
    if status in (401, 403):
        cure = f"the key in {key_name} is not accepted" if key_name else "it wants a key: name its api_key_env"
        return EndpointState(False, f"HTTP {status}: {cure}")
    if status in (404, 405, 501):
        return EndpointState(True, f"answers, but lists no models (HTTP {status})")
    return EndpointState(False, f"HTTP {status}")


def _served(model: str, body: bytes) -> EndpointState:
    try:
        listed = json.loads(body)["data"]
        models = [str(item["id"]) for item in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        return EndpointState(False, "answers, but not as an OpenAI-compatible service")
    if model in models:
        return EndpointState(True, "answers and serves the model")
    shown = ", ".join(sorted(models)[:SHOWN_MODELS]) or "none"
    more = f" and {len(models) - SHOWN_MODELS} more" if len(models) > SHOWN_MODELS else ""
    return EndpointState(False, f"answers, but does not serve {model!r}; it serves: {shown}{more}")

"""Tokens from a vLLM server: text through `/v1/completions`, pictures through render and generate.

Checked against vLLM 0.32. Pictures need the server flag `--enable-scale-out`, temperatures other than 1 and 0 need
`--logprobs-mode processed_logprobs`; `prepare` finds out.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from maestro_graph._chat_models import EndpointClient
from maestro_graph.errors import CallFailure, RegistryError
from maestro_graph.images import MaestroImage
from maestro_graph.protocol import LARK_HEAD
from maestro_graph.routers.policy._own_template import first_difference
from maestro_graph.routers.policy._seam import Sample, SampleRequest
from maestro_graph.routers.policy._tokens import PolicyTokenizer
from maestro_graph.routers.policy._vllm_pictures import RenderedPicture, picture_fields, rendered_picture

if TYPE_CHECKING:
    from maestro_graph.registry import EndpointConfig

__all__ = ["VllmSampler"]

TIMEOUT_S = 600.0
"""A turn ends with its run's deadline; this only keeps a dead connection from staying for ever."""
KEPT_BYTES = 256 << 20
MAX_REPLY_BYTES = 1 << 30
PROBE = "The first of the months is called"
_RAW_CURE = (
    "start it with --logprobs-mode processed_logprobs ('maestro up' does), or sample at temperature 1: what it reports "
    "are log-probabilities before the temperature, not those of the tokens as they were sampled"
)


class VllmSampler:
    """Samples at a vLLM server.

    Args:
        endpoint: of the server; `model` may be a LoRA adapter that it serves.
        tokenizer: of the model that is served.
        max_image_side: pictures are scaled down to this many pixels.
    """

    def __init__(self, endpoint: EndpointConfig, tokenizer: PolicyTokenizer, *, max_image_side: int = 2048) -> None:
        self._endpoint, self._tokenizer, self._max_image_side = endpoint, tokenizer, max_image_side
        self._client = EndpointClient(endpoint, timeout_s=TIMEOUT_S, max_reply_bytes=MAX_REPLY_BYTES)
        self._rendered: OrderedDict[str, RenderedPicture] = OrderedDict()
        self._limit: int | None = None
        self._prepared = False
        self._preparing: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._raw = False

    async def prepare(self) -> int | None:
        """Check the server once: its model, its tokenizer, and what its log-probabilities mean."""
        if not self._prepared:
            loop = asyncio.get_running_loop()
            async with self._preparing.setdefault(loop, asyncio.Lock()):  # runs that start together check once
                if not self._prepared:
                    self._limit = await self._model_limit()
                    await self._check_tokenizer()
                    self._raw = await self._reports_raw()
                    self._prepared = True
        return self._limit

    async def _model_limit(self) -> int | None:
        models = (await self._client.request("GET", "/v1/models")).get("data") or []
        names = [str(item.get("id")) for item in models]
        if self._endpoint.model not in names:
            raise RegistryError(
                f"the server at {self._endpoint.base_url} has no model {self._endpoint.model!r}; it serves: "
                f"{', '.join(names) or 'none'}"
            )
        limits = {str(item.get("id")): item.get("max_model_len") for item in models}
        # An adapter's entry has no limit of its own.
        found = limits[self._endpoint.model] or next((limit for limit in limits.values() if limit), None)
        return int(found) if found else None

    async def _check_tokenizer(self) -> None:
        text = f"{self._tokenizer.eos}\nWhich one? <search> Reader: Größe ≥ 3 </search>{self._tokenizer.eos}"
        body = {"model": self._endpoint.model, "prompt": text, "add_special_tokens": False}
        reply = await self._client.request("POST", "/tokenize", body)
        theirs, ours = list(reply.get("tokens") or ()), list(self._tokenizer.structure(text))
        if theirs != ours:
            raise RegistryError(
                f"the server at {self._endpoint.base_url} has another tokenizer than {self._tokenizer.where!r}. "
                f"{first_difference(self._tokenizer, theirs, ours)} Set 'path' to the folder of the model it serves"
            )

    async def _reports_raw(self) -> bool:
        """Whether log-probabilities are those before the temperature.

        Differences between the logits of two tokens double at temperature 0.5 where they are not, for every model.
        """
        gaps: list[float] = []
        for temperature in (1.0, 0.5):
            body = {
                **self._sampling(SampleRequest(prompt_ids=(), temperature=temperature, max_tokens=1)),
                "logprobs": 5,
            }
            reply = await self._complete({**body, "prompt": list(self._tokenizer.text(PROBE))})
            top = sorted((reply["logprobs"]["top_logprobs"] or [{}])[0].values(), reverse=True)
            if len(top) < 5:
                return True
            gaps.append(top[0] - top[4])
        return gaps[1] < 1.5 * gaps[0]

    async def image_lengths(self, images: Sequence[MaestroImage]) -> tuple[int, ...]:
        """How many placeholder tokens the server's processor makes of each picture."""
        return tuple([(await self._picture(image)).length for image in images])

    async def sample(self, request: SampleRequest) -> Sample:
        """Sample one turn at the server."""
        if self._raw and request.temperature not in (0.0, 1.0):
            raise RegistryError(
                f"the server at {self._endpoint.base_url} cannot be sampled at temperature {request.temperature}: "
                f"{_RAW_CURE}"
            )
        if request.images:
            return await self._generate(request)
        body = {**self._sampling(request), "prompt": list(request.prompt_ids), "logprobs": 0}
        choice = await self._complete(body)
        ids, logprobs = choice.get("token_ids"), (choice.get("logprobs") or {}).get("token_logprobs")
        return _sample(ids, logprobs, choice.get("finish_reason"))

    async def _complete(self, body: dict[str, Any]) -> dict[str, Any]:
        full = {**self._endpoint.extra_body, **body, "model": self._endpoint.model, "return_token_ids": True}
        full["return_tokens_as_token_ids"] = True  # else tokens that are no text share a name in `top_logprobs`
        return _choice(await self._client.request("POST", "/v1/completions", full))

    async def _generate(self, request: SampleRequest) -> Sample:
        """Sample with pictures. What the model saw must be our prompt, token by token."""
        pictures = [await self._picture(item.image) for item in request.images]
        body = {
            "model": self._endpoint.model,
            "sampling_params": {**self._sampling(request), "logprobs": 0, "detokenize": False},
            # The grammar holds from the first token on, whatever reasoning parser the server has.
            "reasoning_ended": True if request.grammar is not None else None,
            "return_token_ids": True,
            **picture_fields(request, pictures),
        }
        reply = await self._client.request("POST", "/inference/v1/generate", body)
        seen = reply.get("prompt_token_ids")
        if seen is not None and tuple(seen) != request.prompt_ids:
            raise RegistryError(
                f"the server at {self._endpoint.base_url} showed the model another prompt than it was given. "
                f"{first_difference(self._tokenizer, request.prompt_ids, seen)} Install vLLM 0.32 or newer on it"
            )
        choice = _choice(reply)
        content = (choice.get("logprobs") or {}).get("content") or []
        return _sample(choice.get("token_ids"), [item.get("logprob") for item in content], choice.get("finish_reason"))

    def _sampling(self, request: SampleRequest) -> dict[str, Any]:
        """Everything that shapes the distribution is said: else the model's generation_config would decide."""
        body: dict[str, Any] = {
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "top_p": 1.0,
            "top_k": 0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "stop_token_ids": list(request.stop_ids),
            "skip_special_tokens": False,
        }
        if request.seed is not None:
            body["seed"] = request.seed
        if request.grammar is not None:
            # Lark grammars want the server's 'guidance' backend.
            kind = "grammar" if request.grammar.startswith(LARK_HEAD) else "regex"
            body["structured_outputs"] = {kind: request.grammar}
        return body

    async def _picture(self, image: MaestroImage) -> RenderedPicture:
        """A picture as the server renders it, kept for the turns and runs that show it again."""
        if (found := self._rendered.get(image.sha256)) is not None:
            self._rendered.move_to_end(image.sha256)
            return found
        url = await asyncio.to_thread(image.data_url, max_side=self._max_image_side)
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]
        messages = [{"role": "user", "content": content}]
        body = {"model": self._endpoint.model, "messages": messages, "mm_payload": "none"}
        try:
            reply = await self._client.request("POST", "/v1/chat/completions/render", body)
        except CallFailure as failure:
            if failure.kind != "unreachable" or "404" not in failure.message:
                raise
            raise RegistryError(
                f"the server at {self._endpoint.base_url} does not take pictures with token ids; start it with "
                f"--enable-scale-out ('maestro up' does)"
            ) from failure
        found = rendered_picture(reply, url)
        self._rendered[image.sha256] = found
        while sum(item.size for item in self._rendered.values()) > KEPT_BYTES and len(self._rendered) > 1:
            self._rendered.popitem(last=False)
        return found

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds."""
        await self._client.aclose()


def _choice(reply: dict[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise CallFailure("unusable", f"the server returned no choice: {str(reply)[:200]}", retry=True)
    return choices[0]


def _sample(ids: Any, logprobs: Any, finish: Any) -> Sample:
    if not ids or not isinstance(logprobs, list) or len(ids) != len(logprobs):
        counts = f"{len(ids or ())} token ids and {len(logprobs or ())} log-probabilities"
        raise CallFailure("unusable", f"the server returned {counts}; a policy needs one for each token", retry=True)
    if finish not in ("stop", "length"):
        raise CallFailure("failed", f"the server ended the turn with {finish!r}", retry=True)
    return Sample(ids=tuple(ids), logprobs=tuple(float(item) for item in logprobs), finish=finish)

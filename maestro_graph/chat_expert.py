"""`ChatExpert`: any LangChain chat model as an expert; by default `ChatOpenAI` at a vLLM endpoint."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from maestro_graph._chat_models import EndpointModel, SharedModel, invoke_model
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Usage
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.protocol import neutralise, render_template, restore

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from maestro_graph.registry import EndpointConfig, Sampling

__all__ = ["ChatExpert", "final_answer"]

_ANSWER_LINE = re.compile(r"(?:final )?answer[* \t]*:(.*)", re.IGNORECASE)


class ChatExpert:
    """An expert that is a chat model.

    Args:
        model: any LangChain chat model.
        card: what a router may know of it.
        max_image_side: pictures are scaled down to this many pixels.
    """

    def __init__(self, model: BaseChatModel, card: ExpertCard, *, max_image_side: int = 2048) -> None:
        self._source: EndpointModel | SharedModel = SharedModel(model)
        self._card = card
        self._max_image_side = max_image_side
        self.endpoint: EndpointConfig | None = None
        self._sampling: Sampling | None = None

    @classmethod
    def at(cls, endpoint: EndpointConfig, card: ExpertCard, sampling: Sampling) -> ChatExpert:
        """The expert at an OpenAI-compatible endpoint. Nothing is connected before the first call."""
        expert = cls.__new__(cls)
        expert._source = EndpointModel(endpoint, sampling, timeout_s=card.timeout_s)
        expert._card = card
        expert._max_image_side = endpoint.max_image_side
        expert.endpoint = endpoint
        expert._sampling = sampling
        return expert

    @property
    def card(self) -> ExpertCard:
        return self._card

    def cache_identity(self, request: ExpertRequest) -> str | None:
        """Endpoint, model and sampling at temperature 0; `None` where replies are sampled or the model is unknown."""
        if self.endpoint is None or self._sampling is None:
            return None
        if request.sampling.get("temperature", self._sampling.temperature) > 0:
            return None
        endpoint = self.endpoint.model_dump_json(include={"base_url", "model", "extra_body", "max_image_side"})
        return f"{self.card.name} {endpoint} {self._sampling.model_dump_json()}"

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        """Render the request to messages, call the model, read its final answer."""
        # A picture is encoded in a thread: that takes too long for the event loop.
        messages = await asyncio.to_thread(self.messages, request) if request.images else self.messages(request)
        message = await invoke_model(self._source, messages, **request.sampling)
        text = str(message.text).strip()
        if not text:
            raise CallFailure("unusable", f"{self.card.name!r} returned an empty reply", retry=True)
        # What the model quotes of the question and the evidence comes out as it went in.
        return ExpertReply(text=restore(text), answer=final_answer(text), usage=usage_of(message))

    def messages(self, request: ExpertRequest) -> list[BaseMessage]:
        """The messages of a request: instructions as system message, then evidence, question and pictures."""
        from langchain_core.messages import HumanMessage, SystemMessage

        evidence = "\n".join(
            f"- {neutralise(item.expert)}: {neutralise(item.text)}" for item in request.evidence if item.ok
        )
        text = render_template(
            "expert_question.md",
            {
                "question": neutralise(request.question),
                "evidence": f"Evidence gathered so far (it may be wrong):\n{evidence}\n\n" if evidence else "",
            },
        ).strip()
        blocks: list[str | dict[str, Any]] = [image_block(url) for url in self._urls(request)]
        blocks.append({"type": "text", "text": text})
        messages: list[BaseMessage] = [HumanMessage(content=blocks if len(blocks) > 1 else text)]
        if request.instructions:
            messages.insert(0, SystemMessage(content=request.instructions))
        return messages

    def _urls(self, request: ExpertRequest) -> list[str]:
        return [image.data_url(max_side=self._max_image_side) for image in request.images]

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds."""
        await self._source.aclose()


def image_block(url: str) -> dict[str, Any]:
    """A LangChain image block from a data URL."""
    head, _, data = url.partition(",")
    return {"type": "image", "base64": data, "mime_type": head.removeprefix("data:").removesuffix(";base64")}


def final_answer(text: str) -> str | None:
    """The last `Answer: …` line or `\\boxed{…}` of a reply, behind its thought; `None` without either."""
    before, closed, after = text.partition("</think>")
    lines = [line.strip() for line in (after if closed else before).splitlines() if line.strip()]
    for at in range(len(lines) - 1, -1, -1):
        if match := _ANSWER_LINE.match(lines[at].lstrip("*#_> ")):
            answer = match[1].strip("* \t") or (lines[at + 1].strip("* \t") if at + 1 < len(lines) else "")
            if answer:
                return restore(answer)
    return _boxed("\n".join(lines))


def _boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}`."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, at = 1, start + len("\\boxed{")
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return restore(text[at:end].strip()) or None
    return None


def usage_of(message: AIMessage) -> Usage:
    """Tokens as the endpoint counted them."""
    counted = message.usage_metadata
    if counted is None:
        return Usage(calls=1)
    return Usage(calls=1, input_tokens=counted["input_tokens"], output_tokens=counted["output_tokens"])

"""Perceivers that are vision models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from maestro_graph._chat_models import EndpointModel, SharedModel, invoke_model
from maestro_graph.chat_expert import image_block, usage_of
from maestro_graph.errors import CallFailure
from maestro_graph.perceivers._base import PerceiverKind, Perception, PerceptionRequest
from maestro_graph.perceivers._boxes import Box, Coordinates, described, parse_boxes
from maestro_graph.protocol import neutralise

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from maestro_graph.registry import EndpointConfig, Sampling

__all__ = ["ChatPerceiver"]


class ChatPerceiver:
    """A vision model as a perceiver.

    Args:
        kind: what it is asked for.
        model: any LangChain chat model that takes pictures.
        identity: what its replies depend on; the cache's key.
        coordinates: how it writes boxes.
        max_image_side: pictures are scaled down to this many pixels.
    """

    def __init__(
        self,
        kind: PerceiverKind,
        model: BaseChatModel,
        *,
        identity: str,
        coordinates: Coordinates = "auto",
        max_image_side: int = 2048,
    ) -> None:
        self._kind: PerceiverKind = kind
        self._source: EndpointModel | SharedModel = SharedModel(model)
        self._identity, self._coordinates, self._max_image_side = identity, coordinates, max_image_side
        self.endpoint: EndpointConfig | None = None

    @classmethod
    def at(
        cls,
        kind: PerceiverKind,
        endpoint: EndpointConfig,
        sampling: Sampling,
        *,
        timeout_s: float,
        coordinates: Coordinates = "auto",
    ) -> ChatPerceiver:
        """The perceiver at an endpoint. Nothing is connected before the first call."""
        perceiver = cls.__new__(cls)
        perceiver._kind = kind
        perceiver._source = EndpointModel(endpoint, sampling, timeout_s=timeout_s)
        home = endpoint.model_dump_json(include={"base_url", "model", "extra_body", "max_image_side"})
        perceiver._identity = f"{home} {sampling.model_dump_json()} {coordinates}"
        perceiver._coordinates = coordinates
        perceiver._max_image_side = endpoint.max_image_side
        perceiver.endpoint = endpoint
        return perceiver

    @property
    def kind(self) -> PerceiverKind:
        return self._kind

    @property
    def identity(self) -> str:
        return f"{self._kind} {self._identity}"

    async def perceive(self, request: PerceptionRequest) -> Perception:
        """Ask the model; boxes in its reply are parsed as data."""
        from langchain_core.messages import HumanMessage

        # A picture is encoded in a thread: that takes too long for the event loop.
        url = await asyncio.to_thread(request.image.data_url, max_side=self._max_image_side)
        content: list[str | dict[str, Any]] = [image_block(url), {"type": "text", "text": self.prompt(request)}]
        message = await invoke_model(self._source, [HumanMessage(content=content)])
        text = str(message.text).strip()
        if not text:
            raise CallFailure("unusable", f"the {self._kind} perceiver returned an empty reply", retry=True)
        usage = usage_of(message)
        if self._kind in ("ocr", "caption"):
            return Perception(kind=self._kind, text=text, usage=usage)
        boxes = self._boxes(text, request)
        return Perception(kind=self._kind, text=described(boxes), boxes=boxes, usage=usage)

    def _boxes(self, text: str, request: PerceptionRequest) -> tuple[Box, ...]:
        image = request.image
        # Pixels are those of the picture as it was sent, which may have been scaled down.
        scale = min(1.0, self._max_image_side / max(image.width, image.height))
        sent = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        found = parse_boxes(text, sent[0], sent[1], coordinates=self._coordinates)
        x, y = image.width / sent[0], image.height / sent[1]
        return tuple(Box(b.left * x, b.top * y, b.right * x, b.bottom * y, b.label) for b in found)

    def prompt(self, request: PerceptionRequest) -> str:
        """The packaged prompt of this kind, filled."""
        text = (files("maestro_graph.perceivers") / "templates" / f"{self._kind}.md").read_text(encoding="utf-8")
        focus = f"\nLook especially at: {neutralise(request.focus)}" if request.focus else ""
        slots = {"focus": focus, "question": neutralise(request.question)}
        template = Template(text)
        return template.substitute({name: slots[name] for name in template.get_identifiers()}).strip()

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds."""
        await self._source.aclose()

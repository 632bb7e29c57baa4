"""A stage for skills: an expert and four perceivers on the scripted server, replies that can be told apart."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openai_server import Behaviour, Exchange, OpenAIServer, say
from PIL import Image

from maestro_graph import CallSkill, ExpertCard, Registry
from maestro_graph.cache import CallCache
from maestro_graph.calls import CallSettings, run_call
from maestro_graph.chat_expert import ChatExpert
from maestro_graph.evidence import Evidence
from maestro_graph.images import ImageStore, MaestroImage
from maestro_graph.limits import Limiter
from maestro_graph.perceivers import ChatPerceiver, MountedPerceiver, PerceiverKind
from maestro_graph.registry import EndpointConfig, Sampling
from maestro_graph.skills import Skill

KINDS: tuple[PerceiverKind, ...] = ("ocr", "caption", "detect", "zoom")
GREYS = (200, 150)
SIZES = ((400, 300), (320, 240))

SAID = {
    "ocr": "READ: total 12.50",
    "caption": "SEEN: a grey field",
    "detect": '[{"bbox_2d": [100, 100, 200, 150], "label": "DETECTED"}]',
    "zoom": '[{"bbox_2d": [100, 100, 200, 150], "label": "ZOOMED"}]',
}
MARKS = {
    "ocr": "READ: total 12.50",
    "caption": "SEEN: a grey field",
    "detect": "1. DETECTED at",
    "zoom": "1. ZOOMED at",
}


def pictures(folder: Path, count: int) -> list[MaestroImage]:
    """Plain grey pictures, each of its own grey and size."""
    store = ImageStore(folder / "store")
    opened = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.new("RGB", SIZES[number], (GREYS[number],) * 3).save(path)
        opened.append(store.open(str(path)))
    return opened


def stage_registry(base_url: str, skills: Iterable[Skill], *, kinds: Sequence[PerceiverKind] = KINDS) -> Registry:
    """A chat expert and perceivers at the server, as a registry file would make them."""
    card = ExpertCard(name="expert", description="A vision-language model.")
    expert = ChatExpert.at(EndpointConfig(base_url=base_url, model="expert"), card, Sampling())
    perceivers = [
        MountedPerceiver(
            ChatPerceiver.at(kind, EndpointConfig(base_url=base_url, model=kind), Sampling(), timeout_s=20),
            Limiter(8),
            20,
        )
        for kind in kinds
    ]
    return Registry(experts=[expert], skills=skills, perceivers=perceivers, cache=CallCache())


async def run_skill(
    registry: Registry, skill: str, question: str, images: Sequence[MaestroImage], events: list[dict[str, Any]]
) -> Evidence:
    """Call the skill as a graph's call node does, then close all connections."""
    settings = CallSettings(seconds_left=30, on_event=lambda event, fields: events.append({"event": event, **fields}))
    try:
        return await run_call(
            registry,
            CallSkill("expert", skill, question),
            turn=0,
            index=0,
            images=images,
            evidence=(),
            settings=settings,
        )
    finally:
        for item in (*registry.experts.values(), *(mounted.perceiver for mounted in registry.perceivers.values())):
            await item.aclose()  # type: ignore[attr-defined]


def prompt_of(body: dict[str, Any]) -> str:
    """The system message, or for perceivers the words beside the picture."""
    texts = []
    for message in body["messages"]:
        content = message["content"]
        parts = [content] if isinstance(content, str) else [p["text"] for p in content if p["type"] == "text"]
        texts.append((message["role"], "\n".join(parts)))
    return next((text for role, text in texts if role == "system"), texts[-1][1])


def images_of(body: dict[str, Any]) -> list[str]:
    """What the pictures of a request are: `original1`, `boxes2`, `crop1` …, seen in their pixels."""
    urls = [
        part["image_url"]["url"]
        for message in body["messages"]
        if not isinstance(message["content"], str)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    return [_kind(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")) for url in urls]


def _kind(picture: Image.Image) -> str:
    corner = picture.getpixel((picture.width - 1, picture.height - 1))
    assert isinstance(corner, tuple)
    number = 1 + min(range(len(GREYS)), key=lambda at: abs(corner[0] - GREYS[at]))
    if picture.size != SIZES[number - 1]:
        return f"crop{number}"
    edge = picture.getpixel((100, 125))
    assert isinstance(edge, tuple)
    return f"boxes{number}" if max(edge) - min(edge) > 60 else f"original{number}"


@dataclass
class Waves:
    """Lets requests through wave by wave: a wave is answered once all of its requests have arrived.

    Requests that should be parallel but are not would wait for each other for ever; the wait ends after `patience_s`
    as a mistake. A request that arrives before its wave is a mistake too.

    Attributes:
        waves: names of requests (`ocr`, `step list`), a name once for each request.
        name: the name of an expert's request.
        reply: what the expert replies to it.
    """

    waves: Sequence[Sequence[str]]
    name: Callable[[dict[str, Any]], str]
    reply: Callable[[str], str]
    patience_s: float = 10.0
    mistakes: list[str] = field(default_factory=list)
    arrived: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._at = 0
        self._missing = sorted(self.waves[0])
        self._open = [asyncio.Event() for _ in self.waves]

    def behaviour(self, kind: str) -> Behaviour:
        """For `OpenAIServer.script`."""

        async def behave(exchange: Exchange) -> bool | None:
            name = kind if kind in SAID else self.name(exchange.body)
            self.arrived.append((name, exchange.body))
            await self._admitted(name)
            return await say(SAID.get(kind) or self.reply(name))(exchange)

        return behave

    async def _admitted(self, name: str) -> None:
        if self._at >= len(self.waves) or name not in self._missing:
            self.mistakes.append(f"{name} came while {self._missing} were awaited")
            return
        self._missing.remove(name)
        gate = self._open[self._at]
        if not self._missing:
            self._at += 1
            self._missing = sorted(self.waves[self._at]) if self._at < len(self.waves) else []
            gate.set()
        try:
            async with asyncio.timeout(self.patience_s):
                await gate.wait()
        except TimeoutError:
            self.mistakes.append(f"{name} waited in vain for {self._missing}")

    def perform(self, server: OpenAIServer) -> None:
        """Script all models of the server."""
        for kind in (*KINDS, "expert"):
            server.script(kind, self.behaviour(kind))

    def body(self, name: str) -> dict[str, Any]:
        """The request of that name."""
        return next(body for arrived, body in self.arrived if arrived == name)

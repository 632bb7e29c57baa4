"""`ChatRouter`: any chat model that speaks the protocol, with structured decoding where the server has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maestro_graph._chat_models import EndpointModel, SharedModel, invoke_model
from maestro_graph.chat_expert import image_block, usage_of
from maestro_graph.decisions import Malformed
from maestro_graph.errors import RegistryError
from maestro_graph.protocol import (
    neutralise,
    parse_turn,
    render_observation,
    render_problem,
    render_prompt,
    render_turn,
    turn_regex,
)
from maestro_graph.routers._base import PastTurn, RouterTurn, RouterView

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from maestro_graph.registry import RouterConfig

__all__ = ["ChatRouter", "build"]


class ChatRouter:
    """A router that is a chat model.

    Args:
        model: any LangChain chat model.
        structured: send the bounded grammar of a turn as vLLM's `structured_outputs`.
        think_opened: the chat template opens `<think>` itself.
        calls_per_turn: searches that one turn may hold.
        observation_chars: how much of each reply the router reads (1,024 tokens are about 4,096 characters).
        max_image_side: pictures are scaled down to this many pixels.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        structured: bool = False,
        think_opened: bool = False,
        calls_per_turn: int = 1,
        observation_chars: int = 4096,
        max_image_side: int = 2048,
    ) -> None:
        self._source: EndpointModel | SharedModel = SharedModel(model)
        self._structured, self._think_opened = structured, think_opened
        self._calls_per_turn, self._observation_chars = calls_per_turn, observation_chars
        self._max_image_side = max_image_side

    @classmethod
    def at(cls, config: RouterConfig) -> ChatRouter:
        """The router at the endpoint of a registry."""
        if config.endpoint is None:
            raise RegistryError("a router of kind 'chat' needs an 'endpoint' (base_url and model)")
        router = cls.__new__(cls)
        router._source = EndpointModel(config.endpoint, config.sampling, timeout_s=120.0)
        router._structured = config.endpoint.structured_outputs
        router._think_opened = config.think_opened
        router._calls_per_turn = config.calls_per_turn
        router._observation_chars = 4096
        router._max_image_side = config.endpoint.max_image_side
        return router

    async def decide(self, view: RouterView) -> RouterTurn:
        """Ask the model for the next turn and parse it."""
        actions = view.registry.actions()
        options: dict[str, Any] = dict(view.sampling)
        if self._structured:
            regex = turn_regex(actions, max_calls=self._calls_per_turn, think_opened=self._think_opened)
            # An option of the call replaces that of the endpoint, so what is configured there comes along.
            options["extra_body"] = {**self._source.extra_body, "structured_outputs": {"regex": regex}}
        messages = await asyncio.to_thread(self.messages, view) if view.images else self.messages(view)
        message = await invoke_model(self._source, messages, **options)
        text = str(message.text)
        decision = parse_turn(text, actions, max_calls=self._calls_per_turn)
        return RouterTurn(decision=decision, prompt=_new_text(messages), text=text, usage=usage_of(message))

    def messages(self, view: RouterView) -> list[BaseMessage]:
        """The conversation so far: prompt, question with pictures, and a pair of messages for each past turn."""
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        prompt = render_prompt(
            [expert.card for expert in view.registry.experts.values()],
            [skill.card for skill in view.registry.skills.values()],
            view.registry.actions(),
            max_turns=view.turns_left + len(view.history),
            max_calls=self._calls_per_turn,
        )
        blocks: list[str | dict[str, Any]] = [
            image_block(image.data_url(max_side=self._max_image_side)) for image in view.images
        ]
        blocks.append({"type": "text", "text": neutralise(view.question)})
        messages: list[BaseMessage] = [
            SystemMessage(content=prompt),
            HumanMessage(content=blocks if len(blocks) > 1 else neutralise(view.question)),
        ]
        for turn in view.history:
            messages.append(AIMessage(content=_replay(turn)))
            if isinstance(turn.decision, Malformed):
                messages.append(HumanMessage(content=render_problem(turn.decision.problem)))
            else:
                messages.append(
                    HumanMessage(content=render_observation(turn.evidence, max_chars=self._observation_chars))
                )
        return messages

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds."""
        await self._source.aclose()


def _new_text(messages: Sequence[BaseMessage]) -> str:
    """The text of the messages since the router's last turn, for the trace."""
    last = max((at for at, message in enumerate(messages) if message.type == "ai"), default=-1)
    return "\n\n".join(f"[{message.type}]\n{message.text}" for message in messages[last + 1 :])


def _replay(turn: PastTurn) -> str:
    """A past turn as it is shown again: what it quoted from outside is neutral, its own tags stand."""
    if isinstance(turn.decision, Malformed):
        return neutralise(turn.text) or "(nothing)"  # some servers refuse an empty message
    thought, closed, _ = turn.text.partition("</think>")
    before = f"<think>{neutralise(thought.lstrip().removeprefix('<think>'))}</think>\n" if closed else ""
    return before + render_turn(turn.decision)


def build(config: RouterConfig) -> ChatRouter:
    """Entry point `chat` of `maestro.routers`."""
    return ChatRouter.at(config)

"""The ensemble as a model of inspect_ai: `inspect eval task.py --model maestro/embedded`.

inspect_ai finds this module by its entry point group; nothing else imports it. What stands after `maestro/` is a
registry: a preset or the path of a YAML file.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.graph import MaestroContext, compile_maestro
from maestro_graph.images import ImageStore, ingest_messages
from maestro_graph.registry import build_router, load_registry, resolve_router

try:
    from inspect_ai.model import (
        ChatMessage,
        ContentImage,
        ContentText,
        GenerateConfig,
        ModelAPI,
        ModelOutput,
        ModelUsage,
        modelapi,
    )
except ModuleNotFoundError as missing:
    raise MissingExtraError("the ensemble as a model of inspect_ai", "inspect", "inspect_ai") from missing

__all__ = ["MaestroModel", "maestro"]

SAMPLING = ("temperature", "max_tokens", "top_p", "seed")
LIMITS = ("max_turns", "max_calls", "max_cost", "deadline_s")
ROLES = {"system": "system", "user": "human", "assistant": "ai"}
AT_ONCE = 2


class MaestroModel(ModelAPI):  # type: ignore[misc]  # inspect_ai is not among what types are checked with
    """One run of the graph for each generation.

    The question is the text of the last user message, the pictures are its own or those of the latest user message
    with some, as for any chat host. How the answer came about is in the output's `metadata`.

    Args:
        model_name: a registry preset or the path of a registry file.
        config: `temperature`, `max_tokens`, `top_p` and `seed` reach the router and the experts.
        model_args: `-M router=…` (a kind or a folder of weights), `max_turns`, `max_calls`, `max_cost`,
            `deadline_s`, and `trace` (a file or folder).

    Raises:
        MaestroError: an argument is unknown, or the registry or router cannot be loaded.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        router = model_args.pop("router", None)
        trace = model_args.pop("trace", None)
        self._limits = {name: model_args.pop(name) for name in LIMITS if name in model_args}
        if model_args:
            known = ", ".join(("router", "trace", *LIMITS))
            raise MaestroError(f"maestro has no model argument {next(iter(model_args))!r}; there are: {known}")
        if base_url is not None:
            raise MaestroError("maestro takes no base URL; write endpoints into a registry file and name that")
        self._trace = trace
        self._store = ImageStore()
        registry = load_registry(model_name, images=self._store)
        self._graph = compile_maestro(registry, None if router is None else build_router(resolve_router(str(router))))

    async def generate(
        self, input: list[ChatMessage], tools: Sequence[Any], tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        """Run the graph on the conversation.

        Raises:
            MaestroError: there are tools (the ensemble calls its own experts only), no user message, or a part of a
                message that is neither text nor picture.
        """
        if tools:
            raise MaestroError(f"the ensemble calls no tools of its host, and {len(tools)} were given; leave them out")
        sampling = {name: value for name in SAMPLING if (value := getattr(config, name)) is not None}
        context = MaestroContext(**self._limits, trace=self._trace, router_sampling=sampling, expert_sampling=sampling)
        messages = ingest_messages([_message(each) for each in input if each.role in ROLES], self._store)
        began = time.monotonic()
        state = await self._graph.ainvoke({"messages": messages}, context=context)
        return self._output(state, time.monotonic() - began)

    def max_connections(self) -> int:
        """Embedded experts share the processors."""
        return AT_ONCE

    def _output(self, state: Mapping[str, Any], seconds: float) -> ModelOutput:
        answer = state.get("answer")
        usage = state["usage"]
        output = ModelOutput.from_content(
            model=self.model_name,
            content=answer or "",
            stop_reason="stop" if answer is not None else "unknown",
            error=None if answer is not None else f"no answer: {state['stop_reason']}",
        )
        output.usage = ModelUsage(
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            total_tokens=usage["input_tokens"] + usage["output_tokens"],
        )
        output.time = seconds
        output.metadata = {
            "stop_reason": state["stop_reason"],
            "turns": state["turns"],
            "cost": usage["cost"],
            "calls": usage["calls"],
        }
        return output


def _message(message: ChatMessage) -> tuple[str, list[str | dict[str, Any]]]:
    content = message.content
    parts = [ContentText(text=content)] if isinstance(content, str) else content
    return ROLES[message.role], [_block(part) for part in parts]


def _block(part: Any) -> dict[str, Any]:
    if isinstance(part, ContentText):
        return {"type": "text", "text": part.text}
    if isinstance(part, ContentImage):
        return {"type": "image", "url": part.image}
    raise MaestroError(f"a message holds {part.type}; the ensemble reads text and pictures")


@modelapi(name="maestro")  # type: ignore[untyped-decorator]  # as above
def maestro() -> type[ModelAPI]:
    """Entry point of the group `inspect_ai`."""
    return MaestroModel

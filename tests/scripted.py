"""Scripted stand-ins: routers, experts, skills and chat models that do what a test tells them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict, Field

from maestro_graph import (
    Answer,
    CallExpert,
    CallFailure,
    ExpertCard,
    ExpertReply,
    ExpertRequest,
    Malformed,
    RouterTurn,
    RouterView,
    SkillCard,
    Usage,
)
from maestro_graph.decisions import Call
from maestro_graph.skills import SkillCall

Step = Sequence[Call] | Call | Answer | Malformed | BaseException | Callable[[RouterView], Any]


class ScriptedRouter:
    """Takes the given decisions in turn, by the length of the history; keeps the views it was shown."""

    def __init__(self, *steps: Step, usage: Usage | None = None, delay_s: float = 0.0) -> None:
        self.steps, self.views = steps, list[RouterView]()
        self.usage, self.delay_s = usage or Usage(), delay_s

    async def decide(self, view: RouterView) -> RouterTurn:
        self.views.append(view)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        step = self.steps[min(len(view.history), len(self.steps) - 1)]
        if callable(step):
            step = step(view)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, Answer | Malformed):
            return RouterTurn(decision=step, text=getattr(step, "text", ""), usage=self.usage)
        return RouterTurn(decision=(step,) if not isinstance(step, Sequence) else tuple(step), usage=self.usage)


Reply = str | ExpertReply | BaseException | Callable[[ExpertRequest], Any]


class ScriptedExpert:
    """Gives the given replies in turn, the last one again and again; counts what runs at once and is cancelled."""

    def __init__(self, name: str, *replies: Reply, delay_s: float = 0.0, card: dict[str, Any] | None = None) -> None:
        self.card = ExpertCard(**{"name": name, "description": f"Knows {name}.", **(card or {})})
        self.replies, self.delay_s = replies or ("ok",), delay_s
        self.requests: list[ExpertRequest] = []
        self.active = self.most = self.cancelled = 0
        self.entered = threading.Event()
        self._lock = threading.Lock()

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        with self._lock:
            self.requests.append(request)
            reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
            self.active += 1
            self.most = max(self.most, self.active)
        self.entered.set()
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            with self._lock:
                self.active -= 1
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, BaseException):
            raise reply
        return ExpertReply(text=reply) if isinstance(reply, str) else reply


class ScriptedSkill:
    """Asks its expert `times` times, one after the other."""

    def __init__(self, name: str, *, times: int = 1, needs: str = "chat") -> None:
        self.card = SkillCard(name=name, protocol_name=name.title(), description=f"How to {name}.")
        self.times, self.needs = times, needs

    def refusal(self, expert: ExpertCard) -> str | None:
        return None if self.needs in expert.abilities else f"{expert.name} cannot {self.needs}"

    async def run(self, call: SkillCall) -> ExpertReply:
        reply = None
        for _ in range(self.times):
            reply = await call.ask(call.request)
        if reply is None:
            raise CallFailure("refused", "nothing was asked")
        return reply


class RecordingModel(BaseChatModel):
    """A chat model that answers by a function of the messages, and keeps them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    answer: Callable[[list[BaseMessage]], str]
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    options: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "recording"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.seen.append(messages)
        self.options.append(kwargs)
        usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
        return ChatResult(
            generations=[ChatGeneration(message=AIMessage(content=self.answer(messages), usage_metadata=usage))]
        )


def ask(*names: str, query: str = "what?") -> list[Call]:
    """Direct calls of experts."""
    return [CallExpert(name, query) for name in names]


def texts(messages: Iterable[BaseMessage]) -> list[tuple[str, str]]:
    """Role and text of each message."""
    return [(message.type, str(message.text)) for message in messages]

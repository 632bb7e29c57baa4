"""Ask a chat model whether an answer says what the accepted one says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from maestro_evaluation.records import JudgeRecord
from maestro_evaluation.samples import Gold
from maestro_graph._chat_models import EndpointModel, SharedModel, invoke_model
from maestro_graph.calls import retried
from maestro_graph.errors import CallFailure, MaestroError
from maestro_graph.protocol import neutralise

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Judge", "Judged", "parse_verdict", "render_prompt"]

TIMEOUT_S = 120.0
MAX_TOKENS = 512
_VERDICT = re.compile(r"[*_` ]*verdict[*_` ]*:[*_` ]*(correct|wrong)[*_`. ]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of asking.

    Attributes:
        record: what was asked and said.
        problem: why there is no verdict, `None` where there is one.
    """

    record: JudgeRecord
    problem: str | None = None


class Judge:
    """A judge at temperature 0.

    Args:
        model: any LangChain chat model.
        name: how records call it.
    """

    def __init__(self, model: BaseChatModel, name: str) -> None:
        self.name = name
        self._source: EndpointModel | SharedModel = SharedModel(model)

    @classmethod
    def at(cls, place: str, *, api_key_env: str | None = None) -> Judge:
        """The judge at `MODEL@BASE_URL`, an OpenAI-compatible endpoint.

        Raises:
            MaestroError: `place` is something else.
        """
        from pydantic import ValidationError

        from maestro_graph.registry import EndpointConfig, Sampling

        model, at, url = place.partition("@http")
        if not (model and at):
            raise MaestroError(f"the judge {place!r} is no MODEL@URL, such as qwen3-32b@http://localhost:8000/v1")
        try:
            endpoint = EndpointConfig(base_url=f"http{url}", model=model, api_key_env=api_key_env)
        except ValidationError as error:
            raise MaestroError(f"the judge {model!r}: {error.errors()[0]['msg']}") from error
        judge = cls.__new__(cls)
        judge.name = model
        judge._source = EndpointModel(endpoint, Sampling(temperature=0.0, max_tokens=MAX_TOKENS), timeout_s=TIMEOUT_S)
        return judge

    async def ask(self, *, question: str, gold: Gold, answer: str) -> Judged:
        """Have one answer judged. A judge that cannot be reached, or gives no verdict, is a problem and no score."""
        from langchain_core.messages import HumanMessage

        prompt = render_prompt(question=question, gold=gold, answer=answer)

        async def once() -> str:
            message = await invoke_model(self._source, [HumanMessage(content=prompt)], temperature=0.0)
            return str(message.text)

        try:
            reply = await retried(once, seconds=TIMEOUT_S)
        except CallFailure as failure:
            return self._judged(prompt, "", None, f"the judge gave no reply ({failure.kind}: {failure.message})")
        score = parse_verdict(reply)
        problem = None if score is not None else f"the judge gave no verdict: {reply[-200:]!r}"
        return self._judged(prompt, reply, score, problem)

    def _judged(self, prompt: str, reply: str, score: float | None, problem: str | None) -> Judged:
        return Judged(record={"model": self.name, "prompt": prompt, "reply": reply, "score": score}, problem=problem)

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds."""
        await self._source.aclose()


def render_prompt(*, question: str, gold: Gold, answer: str) -> str:
    """The prompt; what comes from outside cannot look like the end of it."""
    template = Template((files("maestro_evaluation.judge") / "prompt.md").read_text(encoding="utf-8"))
    accepted = gold if isinstance(gold, str) else json.dumps(gold, ensure_ascii=False)
    given = _quoted(answer)
    return template.substitute(question=_quoted(question), gold=_quoted(accepted), answer=given).strip()


def parse_verdict(reply: str) -> float | None:
    """1 for correct, 0 for wrong; `None` unless the last line (behind the thought) is a verdict, and the only one."""
    said = reply.partition("</think>")[2] or reply
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    verdicts = [match[1].lower() for line in lines if (match := _VERDICT.fullmatch(line))]
    if not lines or not _VERDICT.fullmatch(lines[-1]) or len(set(verdicts)) != 1:
        return None
    return 1.0 if verdicts[0] == "correct" else 0.0


def _quoted(text: str) -> str:
    """Every line set off, so that a verdict within is none of the judge's."""
    return "\n".join(f"> {line}" for line in neutralise(text).splitlines()) or "> (nothing)"

"""The router seam: the object that takes a decision, and what it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from maestro_graph.decisions import Answer, Call, Malformed
from maestro_graph.evidence import Evidence, Json, Usage
from maestro_graph.images import MaestroImage

if TYPE_CHECKING:
    from maestro_graph.registry import Registry

__all__ = ["PastTurn", "Router", "RouterTurn", "RouterView", "TokenRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """The tokens of a policy's turn, exactly as they were sampled.

    Token t was drawn from `softmax(mask(logits / temperature))` over the whole vocabulary, and `logprobs[t]` is the
    natural logarithm of its probability there: after the temperature, after the grammar's mask where there was one,
    with no truncation (top-p, top-k, min-p) and no penalty. At temperature 0 the most probable token was taken, and
    its log-probability is that at temperature 1.

    Attributes:
        prompt_ids: token ids of the prompt, P of them; placeholders of pictures as often as the model sees them.
        sampled_ids: token ids the policy produced, T of them, the one that ended the turn included.
        logprobs: natural log-probability of each sampled token as sampled, T of them.
        temperature: sampling temperature those log-probabilities belong to.
        masked: whether a grammar mask renormalised the distribution.
        grammar: of that mask, a regular expression or a Lark grammar of llguidance; `None` without one.
        finish: `stop` where the policy ended its turn, `length` where the limit of tokens cut it.
    """

    prompt_ids: tuple[int, ...]
    sampled_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    temperature: float
    masked: bool
    grammar: str | None = None
    finish: Literal["stop", "length"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterTurn:
    """What a router decided.

    Attributes:
        decision: the calls to make (one or more), an answer, or a turn that could not be parsed.
        prompt: what was shown to the router since its last turn, in words; empty for routers that read no prompt.
        text: the assistant text as the router produced it (empty for routers that do not write).
        info: scores and reasons for the trace, JSON-safe.
        tokens: for policies, the exact token record.
        usage: what deciding cost.
    """

    decision: tuple[Call, ...] | Answer | Malformed
    prompt: str = ""
    text: str = ""
    info: Mapping[str, Json] = field(default_factory=dict)
    tokens: TokenRecord | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTurn:
    """An earlier turn of this run: what was decided and what came back."""

    decision: tuple[Call, ...] | Answer | Malformed
    text: str
    evidence: tuple[Evidence, ...]
    tokens: TokenRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterView:
    """Everything a router may look at.

    Attributes:
        history: the turns of this run so far, oldest first.
        turns_left: decisions that remain, this one included; `calls_left` likewise for calls.
        seconds_left: until the run's deadline.
        sampling: per-run overrides of the router's sampling.
    """

    question: str
    images: tuple[MaestroImage, ...]
    registry: Registry
    history: tuple[PastTurn, ...] = ()
    turns_left: int = 1
    calls_left: int = 1
    seconds_left: float = 60.0
    sampling: Mapping[str, float | int] = field(default_factory=dict)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence of this run, in order."""
        return tuple(item for turn in self.history for item in turn.evidence)


@runtime_checkable
class Router(Protocol):
    """Takes the next decision. Raises `CallFailure` where the model behind it cannot be reached."""

    async def decide(self, view: RouterView) -> RouterTurn: ...

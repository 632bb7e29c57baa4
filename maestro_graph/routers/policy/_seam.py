"""The seam between the policy router and whatever samples its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from maestro_graph.images import MaestroImage

__all__ = ["PromptImage", "Sample", "SampleRequest", "TokenSampler"]


@dataclass(frozen=True, slots=True)
class PromptImage:
    """A picture and where its placeholder tokens stand in a prompt: `length` of them from `offset` on."""

    image: MaestroImage
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """One turn to sample.

    Attributes:
        prompt_ids: the whole prompt, P token ids.
        images: its pictures, in order of their placeholders.
        grammar: what the turn must match (`turn_regex`, or `turn_grammar`); `None` for free sampling.
        temperature: 0 takes the most probable token.
        max_tokens: at most this many tokens are sampled.
        seed: makes the turn repeatable, as far as the backend is.
        stop_ids: token ids that end a turn; the one that does is part of the sample.
    """

    prompt_ids: tuple[int, ...]
    images: tuple[PromptImage, ...] = ()
    grammar: str | None = None
    temperature: float = 1.0
    max_tokens: int = 1024
    seed: int | None = None
    stop_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was sampled: T ids and the log-probability of each as sampled (see `TokenRecord`)."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish: Literal["stop", "length"]


@runtime_checkable
class TokenSampler(Protocol):
    """Samples turns token in, token out. Raises `CallFailure` where the model cannot be reached."""

    async def prepare(self) -> int | None:
        """Check once that the model is the expected one; returns how many tokens prompt and turn may have together.

        Raises:
            RegistryError: it is another model than the tokenizer's, or reports other log-probabilities.
        """

    async def image_lengths(self, images: Sequence[MaestroImage]) -> tuple[int, ...]:
        """How many placeholder tokens the model wants for each picture."""

    async def sample(self, request: SampleRequest) -> Sample:
        """Sample one turn."""

    async def aclose(self) -> None:
        """Free what the running event loop holds."""

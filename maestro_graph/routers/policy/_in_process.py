"""Tokens from a transformers model in this process; turns asked for at once are sampled together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maestro_graph.errors import MissingExtraError
from maestro_graph.images import MaestroImage
from maestro_graph.routers.policy._batcher import LINGER_S, Batcher
from maestro_graph.routers.policy._options import PolicyOptions
from maestro_graph.routers.policy._seam import Sample, SampleRequest
from maestro_graph.routers.policy._tokens import PolicyTokenizer

if TYPE_CHECKING:
    from maestro_graph.routers.policy._torch_model import TorchPolicy

__all__ = ["InProcessSampler"]


class InProcessSampler:
    """Samples from a model in this process.

    Args:
        policy: the model; a trainer gives the one it trains.
        max_batch: turns that are sampled together.
        linger_s: how long they wait for one another; where many runs go at once, longer than one takes to come.
    """

    def __init__(self, policy: TorchPolicy, *, max_batch: int = 64, linger_s: float = LINGER_S) -> None:
        self.policy = policy
        self._batcher = Batcher(policy.work, max_batch=max_batch, linger_s=linger_s)

    @classmethod
    def load(
        cls, path: str, tokenizer: PolicyTokenizer, *, adapter: str | None = None, options: PolicyOptions | None = None
    ) -> InProcessSampler:
        """Load a model (a folder or a name on the hub), with a PEFT adapter where one is named.

        Raises:
            RegistryError: it cannot be loaded.
            MissingExtraError: the extra `train` is not installed.
        """
        options = options or PolicyOptions()
        try:
            from maestro_graph.routers.policy._torch_model import load_policy
        except ModuleNotFoundError as error:
            raise MissingExtraError("a policy router in process", "train", error.name or "torch") from error
        policy = load_policy(path, tokenizer, adapter=adapter, options=options)
        return cls(policy, max_batch=options.max_batch)

    async def prepare(self) -> int | None:
        """How many tokens prompt and turn may have together."""
        return self.policy.limit

    async def image_lengths(self, images: Sequence[MaestroImage]) -> tuple[int, ...]:
        """Placeholder tokens of each picture, by the model's own processor."""
        return tuple(await asyncio.to_thread(lambda: [self.policy.image_length(image) for image in images]))

    async def sample(self, request: SampleRequest) -> Sample:
        """Sample one turn, with those that others ask for just now."""
        return await self._batcher.submit(request)

    async def aclose(self) -> None:
        """Nothing belongs to an event loop here; the worker thread ends when it has been idle."""

"""Several processes of one training, a GPU each (`accelerate launch`): who does what, and weights made whole to sample.

Every process rolls out its own questions and keeps its own traces and figures; the first one speaks, tries the policy
out and writes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule

__all__ = ["Processes", "gathered"]


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of a training, as the launcher's variables say."""

    rank: int = 0
    local: int = 0
    count: int = 1

    @classmethod
    def here(cls) -> Processes:
        """What `accelerate launch` and `torchrun` have set; a single process without them."""
        rank, local, count = (int(os.environ.get(name, "0") or 0) for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"))
        return cls(rank, local, max(1, count))

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def folder(self, out: Path) -> Path:
        """Where this process keeps its traces and figures."""
        return out if self.is_first else out / f"process-{self.rank}"

    def agreed(self, wanted: bool) -> bool:
        """Whether any process wants it: all have to do it then, since they wait for one another."""
        if self.count == 1 or not torch.distributed.is_initialized():
            return wanted
        device = "cuda" if torch.cuda.is_available() else "cpu"
        flag = torch.tensor(int(wanted), device=device)
        torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
        return bool(flag.item())


@contextmanager
def gathered(model: Any, *, reshard: bool = True) -> Iterator[None]:
    """Weights that FSDP2 shards are whole inside, so that a process may sample for as long as it needs, alone.

    Every process must enter and leave. Without FSDP it does nothing.

    Args:
        reshard: whether layers give their weights back after a forward pass otherwise.
    """
    shards = _shards(model)
    for module in shards:
        module.set_reshard_after_forward(False, recurse=False)
        module.unshard()
    try:
        yield
    finally:
        for module in shards:
            module.set_reshard_after_forward(reshard, recurse=False)
            module.reshard()


def _shards(model: Any) -> list[FSDPModule]:
    """Modules whose weights are sharded, the outermost first."""
    return [module for module in model.modules() if isinstance(module, FSDPModule)]

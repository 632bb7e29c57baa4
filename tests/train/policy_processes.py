"""One of two processes that train a policy with their weights sharded (FSDP2 over gloo)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["ACCELERATE_USE_CPU"] = "true"


def shard_on_cpu() -> None:
    """accelerate shards on GPUs only; all that it does works with gloo, once it takes the processes for such."""
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    from maestro_training.policy._trl import GraphGRPOTrainer

    plain = GraphGRPOTrainer.__init__

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        state = PartialState(cpu=True)
        state._shared_state["distributed_type"] = state.distributed_type = DistributedType.MULTI_XPU
        plain(self, *args, **kwargs)

    GraphGRPOTrainer.__init__ = begin  # type: ignore[method-assign]


if __name__ == "__main__":
    import torch
    from policy_world import settings

    from maestro_training.policy import _trl
    from maestro_training.policy._train import train_policy

    home, sharded = Path(sys.argv[1]), sys.argv[2] == "sharded"
    if sharded:
        shard_on_cpu()
    plain = _trl.GraphGRPOTrainer._get_per_token_logps_and_entropies
    seen: dict[str, Any] = {"sharded": True, "ratios": [], "questions": []}

    def scoring(self: Any, model: Any, ids: Any, *args: Any, **kwargs: Any) -> Any:
        found = plain(self, model, ids, *args, **kwargs)
        seen["sharded"] &= type(next(self.model.parameters())).__name__ == "DTensor"
        rows = [self._rows[number] for number in (range(len(self._rows)) if self._batch is None else self._batch)]
        where = _trl._where(rows, 0, "cpu")
        new = found[0][where].detach()
        old = torch.tensor([value for row in rows for value in row.sampled])
        seen["ratios"].append([int(self.state.global_step), float((new - old).exp().sub(1).abs().max())])
        seen["questions"].append([int(self.state.global_step), sorted({row.group for row in rows})])
        return found

    _trl.GraphGRPOTrainer._get_per_token_logps_and_entropies = scoring  # type: ignore[method-assign]
    fields = {"held_out": {"split": "train", "limit": 2, "every": 1}, "steps": 2}
    train_policy(settings(json.loads((home / "world.json").read_text()), **fields), home / "run", shown=False)
    (home / f"seen-{os.environ['RANK']}.json").write_text(json.dumps(seen))
    torch.distributed.destroy_process_group()

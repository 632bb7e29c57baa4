"""TRL's GRPO trainer on trajectories of the graph. The one module that imports TRL.

Checked with trl 1.16. Of its trainer's private parts these are overridden, and `tests/train/test_trl_seams.py` fails
when a version moves them:

- `_get_per_token_logps_and_entropies`: TRL scores padded rows over the whole vocabulary. Here the rows of a group are
  one prefix tree, and each token is scored under the grammar mask and temperature that it was sampled with, so that
  the sampled distribution is the trained one. Pictures are opened from the rows' references: nothing is re-templated.
- `_generate_and_score_completions`: TRL takes its own recomputation for the old policy, and without vLLM ignores the
  log-probabilities of a rollout altogether. Here the old policy is what was sampled, in every mode.
- `_compute_loss`: says which rows a micro-batch holds, nothing else; the loss is TRL's.
- `_prepare_inputs`: TRL shuffles rows over the micro-batches of a generation; here groups are shuffled and stay whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import split_tensor_dict

from maestro_graph.errors import MaestroError
from maestro_training.policy._head import add_scoring_head
from maestro_training.policy._processes import gathered
from maestro_training.policy._rows import PolicyRow
from maestro_training.policy._runs import RewardedRow
from maestro_training.policy._scoring import RowScorer

__all__ = ["GRPOConfig", "GraphGRPOTrainer", "Rollout"]

ROW = "maestro_row"
REWARD = "maestro_reward_"


Rollout = Callable[[Sequence[str]], Sequence[RewardedRow]]
"""Runs the graph once for each sample key given (a key stands there once for each member of its group)."""


class GraphGRPOTrainer(GRPOTrainer):  # type: ignore[misc]  # TRL is not typed
    """GRPO on trajectories of the graph.

    Args:
        model: a transformers model, or one that PEFT has wrapped; `add_scoring_head` must have seen the inner model.
        args: TRL's configuration; `num_generations` is the size of a group.
        samples: keys of the questions to train on, in order.
        rollout: runs the graph with the policy.
        scorer: scores rows.
        reward_weights: the components of the reward by name, with their weights.
        tokenizer: the policy's.
    """

    def __init__(
        self,
        *,
        model: Any,
        args: GRPOConfig,
        samples: Sequence[str],
        rollout: Rollout,
        scorer: RowScorer,
        reward_weights: Mapping[str, float],
        tokenizer: Any,
        **kwargs: Any,
    ) -> None:
        self._rows: list[PolicyRow] = []
        self._batch: torch.Tensor | None = None
        self._rollout = rollout
        self._scorer = scorer
        args.reward_weights = list(reward_weights.values())
        # With vLLM, TRL would multiply by its own correction on top of the one that old = as sampled already is.
        args.vllm_importance_sampling_correction = False
        super().__init__(
            model=model,
            args=args,
            reward_funcs=[_reward(name) for name in reward_weights],
            train_dataset=_dataset(samples),
            processing_class=tokenizer,
            rollout_func=self._roll_out,
            **kwargs,
        )
        if self.ref_model is not None:
            add_scoring_head(self.accelerator.unwrap_model(self.ref_model))

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Weights are whole inside; every process must enter."""
        plugin = getattr(self.accelerator.state, "fsdp_plugin", None)
        with gathered(self.model, reshard=bool(getattr(plugin, "reshard_after_forward", True))):
            yield

    def _roll_out(self, prompts: Sequence[str], trainer: Any) -> dict[str, list[Any]]:
        with self.gathered():
            found = self._rollout(prompts)
        if len(found) != len(prompts):
            raise MaestroError(f"{len(found)} trajectories came back for {len(prompts)} runs; each run gives one")
        rows = [one.row for one in found]
        self._rows = rows
        answer: dict[str, list[Any]] = {
            "prompt_ids": [list(row.ids[: row.start]) for row in rows],
            "completion_ids": [list(row.ids[row.start :]) for row in rows],
            "logprobs": [_spread(row, row.sampled, 0.0) for row in rows],
            "env_mask": [_spread(row, [1] * len(row.sampled), 0) for row in rows],
        }
        for name in found[0].rewards:
            answer[REWARD + name] = [one.rewards[name] for one in found]
        return answer

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._batch = None
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        output["old_per_token_logps"] = output["sampling_per_token_logps"]
        output[ROW] = torch.arange(len(self._rows), device=output["completion_ids"].device)
        return output

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        if not self.model.training:
            return super()._prepare_inputs(generation_batch)
        steps = self.args.steps_per_generation
        if self._step % (steps * self.num_iterations) == 0 or self._buffered_inputs is None:
            batch = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs: Any = split_tensor_dict(_groups_shuffled(batch, self.num_generations), steps)
        return self._buffered_inputs[self._step % steps]

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        self._batch = inputs[ROW]
        try:
            return super()._compute_loss(model, inputs)
        finally:
            self._batch = None

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **ignored: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """`(B, C)` log-probabilities and entropies, 0 where a token is not the policy's."""
        numbers = range(len(self._rows)) if self._batch is None else self._batch.tolist()
        rows = [self._rows[number] for number in numbers]
        logps = torch.zeros(len(rows), logits_to_keep, device=input_ids.device)
        entropies = torch.zeros_like(logps)
        step = batch_size or len(rows)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            with self.accelerator.autocast():
                found = self._scorer(model, part, device=input_ids.device)
            at = _where(part, start, input_ids.device)
            logps = logps.index_put(at, found[0].float())
            entropies = entropies.index_put(at, found[1].float())
        return logps, entropies if compute_entropy else None, None


def _dataset(samples: Sequence[str]) -> Any:
    """The keys as a dataset; its fingerprint is ours, since datasets cannot pickle tables of every pyarrow."""
    from datasets import Dataset
    from datasets.table import InMemoryTable

    fingerprint = hashlib.sha256("\n".join(samples).encode()).hexdigest()[:16]
    return Dataset(InMemoryTable.from_pydict({"prompt": list(samples)}), fingerprint=fingerprint)


def _where(rows: Sequence[PolicyRow], first: int, device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column, in TRL's padded completions, of every policy token."""
    row = [first + number for number, one in enumerate(rows) for _ in one.sampled]
    column = [place - one.start for one in rows for place in one.policy_places]
    return torch.tensor(row, device=device, dtype=torch.long), torch.tensor(column, device=device, dtype=torch.long)


def _spread(row: PolicyRow, values: Sequence[Any], other: Any) -> list[Any]:
    """Values of the policy's tokens over the whole completion."""
    spread = [other] * (len(row.ids) - row.start)
    for place, value in zip(row.policy_places, values, strict=True):
        spread[place - row.start] = value
    return spread


def _groups_shuffled(batch: dict[str, Any], size: int) -> dict[str, Any]:
    """The batch with its groups in another order."""
    count = len(batch[ROW])
    groups = torch.arange(count, device=batch[ROW].device).view(-1, size if count % size == 0 else 1)
    order = groups[torch.randperm(len(groups), device=groups.device)].flatten()
    return {
        key: value[order] if isinstance(value, torch.Tensor) and value.ndim and len(value) == count else value
        for key, value in batch.items()
    }


def _reward(name: str) -> Callable[..., list[float]]:
    """A reward function for TRL that hands on what the graph's run was given."""

    def reward(**columns: Any) -> list[float]:
        return [float(value) for value in columns[REWARD + name]]

    reward.__name__ = name
    return reward

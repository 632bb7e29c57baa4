"""Log-probabilities at chosen positions, without logits of all the others.

The forward pass of a causal model returns logits for every token, of which a packed tree needs few: those before a
token of the policy. A model with a scoring head takes `score=Score(…)` and returns log-probability and entropy there,
a chunk at a time, recomputed in the backward pass, so that no `(tokens, vocabulary)` tensor is kept. It is the model's
own `forward` that is extended: PEFT, FSDP and gradient checkpointing wrap it as ever.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.utils.checkpoint import checkpoint

from maestro_graph.routers.policy._torch_model import allowed_tokens

__all__ = ["Score", "Scored", "add_scoring_head"]

CHUNK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What to score: K tokens.

    Attributes:
        places: K indices into the flattened (batch times tokens) sequence: where each token is predicted.
        targets: K token ids.
        temperature: K temperatures that the logits are divided by.
        masks: K bit masks of the vocabulary as 32-bit words (bit b of word w allows token 32 w + b), or `None` for
            tokens that were sampled freely.
        kept, total: these K are the tokens of so many at these indices; the others have probability 1.
    """

    places: torch.Tensor
    targets: torch.Tensor
    temperature: torch.Tensor
    masks: Sequence[torch.Tensor | None] | None = None
    kept: torch.Tensor | None = None
    total: int = 0


class Scored(NamedTuple):
    """K log-probabilities (natural, of the masked and renormalised distribution at its temperature), K entropies.

    A tuple, since FSDP and DDP look for tensors in what a module returns, and do not look into other classes: FSDP
    would then not gather the scoring head's weights for the backward pass.
    """

    logps: torch.Tensor
    entropies: torch.Tensor


def add_scoring_head(model: Any) -> Any:
    """Extend `model.forward` with `score=`; to be done before PEFT or FSDP wrap the model. Returns the model."""
    plain = model.forward

    @functools.wraps(type(model).forward)
    def forward(self: Any, *args: Any, score: Score | None = None, **kwargs: Any) -> Any:
        if score is None:
            return plain(*args, **kwargs)
        kwargs["use_cache"] = False
        # Looked up at each call: PEFT and FSDP put wrappers in their places.
        hidden = self.base_model(*args, **kwargs).last_hidden_state
        picked = hidden.reshape(-1, hidden.shape[-1])[score.places]
        return _spread(_within(self.get_output_embeddings(), picked, score), score)

    model.forward = types.MethodType(forward, model)
    return model


def _within(head: Any, hidden: torch.Tensor, score: Score) -> Scored:
    """Score inside a single call of the head.

    FSDP may shard the head by itself (accelerate puts it together with the last norm): its weights are gathered for a
    call and for the call's backward pass, in which the chunks are computed again.
    """
    plain, own = head.forward, "forward" in vars(head)
    head.forward = lambda given: Scored(*_score(given, plain, score))
    try:
        found: Scored = head(hidden)
    finally:
        if own:
            head.forward = plain
        else:
            del head.forward
    return found


def _score(
    hidden: torch.Tensor, head: Callable[[torch.Tensor], torch.Tensor], score: Score
) -> tuple[torch.Tensor, torch.Tensor]:
    if not len(hidden):
        # A batch without a token of the policy still has a gradient, of zero: every process must take part.
        nothing = hidden.sum() * 0.0
        return nothing.expand(0), nothing.expand(0)
    logps, entropies = [], []
    for start in range(0, len(hidden), CHUNK):
        part = slice(start, start + CHUNK)
        given = (hidden[part], score.targets[part], score.temperature[part])
        found = checkpoint(_score_chunk, head, *given, _stack(score, part, hidden.device), use_reentrant=False)
        logps.append(found[0])
        entropies.append(found[1])
    return torch.cat(logps), torch.cat(entropies)


def _spread(found: tuple[torch.Tensor, torch.Tensor], score: Score) -> Scored:
    """With the tokens that had to come: their log-probability and entropy are 0."""
    if score.kept is None:
        return Scored(*found)
    logps, entropies = (one.new_zeros(score.total).index_copy(0, score.kept, one) for one in found)
    return Scored(logps, entropies)


def _stack(score: Score, part: slice, device: torch.device) -> torch.Tensor | None:
    """Masks of a chunk as words; a token without a mask is allowed everything."""
    if score.masks is None or all(mask is None for mask in score.masks[part]):
        return None
    words = next(len(mask) for mask in score.masks[part] if mask is not None)
    free = torch.full((words,), -1, dtype=torch.int32)
    return torch.stack([free if mask is None else mask for mask in score.masks[part]]).to(device)


def _score_chunk(
    head: Callable[[torch.Tensor], torch.Tensor],
    hidden: torch.Tensor,
    targets: torch.Tensor,
    temperature: torch.Tensor,
    masks: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    logits = head(hidden).float() / temperature[:, None]
    if masks is not None:
        logits = logits.masked_fill(~allowed_tokens(masks, logits.shape[-1]), float("-inf"))
    logs = logits.log_softmax(-1)
    logps = logs.gather(-1, targets[:, None])[:, 0]
    # Forbidden tokens have probability 0 and log-probability minus infinity: their share of the entropy is 0, and
    # so must be its gradient.
    finite = logs.masked_fill(logs == float("-inf"), 0.0)
    return logps, -(finite.exp() * finite * (logs != float("-inf"))).sum(-1)

"""The model that is trained, ready for it: scoring head, adapter, and the router that samples from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from maestro_graph.errors import RegistryError
from maestro_graph.registry import Sampling
from maestro_graph.routers.policy import PolicyRouter, PolicyTokenizer
from maestro_graph.routers.policy._in_process import InProcessSampler
from maestro_graph.routers.policy._torch_model import TorchPolicy, load_policy
from maestro_training.policy._config import LoraSettings, PolicyTraining
from maestro_training.policy._head import add_scoring_head
from maestro_training.policy._processes import Processes

__all__ = ["TrainedModel", "open_model"]

LINGER_S = 0.05
"""The runs of a round go in step: one batch of them all costs little more than one of a few."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The model with what belongs to it.

    Attributes:
        model: with a scoring head, wrapped by PEFT where an adapter is trained.
        tokenizer: of transformers, for the trainer.
        policy: samples from that very model.
        router: the graph's router on it.
    """

    model: Any
    tokenizer: Any
    policy: TorchPolicy
    router: PolicyRouter

    @property
    def image_token(self) -> int | None:
        """Id of the placeholder of a picture, for models that see."""
        return getattr(self.model.config, "image_token_id", None)


def open_model(training: PolicyTraining, *, device: str | None = None) -> TrainedModel:
    """Load the model and build the router on it.

    Raises:
        MaestroError: it cannot be loaded, or has no chat template that keeps earlier turns as they are.
    """
    from transformers import AutoTokenizer

    path = training.model_path
    device = device or (f"cuda:{Processes.here().local}" if torch.cuda.is_available() else "cpu")
    dtype = "bfloat16" if training.precision == "bfloat16" and training.lora is not None else "float32"
    options = training.options.model_copy(update={"device": device, "dtype": dtype, "base": None})
    tokens = PolicyTokenizer.load(path)
    policy = load_policy(path, tokens, adapter=None, options=options)
    model = add_scoring_head(policy.model)
    if training.attention == "flex":
        # After construction: transformers refuses FlexAttention for some architectures that run it all the same.
        model.config.get_text_config()._attn_implementation = "flex_attention"
    if training.lora is not None:
        model = policy.model = _with_adapter(model, training.lora)
    sampler = InProcessSampler(policy, max_batch=training.in_flight, linger_s=LINGER_S)
    router = PolicyRouter(
        sampler,
        tokens,
        options=options,
        sampling=Sampling(temperature=training.temperature, max_tokens=training.lengths.turn),
        think_opened=training.think_opened,
    )
    tokenizer = AutoTokenizer.from_pretrained(path)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return TrainedModel(model, tokenizer, policy, router)


def _with_adapter(model: Any, lora: LoraSettings) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=lora.targets, task_type="CAUSAL_LM")
    try:
        found = get_peft_model(model, config)
    except ValueError as error:
        raise RegistryError(f"the adapter does not fit the model: {error}") from error
    # Adapters in bfloat16 do not move at small learning rates.
    for parameter in found.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return found

"""How an endpoint of a registry is served: the `serve:` section, which `maestro up` turns into a vLLM command."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ServeConfig"]

LogprobsMode = Literal["raw_logprobs", "processed_logprobs", "raw_logits", "processed_logits"]
# A shell and a YAML file read them too.
_EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class ServeConfig(BaseModel):
    """How vLLM serves the model of an endpoint. Host and port come from the endpoint's `base_url`.

    What is not set here is left to vLLM; what has no field goes into `args`. Endpoints with the same `base_url` share
    one server: one of them carries this section, or all carry the same.

    Attributes:
        weights: what vLLM loads: a name on a model hub, or a folder (relative to the registry's file); by default the
            endpoint's `model`.
        gpus: numbers of the GPUs that the server sees; empty leaves that to the environment.
        tensor_parallel_size, pipeline_parallel_size, data_parallel_size: vLLM's own ways of spreading a model over
            GPUs, and of running replicas behind one address.
        dtype: such as `bfloat16` or `float32`; `auto` takes what the weights say.
        max_model_len: tokens of prompt and reply together.
        max_num_seqs: requests computed at once.
        gpu_memory_utilization: share of a GPU's memory that the server takes.
        max_images: pictures that one request may hold.
        lora: adapters that are served beside the model: name to folder or hub name.
        max_lora_rank: the largest rank among them.
        logprobs_mode: what a token's log-probability is: `raw_logprobs` before temperature and penalties,
            `processed_logprobs` as sampled.
        generation_config: `vllm` samples by the request alone; `auto` adds the defaults that come with the weights.
        args: further options of `vllm serve`, one item a word.
        env: environment variables of the server.
        start_s: how long it may take until it answers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    weights: str | None = Field(default=None, min_length=1)
    gpus: tuple[Annotated[int, Field(ge=0)], ...] = ()
    tensor_parallel_size: int = Field(default=1, ge=1)
    pipeline_parallel_size: int = Field(default=1, ge=1)
    data_parallel_size: int = Field(default=1, ge=1)
    dtype: Literal["auto", "half", "float16", "bfloat16", "float", "float32"] = "auto"
    max_model_len: int | None = Field(default=None, ge=1)
    max_num_seqs: int | None = Field(default=None, ge=1)
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    max_images: int | None = Field(default=None, ge=0)
    lora: dict[str, str] = Field(default_factory=dict)
    max_lora_rank: int | None = Field(default=None, ge=1)
    logprobs_mode: LogprobsMode | None = None
    generation_config: Literal["vllm", "auto"] = "vllm"
    args: tuple[str, ...] = ()
    env: dict[_EnvName, str] = Field(default_factory=dict)
    start_s: float = Field(default=1800.0, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> ServeConfig:
        if len(set(self.gpus)) < len(self.gpus):
            raise ValueError(f"gpus {list(self.gpus)} names a GPU twice")
        wanted = self.tensor_parallel_size * self.pipeline_parallel_size * self.data_parallel_size
        on_one_host = not {"ray", "--nnodes", "-n", "--data-parallel-size-local"} & set(self.args)
        if self.gpus and len(self.gpus) != wanted and on_one_host:
            raise ValueError(
                f"gpus names {len(self.gpus)}, the sizes of tensor, pipeline and data parallelism multiply to {wanted}"
            )
        for name, folder in self.lora.items():
            if not name or not folder or "=" in name:
                raise ValueError(f"the LoRA adapter {name!r} needs a name without '=' and a folder")
        return self

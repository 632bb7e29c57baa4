"""What a registry may say of a policy router under `options`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro_graph.errors import RegistryError

__all__ = ["PolicyOptions", "read_options"]


class PolicyOptions(BaseModel):
    """Options of a policy router.

    Attributes:
        structured: sample under the grammar of a turn. Without it a turn may be malformed.
        template: `auto`, `chatml` or `model`: how the conversation is written (see `choose_format`).
        max_thought, max_query, max_answer: bounds of the grammar, in characters.
        queries: `question`: the only query is the user's question (where it is one line that fits the grammar), so
            that a weak writer decides whom to ask and need not say what. `named`: the same, and it is written as
            `the question` whatever it is, long or of several lines: the fewest tokens. `free`: any.
        answers: `evidence`: the only answers are those that experts gave, and before there is one the policy must
            ask. `free`: any.
        last_turn: `answer`: a turn behind which there is no other can only be an answer (`unknown` where answers are
            restricted and there is none). `free`: it may still ask, in vain.
        prompt: `full`, or `brief`: a first sentence for each expert and skill and no example, for a small model that
            is trained on it.
        pictures: `shown`, or `told`: a model that cannot see is told how many there are.
        observation_chars: how much of each reply the router reads.
        max_image_side: pictures are scaled down to this many pixels.
        base: in process, the model that an adapter belongs to; by default the one that the adapter names.
        device: in process, `auto` takes a GPU where there is one.
        dtype: in process, the model's own by default. Exact log-probabilities want `float32`.
        max_batch: in process, turns that are sampled together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    structured: bool = True
    template: Literal["auto", "chatml", "model"] = "auto"
    max_thought: int = Field(default=2000, ge=0, le=20_000)
    max_query: int = Field(default=500, ge=1, le=20_000)
    max_answer: int = Field(default=1000, ge=1, le=20_000)
    queries: Literal["free", "question", "named"] = "free"
    answers: Literal["free", "evidence"] = "free"
    last_turn: Literal["free", "answer"] = "free"
    prompt: Literal["full", "brief"] = "full"
    pictures: Literal["shown", "told"] = "shown"
    observation_chars: int = Field(default=4096, ge=100)
    max_image_side: int = Field(default=2048, ge=16)
    base: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_batch: int = Field(default=64, ge=1)


def read_options(options: dict[str, Any]) -> PolicyOptions:
    """Validate the options of a registry.

    Raises:
        RegistryError: names the field.
    """
    try:
        return PolicyOptions.model_validate(options)
    except ValidationError as error:
        lines = "\n".join(f"  options.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        fields = ", ".join(PolicyOptions.model_fields)
        raise RegistryError(f"the policy router's options do not validate (there are: {fields}):\n{lines}") from None

"""What a training run of a policy is asked for: a YAML file, or a configuration that ships."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from maestro_graph.errors import MaestroError
from maestro_graph.routers.policy import PolicyOptions

__all__ = ["HeldOutSettings", "Lengths", "LoraSettings", "PolicyTraining", "policy_configs", "read_policy_training"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LoraSettings(_Strict):
    """A PEFT adapter; without one all weights are trained."""

    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    targets: str | list[str] = "all-linear"


class Lengths(_Strict):
    """Bounds in tokens.

    Attributes:
        prompt: the first prompt of a trajectory, pictures included.
        turn: what the policy may write in one turn.
        trajectory: everything after the first prompt, over all turns: what the policy wrote and the observations.
    """

    prompt: int = Field(default=12_288, ge=1)
    turn: int = Field(default=1_024, ge=1)
    trajectory: int = Field(default=4_096, ge=1)


class HeldOutSettings(_Strict):
    """Questions that the policy is tried on, before, while and after it is trained.

    Attributes:
        limit: so many questions of the split; by default all.
        every: rounds between two trials; 0 tries before and after only.
        some: questions of a trial while training is under way; by default all.
        group: sampled runs of each question beside the greedy one; 0 does without.
    """

    split: Literal["train", "validation", "test"] = "test"
    limit: int | None = Field(default=None, ge=1)
    every: int = Field(default=0, ge=0)
    some: int | None = Field(default=None, ge=1)
    group: int = Field(default=1, ge=0)


class PolicyTraining(_Strict):
    """A training run of a language-model or vision-language policy.

    Attributes:
        model: folder of the model, or its name on the hub; `$NAME` is read from the environment.
        suite: name or folder of the suite; `split` of it is trained on.
        outcomes: file of the outcome table; without it the registry's experts are asked.
        solvable: leave training questions out that no plan of the table solves: all runs of such a group are wrong, and
            nothing can be learnt from them. Held-out questions stay as they are.
        registry: preset or file.
        options: of the policy router: grammar, template and bounds.
        steps: rounds of rollouts; `questions` of each, `group_size` runs of every question.
        passes: updates on the rollouts of a round; the ratio is to what was sampled in each of them.
        micro_batch: trajectories of one forward pass, a multiple of `group_size` so that groups stay together.
        lora: an adapter is trained; `None` trains all weights.
        precision: `float32`, or `bfloat16`: autocast over float32 weights (full) or over a bfloat16 base (adapters).
        tf32: matrix products in TF32 on NVIDIA GPUs, in sampling and training: faster, and log-probabilities are good
            to about three digits only.
        attention: `dense`, or `flex` (FlexAttention; a GPU).
        deadline_s: seconds of one run of the graph, the sampling of its turns included.
        kl: weight of the divergence from the start; the paper has none.
        scale_rewards: divide a group's advantages by their spread, as the paper does. Off: where all runs of a group
            are wrong, the small price of a call does not count as much as being right elsewhere.
        checkpoint: every so many rounds; training goes on from the last one.
        max_minutes: stop after so many minutes, with a checkpoint, the policy and a report; going on in the folder
            trains for as long again. Held-out runs at the end are counted in.
        held_out: which questions the policy is tried on that it is not trained on, and how often.
    """

    model: str
    suite: str
    split: Literal["train", "validation", "test"] = "train"
    limit: int | None = Field(default=None, ge=1)
    outcomes: Path | None = None
    solvable: bool = False
    registry: str = "embedded"
    options: PolicyOptions = PolicyOptions()
    think_opened: bool = False
    steps: int = Field(default=100, ge=1)
    passes: int = Field(default=1, ge=1)
    questions: int = Field(default=8, ge=1)
    group_size: int = Field(default=8, ge=2)
    micro_batch: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=1e-6, gt=0)
    warmup: int = Field(default=0, ge=0)
    temperature: float = Field(default=1.0, gt=0)
    max_turns: int = Field(default=4, ge=1)
    max_calls: int = Field(default=8, ge=1)
    in_flight: int = Field(default=64, ge=1)
    deadline_s: float = Field(default=600.0, gt=0)
    calls_weight: float = Field(default=0.0, ge=0)
    lengths: Lengths = Lengths()
    lora: LoraSettings | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    tf32: bool = False
    attention: Literal["dense", "flex"] = "dense"
    share_prefixes: bool = True
    checkpointing: bool = True
    kl: float = Field(default=0.0, ge=0)
    entropy: float = Field(default=0.0, ge=0)
    clip_low: float = Field(default=0.2, gt=0, lt=1)
    clip_high: float = Field(default=0.28, gt=0)
    scale_rewards: bool = True
    checkpoint: int = Field(default=20, ge=1)
    max_minutes: float | None = Field(default=None, gt=0)
    held_out: HeldOutSettings | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _fits(self) -> PolicyTraining:
        if self.solvable and self.outcomes is None:
            raise ValueError("solvable is set without outcomes; only a table knows which questions can be solved")
        rows = self.questions * self.group_size
        if rows % self.micro_batch:
            raise ValueError(
                f"micro_batch is {self.micro_batch}, and {self.questions} questions by {self.group_size} runs are "
                f"{rows} trajectories; it must divide them"
            )
        return self

    @property
    def model_path(self) -> str:
        """The model, with its environment variable read.

        Raises:
            MaestroError: the variable is not set.
        """
        if not self.model.startswith("$"):
            return self.model
        found = os.environ.get(self.model[1:])
        if not found:
            raise MaestroError(
                f"the configuration names its model by the environment variable {self.model[1:]}, which is not set; "
                f"set it to the model's folder"
            )
        return found


def policy_configs() -> dict[str, str]:
    """The configurations that ship: name and text."""
    folder = files("maestro_training.policy").joinpath("configs")
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda item: item.name)
        if entry.name.endswith(".yaml")
    }


def read_policy_training(name: str, changes: Sequence[str] = ()) -> PolicyTraining:
    """Read a file, or a configuration that ships.

    Args:
        changes: `field=value` or `field.field=value`, the value in YAML.

    Raises:
        MaestroError: there is none of that name, or it does not validate; names the fields.
    """
    shipped = policy_configs()
    if name in shipped:
        text = shipped[name]
    elif Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise MaestroError(f"there is no file {name!r}, and no such configuration; those that ship: {sorted(shipped)}")
    try:
        read = yaml.safe_load(text)
        for change in changes:
            _change(read, change)
        return PolicyTraining.model_validate(read)
    except yaml.YAMLError as error:
        raise MaestroError(f"{name}: no YAML: {error}") from error
    except ValidationError as error:
        lines = "\n".join(f"  {'.'.join(map(str, item['loc'])) or name}: {item['msg']}" for item in error.errors())
        raise MaestroError(f"{name} does not validate:\n{lines}") from None


def _change(read: Any, change: str) -> None:
    path, equals, value = change.partition("=")
    *parents, last = path.strip().split(".")
    for parent in parents:
        if isinstance(read, dict) and read.get(parent) is None:
            read[parent] = {}
        read = read[parent] if isinstance(read, dict) else None
    if not equals or not last or not isinstance(read, dict):
        raise MaestroError(f"the change {change!r} cannot be made; write it as field=value or field.field=value")
    read[last] = yaml.safe_load(value)

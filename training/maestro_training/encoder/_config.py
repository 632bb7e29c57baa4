"""What a training run is asked for: a YAML file, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro_graph.errors import MaestroError
from maestro_training.encoder._vary import Variation

__all__ = ["Blend", "EncoderTraining", "HeadSizes", "Objective", "RewardWeights", "read_training"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Objective(_Strict):
    """The group-relative objective.

    Attributes:
        clip_low, clip_high: the ratio new/old counts between 1 - low and 1 + high.
        entropy: weight of the entropy, from the start to the end of training.
        kl: weight of the divergence from the start; 0 does without.
        passes: updates on one round of rollouts.
        average: how much of the running average of the weights an update keeps; the policy that comes out is that
            average. 0 gives the last weights.
        train_projections: train the random projections into the metric and the kinds too.
    """

    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    clip_low: float = Field(default=0.2, gt=0, lt=1)
    clip_high: float = Field(default=0.28, gt=0)
    entropy: float = Field(default=0.01, ge=0)
    kl: float = Field(default=0.0, ge=0)
    passes: int = Field(default=2, ge=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    average: float = Field(default=0.95, ge=0, lt=1)
    train_projections: bool = True


class RewardWeights(_Strict):
    """Weights of the components. The outcome's is 1; a format of 1 is the paper's.

    Attributes:
        scale: divide a group's advantages by their spread. Off: where all runs of a group are wrong, the small price
            of a call would count as much as being right elsewhere, and the policy learns to stop at once.
        ramp: share of the training over which the prices of calls, cost and latency rise from nothing to these
            weights: a second call must first be found to be worth its price.
        unsolved: what the advantages of a group count in which no run was right. Such a group says only what is
            cheap; counted in full, a policy that was trained while an expert was missing keeps away from the questions
            of that expert, and does not ask it once it is there.
    """

    format: float = Field(default=1.0, ge=0)
    calls: float = Field(default=0.12, ge=0)
    cost: float = Field(default=0.0, ge=0)
    latency: float = Field(default=0.0, ge=0)
    combination: Literal["sum", "gdpo"] = "sum"
    scale: bool = False
    ramp: float = Field(default=0.6, ge=0, le=1)
    unsolved: float = Field(default=0.3, ge=0, le=1)


class HeadSizes(_Strict):
    """Sizes of the head; see `initial_weights`."""

    metric: int = Field(default=16, ge=1)
    second: int = Field(default=16, ge=1)
    kinds: int = Field(default=8, ge=1)
    hidden: int = Field(default=48, ge=1)


class Blend(_Strict):
    """How much of what training changed is kept in the weights that come out; 1 is all of it.

    Attributes:
        similarity: of how near question, picture and reply seem to the cards.
        networks: of what is made of that for a pair.
    """

    similarity: float = Field(default=1.0, ge=0, le=1)
    networks: float = Field(default=1.0, ge=0, le=1)


class EncoderTraining(_Strict):
    """A training run of the encoder policy.

    Attributes:
        suite: name or folder of the suite; its `train` split is trained on, `validation` watched, `test` reported.
        outcomes: file of the outcome table (`maestro eval outcomes`).
        registry: preset or file.
        blend: what comes out is so far from the start; less than 1 routes better what training had no wording of.
        without_families: families whose samples are kept out of training.
        without_experts, without_skills: experts and skills (protocol names) kept out of the training registry.
        steps: rounds of rollouts, each followed by an update.
        questions: questions of a round; `group_size` runs of each.
        registries: varied registries of a round.
        watch: every so many rounds the validation split is run greedily.
        checkpoint: every so many rounds a checkpoint is written.
    """

    suite: str
    outcomes: Path
    registry: str = "embedded"
    seed: int = 0
    without_families: tuple[str, ...] = ()
    without_experts: tuple[str, ...] = ()
    without_skills: tuple[str, ...] = ()
    steps: int = Field(default=150, ge=1)
    questions: int = Field(default=64, ge=1)
    group_size: int = Field(default=16, ge=2)
    registries: int = Field(default=4, ge=1)
    max_turns: int = Field(default=4, ge=2)
    watch: int = Field(default=20, ge=1)
    checkpoint: int = Field(default=20, ge=1)
    threads: int = Field(default=2, ge=1)
    vary: Variation = Variation()
    objective: Objective = Objective()
    reward: RewardWeights = RewardWeights()
    head: HeadSizes = HeadSizes()
    blend: Blend = Blend()
    shuffle_rewards: bool = False
    """A control: rewards are shuffled among trajectories, from which nothing can be learnt."""


def read_training(file: Path) -> EncoderTraining:
    """Read a YAML file; relative paths start at its folder.

    Raises:
        MaestroError: it cannot be read or does not validate; the message names the field.
    """
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        found = EncoderTraining.model_validate(data)
    except (OSError, UnicodeDecodeError) as error:
        raise MaestroError(f"the training file {str(file)!r} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise MaestroError(f"{file} is no YAML: {error}") from error
    except ValidationError as error:
        lines = "\n".join(f"  {'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
        raise MaestroError(f"{file} does not validate; mend these fields:\n{lines}") from error
    folder = file.resolve().parent
    suite = folder / Path(found.suite).expanduser()
    return found.model_copy(
        update={
            "outcomes": folder / found.outcomes.expanduser(),
            "suite": str(suite) if suite.exists() else found.suite,
        }
    )

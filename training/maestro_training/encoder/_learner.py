"""The group-relative objective on exact action distributions. The only module of this package that imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.routers.encoder import CardArrays, StateArrays, forward, stacked
from maestro_training.encoder._play import Played

if TYPE_CHECKING:
    from maestro_training.encoder._config import Objective

__all__ = ["Batch", "Learner", "UpdateFigures", "batch_of", "torch_logits"]

Weights = dict[str, NDArray[np.float32]]

RATIO_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps over one action set: distinct states, and M steps that were taken in them.

    Attributes:
        row: (M,) the state of each step; `chosen`, `logprob` what was drawn and its log-probability as sampled;
            `advantage` the one of its trajectory.
    """

    cards: CardArrays
    states: StateArrays
    row: NDArray[np.int64]
    chosen: NDArray[np.int64]
    logprob: NDArray[np.float32]
    advantage: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """What an update looked like, means over its steps.

    Attributes:
        first_ratio: largest difference from 1 of the ratio new/old before the first change: 0 but for rounding, as
            old is what was sampled.
    """

    loss: float
    entropy: float
    kl: float
    clipped: float
    first_ratio: float
    grad_norm: float


def batch_of(played: Played) -> Batch | None:
    """The steps of all trajectories, also of groups that say nothing: the entropy term holds there too.

    `None` if there is no step.
    """
    row: list[int] = []
    chosen: list[int] = []
    logprob: list[float] = []
    advantage: list[float] = []
    for group, states in zip(played.groups, played.steps, strict=True):
        for item, numbers in zip(group, states, strict=True):
            for step, number in zip(item.steps, numbers, strict=True):
                row.append(number)
                chosen.append(step.chosen)
                logprob.append(step.logprob)
                advantage.append(item.advantage or 0.0)
    if not row:
        return None
    used = sorted(set(row))
    place = {number: at for at, number in enumerate(used)}
    return Batch(
        cards=played.cards,
        states=stacked([played.arrays[number] for number in used]),
        row=np.array([place[number] for number in row], np.int64),
        chosen=np.array(chosen, np.int64),
        logprob=np.array(logprob, np.float32),
        advantage=np.array(advantage, np.float32),
    )


class Learner:
    """Weights under training, with their optimiser.

    Args:
        weights: the start, which the KL term holds on to.
        objective: the objective's settings.

    Raises:
        MissingExtraError: torch is not installed.
    """

    def __init__(self, weights: Weights, objective: Objective) -> None:
        self._torch = torch = _torch()
        self.objective = objective
        self._weights = {
            name: torch.nn.Parameter(torch.tensor(value, dtype=torch.float32)) for name, value in weights.items()
        }
        self._start = {name: torch.tensor(value, dtype=torch.float32) for name, value in weights.items()}
        self._average = {name: value.clone() for name, value in self._start.items()}
        held = {"metric_out", "metric_in", "second_card", "second_question", "kinds"}
        held |= {"pair_1", "pair_2", "stop_1", "stop_2"}
        self._optimiser = torch.optim.AdamW(
            [
                {
                    "params": [value for name, value in self._weights.items() if (name in held) == decays],
                    "weight_decay": objective.weight_decay if decays else 0.0,
                }
                for decays in (True, False)
            ],
            lr=objective.learning_rate,
        )
        self._fixed = {"metric_in", "second_question", "kinds"} if not objective.train_projections else set()
        for name in self._fixed:
            self._weights[name].requires_grad_(False)

    @property
    def weights(self) -> Weights:
        """A copy of the weights as numpy arrays."""
        return {name: value.detach().numpy().copy() for name, value in self._weights.items()}

    @property
    def average(self) -> Weights:
        """A copy of the running average of the weights, which varies less from seed to seed than where they end."""
        return {name: value.numpy().copy() for name, value in self._average.items()}

    def set_rate(self, factor: float) -> None:
        """Set the learning rate to a share of its full value."""
        for group in self._optimiser.param_groups:
            group["lr"] = self.objective.learning_rate * factor

    def update(self, batches: Sequence[Batch]) -> UpdateFigures:
        """One or more passes over the batches of one round of rollouts.

        Raises:
            MaestroError: the recorded log-probabilities are not those of the policy that is trained: with the weights
                that sampled, the ratio new/old must be 1.
        """
        torch = self._torch
        tensors = [self._tensors(batch) for batch in batches]
        total = sum(len(batch.row) for batch in batches)
        figures: list[UpdateFigures] = []
        for turn in range(self.objective.passes):
            self._optimiser.zero_grad()
            sums = np.zeros(5)
            for cards, states, rows in tensors:
                loss, seen = self._loss(cards, states, rows, total)
                if turn == 0 and seen[4] > RATIO_TOLERANCE:
                    raise MaestroError(
                        f"the ratio new/old is off by {seen[4]:.2g} before the first change: the recorded "
                        f"log-probabilities are not those that this policy gave; roll out anew with its weights"
                    )
                loss.backward()
                sums[:4] += seen[:4]
                sums[4] = max(sums[4], seen[4])
            norm = torch.nn.utils.clip_grad_norm_(
                [value for value in self._weights.values() if value.grad is not None], self.objective.max_grad_norm
            )
            self._optimiser.step()
            with torch.no_grad():
                for name, value in self._average.items():
                    value.lerp_(self._weights[name], 1 - self.objective.average)
            loss_value, entropy, kl, clipped, ratio = (float(value) for value in sums)
            figures.append(UpdateFigures(loss_value, entropy, kl, clipped, ratio, float(norm)))
        return UpdateFigures(
            loss=figures[0].loss,
            entropy=figures[0].entropy,
            kl=figures[-1].kl,
            clipped=figures[-1].clipped,
            first_ratio=figures[0].first_ratio,
            grad_norm=figures[0].grad_norm,
        )

    def _loss(self, cards: Any, states: Any, rows: Mapping[str, Any], total: int) -> tuple[Any, list[float]]:
        """The share of one batch in the loss, and its sums: loss, entropy, KL to the start, clipped share, ratio."""
        torch, settings = self._torch, self.objective
        logprobs = torch.log_softmax(forward(torch, self._weights, cards, states), -1)
        new = logprobs[rows["row"], rows["chosen"]]
        ratio = torch.exp(new - rows["logprob"])
        advantage = rows["advantage"]
        low, high = 1 - settings.clip_low, 1 + settings.clip_high
        gain = torch.minimum(ratio * advantage, torch.clamp(ratio, low, high) * advantage)
        odds = logprobs.exp()
        entropy = -(odds * logprobs).sum(-1)[rows["row"]]
        loss = -gain - settings.entropy * entropy
        kl = torch.zeros_like(entropy)
        if settings.kl > 0:
            with torch.no_grad():
                start = torch.log_softmax(forward(torch, self._start, cards, states), -1)
            kl = (odds * (logprobs - start)).sum(-1)[rows["row"]]
            loss = loss + settings.kl * kl
        mean = loss.sum() / total
        outside = ((ratio < low) | (ratio > high)).float()
        parts = [mean, entropy.sum() / total, kl.sum() / total, outside.sum() / total, (ratio - 1).abs().max()]
        return mean, [float(part.detach()) for part in parts]

    def _tensors(self, batch: Batch) -> tuple[CardArrays, StateArrays, dict[str, Any]]:
        torch = self._torch

        def moved(item: Any) -> Any:
            return type(item)(**{f.name: torch.from_numpy(np.asarray(getattr(item, f.name))) for f in fields(item)})

        names = ("row", "chosen", "logprob", "advantage")
        return moved(batch.cards), moved(batch.states), {n: torch.from_numpy(getattr(batch, n)) for n in names}

    def save(self, file: Any) -> None:
        """Write weights, their average, the start and the optimiser."""
        state = {"weights": self._weights, "average": self._average, "start": self._start}
        state["optimiser"] = self._optimiser.state_dict()
        self._torch.save({**state, "weights": {name: value.detach() for name, value in self._weights.items()}}, file)

    def load(self, file: Any) -> None:
        """Take up what `save` wrote."""
        state = self._torch.load(file, weights_only=True)
        with self._torch.no_grad():
            for name, value in state["weights"].items():
                self._weights[name].copy_(value)
        self._start, self._average = state["start"], state["average"]
        self._optimiser.load_state_dict(state["optimiser"])


def torch_logits(weights: Weights) -> Callable[[CardArrays, StateArrays], NDArray[np.float32]]:
    """The policy as training computes it (`Head.logits` is how it is used).

    Raises:
        MissingExtraError: torch is not installed.
    """
    torch = _torch()
    given = {name: torch.from_numpy(value) for name, value in weights.items()}

    def moved(item: Any) -> Any:
        return type(item)(**{f.name: torch.from_numpy(np.asarray(getattr(item, f.name))) for f in fields(item)})

    def logits(cards: CardArrays, states: StateArrays) -> NDArray[np.float32]:
        found: NDArray[np.float32] = forward(torch, given, moved(cards), moved(states)).numpy()
        return found

    return logits


def set_threads(count: int) -> None:
    """How many threads an operation may use."""
    _torch().set_num_threads(count)


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("training", "train", error.name or "torch") from error
    return torch

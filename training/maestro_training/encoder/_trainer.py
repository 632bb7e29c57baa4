"""Train the encoder policy: rounds of rollouts from a table of outcomes, each followed by an update."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maestro_graph.routers.encoder import ActionCards, Head, initial_weights, texts_of
from maestro_training.encoder._blend import blended
from maestro_training.encoder._config import EncoderTraining
from maestro_training.encoder._figures import StepFigures, round_figures
from maestro_training.encoder._forms import forms
from maestro_training.encoder._judge import judged
from maestro_training.encoder._learner import Batch, Learner, batch_of, set_threads
from maestro_training.encoder._play import Budget, Encode, Played, play
from maestro_training.encoder._run_folder import RunFolder
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._vary import reworded, varied
from maestro_training.encoder._world import TableWorld, WorldSample
from maestro_training.rewards import Calls, Cost, Format, Latency, Outcome, Reward, group_advantages, with_rewards
from maestro_training.trajectory import TrajectoryGroup

__all__ = ["OnStep", "Trainer", "rewards_of"]

OnStep = Callable[[StepFigures], None]

WARM_UP = 10


def rewards_of(
    training: EncoderTraining, scores: Scores | None = None, *, step: int | None = None
) -> tuple[Reward, ...]:
    """The components that the settings ask for, with the prices of that round (of the last one by default)."""
    weights = training.reward
    rise = weights.ramp * training.steps
    share = 1.0 if step is None or step >= rise else step / rise
    optional: list[tuple[float, Callable[[float], Reward]]] = [
        (weights.format, Format),
        (share * weights.calls, Calls),
        (share * weights.cost, Cost),
        (share * weights.latency, Latency),
    ]
    return (Outcome(scorer=scores or Scores()), *(make(weight) for weight, make in optional if weight > 0))


@dataclass(frozen=True)
class _Round:
    played: tuple[Played, ...]
    batches: tuple[Batch, ...]
    figures: StepFigures


class Trainer:
    """A training run that can be stopped at any moment and goes on from its last checkpoint.

    What a round plays (questions, registries, draws) depends on the seed and the round's number alone, so a resumed
    run takes the same batches as one that was never stopped.

    Args:
        training: the settings.
        world: questions to train on, `watched` those to watch.
        cards: the registry to train on.
        encode: texts to vectors, with a memory.
        folder: where the run is kept; `None` keeps nothing.
    """

    def __init__(
        self,
        training: EncoderTraining,
        world: TableWorld,
        cards: ActionCards,
        encode: Encode,
        *,
        watched: TableWorld | None = None,
        folder: RunFolder | None = None,
    ) -> None:
        set_threads(training.threads)
        self.training, self.world, self.cards, self._encode = training, world, cards, encode
        self._watched, self._folder = watched, folder
        sizes = training.head
        dimensions = encode(texts_of(cards)[:1]).shape[1]
        self.start = initial_weights(
            training.seed,
            dimensions=dimensions,
            metric=sizes.metric,
            second=sizes.second,
            kinds=sizes.kinds,
            hidden=sizes.hidden,
        )
        self.learner = Learner(self.start, training.objective)
        self.step = 0
        self._scores = Scores()
        self._wordings = reworded(cards, training.vary, np.random.default_rng((training.seed, 3)))
        encode([text for texts in self._wordings.values() for text in texts])
        encode(world.forms(training.vary.questions))
        if folder is not None:
            self._resume(folder)

    def _resume(self, folder: RunFolder) -> None:
        for step, file in folder.checkpoints():
            self.learner.load(file)
            self.step = step
            break
        folder.rewind(self.step)

    @property
    def head(self) -> Head:
        """The policy as it is now: the running average of the weights, which is what is watched and kept."""
        return Head(blended(self.start, self.learner.average, self.training.blend))

    def run(self, on_step: OnStep | None = None) -> Head:
        """Train to the end."""
        while self.step < self.training.steps:
            figures = self.one_step()
            if on_step is not None:
                on_step(figures)
        return self.head

    def one_step(self) -> StepFigures:
        """One round of rollouts, and its update."""
        began = time.perf_counter()
        done = self._round(self.step)
        figures = done.figures
        if done.batches:
            self.learner.set_rate(self._rate())
            seen = self.learner.update(done.batches)
            figures = replace(
                figures,
                loss=seen.loss,
                entropy=seen.entropy,
                kl=seen.kl,
                clipped=seen.clipped,
                first_ratio=seen.first_ratio,
                grad_norm=seen.grad_norm,
            )
        self.step += 1
        if self._watched is not None and (self.step % self.training.watch == 0 or self.step == self.training.steps):
            figures = replace(figures, watched=self.watch(self._watched))
        figures = replace(figures, seconds=time.perf_counter() - began)
        if self._folder is not None:
            self._folder.append(figures.to_json())
            if self.step % self.training.checkpoint == 0 or self.step == self.training.steps:
                part, file = self._folder.new_checkpoint(self.step)
                self.learner.save(part)
                self._folder.keep(part, file)
        return figures

    def _rate(self) -> float:
        """Share of the learning rate: a short rise, then a cosine to a tenth."""
        done = self.step / self.training.steps
        return min(1.0, (self.step + 1) / WARM_UP) * (0.1 + 0.9 * 0.5 * (1 + float(np.cos(np.pi * done))))

    def questions(self, step: int) -> list[WorldSample]:
        """The questions of a round: every question once in each epoch, in an order of the epoch's own."""
        count, size = len(self.world), self.training.questions
        chosen: list[WorldSample] = []
        for at in range(step * size, (step + 1) * size):
            epoch, place = divmod(at, count)
            if place == 0 or not chosen:
                order = np.random.default_rng((self.training.seed, 1, epoch)).permutation(count)
            chosen.append(self.world.samples[int(order[place])])
        return chosen

    def _round(self, step: int) -> _Round:
        training = self.training
        rng = np.random.default_rng((training.seed, 2, step))
        head = Head(self.learner.weights)
        played: list[Played] = []
        for part in np.array_split(np.arange(training.questions), training.registries):
            if len(part) == 0:
                continue
            questions = self.questions(step)
            cards = varied(self.cards, training.vary, rng, self._wordings)
            done = play(
                [self._asked(questions[int(at)], rng) for at in part],
                cards,
                head.logits,
                self._encode,
                rng,
                group_size=training.group_size,
                budget=Budget(max_turns=training.max_turns),
                noise=training.vary.noise,
            )
            played.append(self._with_rewards(done, step))
        if training.shuffle_rewards:
            played = _shuffled(played, rng)
        batches = [batch for item in played if (batch := batch_of(item)) is not None]
        figures = round_figures(step, [group for item in played for group in item.groups])
        return _Round(tuple(played), tuple(batches), figures)

    def _asked(self, item: WorldSample, rng: np.random.Generator) -> WorldSample:
        """The question in one of its forms."""
        known = forms(item.sample.question, self.training.vary.questions)
        form = known[int(rng.integers(len(known)))]
        return replace(item, sample=replace(item.sample, question=form))

    def _with_rewards(self, done: Played, step: int) -> Played:
        weights = self.training.reward
        rewards = rewards_of(self.training, self._scores, step=step)
        groups = tuple(
            with_rewards(
                group,
                self.world.by_key[group.sample].sample,
                rewards,
                combination=weights.combination,
                scale=weights.scale,
            )
            for group in done.groups
        )
        return replace(done, groups=tuple(_weighed(group, weights.unsolved) for group in groups))

    def watch(self, world: TableWorld) -> dict[str, float]:
        """Score and calls of the greedy policy on the unvaried registry."""
        result = judged(world.samples, self.cards, self.head.logits, self._encode, max_turns=self.training.max_turns)
        return {"score": result.score, "calls": result.calls}


def _weighed(group: TrajectoryGroup, unsolved: float) -> TrajectoryGroup:
    """The group with its advantages scaled where none of its runs was right."""
    if unsolved == 1 or any(item.rewards["outcome"] > 0 for item in group):
        return group
    return group.with_advantages([unsolved * (item.advantage or 0.0) for item in group])


def _shuffled(played: Sequence[Played], rng: np.random.Generator) -> list[Played]:
    """Rewards of all trajectories, dealt out anew; advantages follow."""
    every = [item.reward or 0.0 for done in played for group in done.groups for item in group]
    dealt = iter(rng.permutation(every).tolist())
    found: list[Played] = []
    for done in played:
        groups = []
        for group in done.groups:
            rewards = [next(dealt) for _ in group]
            groups.append(group.with_advantages(group_advantages(rewards)))
        found.append(replace(done, groups=tuple(groups)))
    return found

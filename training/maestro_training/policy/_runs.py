"""The graph's runs as rows for the trainer: one group for each question, rewarded by its outcome."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.graph import run_sync
from maestro_graph.registry import Registry
from maestro_graph.routers import Router
from maestro_training.policy._config import Lengths
from maestro_training.policy._rows import PolicyRow, PolicySpan
from maestro_training.rewards import Reward, rewarded
from maestro_training.rollouts import RolloutFolder, RolloutSettings, roll_out
from maestro_training.trajectory import Trajectory, TrajectoryGroup, require_exact

__all__ = ["GraphRuns", "RewardedRow", "row_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardedRow:
    """A trajectory as the trainer needs it, and the components of its reward by name."""

    row: PolicyRow
    rewards: Mapping[str, float] = field(default_factory=dict)


class GraphRuns:
    """Runs the graph for the trainer.

    Args:
        samples: the questions, by key.
        registry: experts and skills, live or out of a table of outcomes.
        router: a `PolicyRouter` on the model that is trained.
        rewards: components of the reward.
        settings: of the rollouts; the seed is varied with every round.
        folder: where the runs are traced, one folder a round.
        lengths: bounds of a trajectory; a longer one is an error that names the sample, never cut.
        sees: whether the policy is shown the pictures.
        end: id of the token that stands in for a turn that was never sampled.
        on_groups: told of every round.
    """

    def __init__(
        self,
        *,
        samples: Sequence[Sample],
        registry: Registry,
        router: Router,
        rewards: Sequence[Reward],
        settings: RolloutSettings,
        folder: Path,
        end: int,
        lengths: Lengths | None = None,
        sees: bool = True,
        on_groups: Callable[[int, Sequence[TrajectoryGroup]], None] | None = None,
    ) -> None:
        self._samples = {sample.key: sample for sample in samples}
        self._registry, self._router, self._rewards = registry, router, tuple(rewards)
        self._settings, self._folder, self._end = settings, folder, end
        self._lengths, self._on_groups = lengths or Lengths(), on_groups
        self._sees = sees
        self.round = 0

    def keep_from(self, first: int) -> None:
        """Rounds count from `first`; runs of it are resumed, those of later rounds came from weights that are lost."""
        self.round = first
        for folder in self._folder.glob("round-*"):
            if int(folder.name.removeprefix("round-")) > first:
                shutil.rmtree(folder)

    def __call__(self, keys: Sequence[str]) -> list[RewardedRow]:
        """One row for each key, those of a question one after another in the order of the keys."""
        wanted = Counter(keys)
        sizes = set(wanted.values())
        if len(sizes) != 1:
            raise MaestroError(f"groups of {sorted(sizes)} runs were asked for; all groups of a round are of one size")
        samples = [self._sample(key) for key in wanted]
        settings = replace(self._settings, group_size=sizes.pop(), seed=self._settings.seed * 1_000_003 + self.round)
        folder = RolloutFolder(self._folder / f"round-{self.round:06d}", {"round": self.round, "keys": list(wanted)})
        groups = run_sync(roll_out(samples, self._registry, self._router, settings, folder))
        self._check_failures(groups)
        judged = [self._judged(group, sample) for group, sample in zip(groups, samples, strict=True)]
        if self._on_groups is not None:
            self._on_groups(self.round, judged)
        self.round += 1
        rows = {group.sample: self._rows(group) for group in judged}
        return [next(rows[key]) for key in keys]

    @staticmethod
    def _check_failures(groups: Sequence[TrajectoryGroup]) -> None:
        problems = [item.problem for group in groups for item in group]
        if all(problems):
            raise MaestroError(
                f"all {len(problems)} runs of a round failed, so that there is nothing to learn from; the first one: "
                f"{problems[0]}"
            )

    def _sample(self, key: str) -> Sample:
        try:
            return self._samples[key]
        except KeyError:
            raise MaestroError(f"there is no sample {key!r} among the {len(self._samples)} of this training") from None

    def _judged(self, group: TrajectoryGroup, sample: Sample) -> TrajectoryGroup:
        require_exact(tuple(group))
        return replace(group, trajectories=tuple(rewarded(item, sample, self._rewards) for item in group))

    def _rows(self, group: TrajectoryGroup) -> Iterator[RewardedRow]:
        prompts = [item.tokens.ids[: item.tokens.spans[0].start] for item in group if item.tokens is not None]
        for item in group:
            yield RewardedRow(row=self._row(item, prompts), rewards=item.rewards)

    def _row(self, item: Trajectory, prompts: Sequence[tuple[int, ...]]) -> PolicyRow:
        if item.tokens is None:
            # A run that failed before the first token: its reward counts in the group, it has nothing to train.
            prompt = prompts[0] if prompts else (self._end,)
            return PolicyRow(ids=(*prompt, self._end), start=len(prompt), spans=(), sampled=(), group=item.sample)
        row = row_of(item, sees=self._sees)
        self._check(row)
        return row

    def _check(self, row: PolicyRow) -> None:
        after = len(row.ids) - row.start
        for what, found, limit in (
            ("prompt", row.start, self._lengths.prompt),
            ("turns and observations", after, self._lengths.trajectory),
        ):
            if found > limit:
                raise MaestroError(
                    f"the {what} of sample {row.group!r} have {found:,} tokens, the limit is {limit:,}; raise it, "
                    f"or shorten them (fewer experts, shorter cards, smaller pictures, fewer turns)"
                )


def row_of(trajectory: Trajectory, *, sees: bool = True) -> PolicyRow:
    """The row of a trajectory that holds its tokens; `sees` says whether the policy was shown the pictures.

    Raises:
        MaestroError: it holds none, or none that are exact.
    """
    tokens = trajectory.tokens
    if tokens is None or not tokens.exact:
        raise MaestroError(f"run {trajectory.run!r} of {trajectory.sample!r} does not hold the tokens as sampled")
    for span in tokens.spans:
        if span.masked and span.grammar is None:
            raise MaestroError(
                f"run {trajectory.run!r} of {trajectory.sample!r} was sampled under a grammar that its trace does not "
                f"name; the distribution cannot be rebuilt. Roll out again"
            )
    return PolicyRow(
        ids=tokens.ids,
        spans=tuple(
            PolicySpan(start=span.start, stop=span.stop, regex=span.grammar if span.masked else None)
            for span in tokens.spans
        ),
        sampled=tokens.logprobs,
        temperature=tokens.temperature,
        images=trajectory.images if sees else (),
        group=trajectory.sample,
    )

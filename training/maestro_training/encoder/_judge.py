"""What a policy comes to on samples of a table: greedy runs, scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from maestro_graph.routers.encoder import ActionCards
from maestro_training.encoder._play import Budget, Encode, Logits, play
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._vary import VariedCards
from maestro_training.encoder._world import TableWorld, WorldSample
from maestro_training.trajectory import Trajectory

__all__ = ["Judged", "best_single", "judged", "oracle", "plan_scores", "points", "unvaried"]


@dataclass(frozen=True)
class Judged:
    """Scores and runs by sample key, in the order of the samples."""

    scores: Mapping[str, float]
    runs: Mapping[str, Trajectory]

    @property
    def score(self) -> float:
        return fmean(self.scores.values())

    @property
    def calls(self) -> float:
        return fmean(len(run.calls) for run in self.runs.values())

    @property
    def cost(self) -> float:
        return fmean(run.usage.cost for run in self.runs.values())


def unvaried(cards: ActionCards) -> VariedCards:
    """A registry as it is."""
    return VariedCards(cards, cards.actions)


def judged(
    samples: Sequence[WorldSample],
    cards: ActionCards | VariedCards,
    logits: Logits,
    encode: Encode,
    *,
    max_turns: int = 4,
    scores: Scores | None = None,
) -> Judged:
    """Run the greedy policy on every sample. Answers that a rule leaves to a judge count 0."""
    seen = cards if isinstance(cards, VariedCards) else unvaried(cards)
    done = play(samples, seen, logits, encode, None, budget=Budget(max_turns=max_turns))
    mark = scores or Scores()
    runs = {group.sample: group.trajectories[0] for group in done.groups}
    return Judged(
        {item.sample.key: points(item, runs[item.sample.key].answer, mark) for item in samples},
        runs,
    )


def points(item: WorldSample, answer: str | None, scores: Scores) -> float:
    """What an answer is worth; 0 where there is none or its rule leaves it to a judge."""
    return 0.0 if answer is None else scores(item.sample.rule, answer, item.sample) or 0.0


def plan_scores(item: WorldSample, scores: Scores) -> dict[tuple[tuple[str, str | None], ...], float]:
    """The score of each plan's answer."""
    return {
        plan: (scores(item.sample.rule, found.answer, item.sample) or 0.0) if found.ok and found.answer else 0.0
        for plan, found in item.replies.items()
    }


def best_single(world: TableWorld, scores: Scores, cards: ActionCards) -> tuple[str, str | None]:
    """The pair that is right most often when it is asked on every question."""
    totals = dict.fromkeys(cards.actions, 0.0)
    for item in world.samples:
        found = plan_scores(item, scores)
        for action in totals:
            totals[action] += found.get((action,), 0.0)
    return max(totals, key=totals.__getitem__)


def oracle(world: Sequence[WorldSample], scores: Scores, *, single: bool = False) -> tuple[dict[str, float], float]:
    """The best plan of each sample (of one call, or of any), and the calls that the shortest best plans take."""
    best: dict[str, float] = {}
    calls: list[int] = []
    for item in world:
        found = {plan: value for plan, value in plan_scores(item, scores).items() if not single or len(plan) == 1}
        top = max(found.values())
        best[item.sample.key] = top
        calls.append(min(len(plan) for plan, value in found.items() if value == top))
    return best, fmean(calls)

"""How well the policy does on questions that it is not trained on, and what a table of outcomes says was possible."""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Table
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.graph import run_sync
from maestro_graph.registry import Registry
from maestro_graph.routers import Router
from maestro_training.encoder._figures import round_figures, shares
from maestro_training.encoder._report import SCORES
from maestro_training.encoder._run_folder import write_whole
from maestro_training.rewards import Reward, rewarded
from maestro_training.rollouts import RolloutFolder, RolloutSettings, roll_out
from maestro_training.trajectory import TrajectoryGroup

__all__ = ["HELD_OUT", "HeldOut", "possible", "solvable", "write_scores"]

HELD_OUT = "held_out.jsonl"


@dataclass(slots=True)
class HeldOut:
    """Runs the policy on held-out questions, and writes what came of it down at once.

    Attributes:
        samples: the questions; the first `some` of them are run while training is under way.
        settings: of the rollouts; greedy runs are made at temperature 0, one of each question.
        group: sampled runs of each question; 0 does without them.
        folder: of the training run.
        seconds: what the last evaluation took for each question.
    """

    samples: Sequence[Sample]
    registry: Registry
    router: Router
    rewards: Sequence[Reward]
    settings: RolloutSettings
    folder: Path
    some: int | None = None
    group: int = 1
    seconds: float = 0.0

    def __call__(self, step: int, *, every: bool = False) -> dict[str, float]:
        """Figures after `step` updates: `score`, `reward` and `calls` of greedy runs, `sampled` rewards, and the share
        of the calls that each of the three pairs has that are asked most."""
        samples = self.samples if every else self.samples[: self.some]
        began = time.monotonic()
        greedy = self._runs(samples, replace(self.settings, temperature=0.0, group_size=1))
        found = self._record(step, "greedy", greedy, samples)
        figures = {name: float(found[name]) for name in ("score", "reward", "calls")}
        if self.group:
            groups = self._runs(samples, replace(self.settings, group_size=self.group))
            figures["sampled"] = float(self._record(step, "sampled", groups, samples)["reward"])
        top = sorted(found["pairs"].values(), reverse=True)
        figures["third_pair"] = float(top[2]) if len(top) > 2 else 0.0
        self.seconds = (time.monotonic() - began) / len(samples)
        return figures

    def _runs(self, samples: Sequence[Sample], settings: RolloutSettings) -> list[TrajectoryGroup]:
        """Runs whose traces are not kept: weights in training are soon others."""
        path = self.folder / "held_out"
        shutil.rmtree(path, ignore_errors=True)
        groups = run_sync(roll_out(samples, self.registry, self.router, settings, RolloutFolder(path, {})))
        shutil.rmtree(path)
        return [
            replace(group, trajectories=tuple(rewarded(item, sample, self.rewards) for item in group))
            for group, sample in zip(groups, samples, strict=True)
        ]

    def _record(
        self, step: int, how: str, groups: Sequence[TrajectoryGroup], samples: Sequence[Sample]
    ) -> dict[str, Any]:
        figures = round_figures(step, groups)
        families: dict[str, list[float]] = defaultdict(list)
        for group, sample in zip(groups, samples, strict=True):
            families[sample.family].extend(item.rewards["outcome"] for item in group)
        record = {
            "step": step,
            "how": how,
            "questions": len(groups),
            "score": figures.components["outcome"],
            "reward": figures.reward,
            "valid": figures.valid,
            "calls": figures.calls,
            "pairs": pair_shares(groups),
            "families": {name: round(fmean(values), 4) for name, values in sorted(families.items())},
        }
        with (self.folder / HELD_OUT).open("a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
        return record


def pair_shares(groups: Sequence[TrajectoryGroup]) -> dict[str, float]:
    """Share of all calls that each pair of expert and skill has."""
    calls = [call for group in groups for item in group for call in item.calls]
    return shares(str(Plan(((call.expert, call.skill),))) for call in calls)


def possible(table: Table, train: Sequence[Sample], held_out: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Scores and calls on the held-out questions of what the table knows, where it has the same plans for all.

    `best pair` is the pair that was right most often on the training questions, `best pair in hindsight` on the
    held-out ones; `best plan` may ask twice; `oracle` takes the shortest of the best plans of each question.
    """
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for (key, plan), row in table.items():
        scores[key][plan] = float(row["score"] or 0.0)
    tried, known = ([scores[item.key] for item in part if item.key in scores] for part in (train, held_out))
    if not tried or not known:
        return {}
    plans = sorted(set.intersection(*(set(item) for item in [*tried, *known])), key=lambda plan: (_calls(plan), plan))
    pairs = [plan for plan in plans if _calls(plan) == 1]
    if not pairs:
        return {}
    chosen = {
        "best pair": [_best(tried, pairs)] * len(known),
        "best pair in hindsight": [_best(known, pairs)] * len(known),
        "best plan": [_best(tried, plans)] * len(known),
        "oracle of one call": [_best([item], pairs) for item in known],
        "oracle": [_best([item], plans) for item in known],
    }
    return {
        name: {
            "score": fmean(item[plan] for item, plan in zip(known, taken, strict=True)),
            "calls": fmean(_calls(plan) for plan in taken),
        }
        for name, taken in chosen.items()
    }


def solvable(table: Table, samples: Sequence[Sample]) -> list[Sample]:
    """The samples that some plan of the table solves, at least in part.

    Raises:
        MaestroError: there is none.
    """
    solved = {key for (key, _), row in table.items() if row["score"]}
    found = [sample for sample in samples if sample.key in solved]
    if not found:
        raise MaestroError(f"the table solves none of the {len(samples)} training questions; see that it is of them")
    return found


def _calls(plan: str) -> int:
    return len(Plan.parse(plan).actions)


def _best(part: Sequence[Mapping[str, float]], plans: Sequence[str]) -> str:
    """The plan with the greatest sum, the first of them where several have it."""
    return max(plans, key=lambda plan: sum(item[plan] for item in part))


def write_scores(
    folder: Path, tried: Mapping[str, Mapping[str, float]], best: Mapping[str, Mapping[str, float]]
) -> None:
    """Scores for the report: of the policy before and after, and of what the table says was possible."""
    rows = {name: {"score": row["score"], "calls": row["calls"]} for name, row in {**tried, **best}.items()}
    low, high = (best[name]["score"] if name in best else 0.0 for name in ("best pair", "oracle"))
    for row in rows.values():
        row["closed"] = (row["score"] - low) / (high - low) if high > low else 0.0
    write_whole(folder / SCORES, json.dumps(rows, indent=2) + "\n")

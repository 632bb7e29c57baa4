"""What is learnt: the trained encoder policy beside what needs no training, over several seeds, on the test split.

    python benchmarks/learned_routing.py --suite mixed --outcomes table/outcomes.jsonl [--seeds 5] [--steps 200]
        [--without-family F …] [--without-expert E …] [--without-skill S …] [--control]

All experts answer from the table (`maestro eval outcomes`); needs the extra `train`. Intervals are 95 % of 2,000
bootstrap samples over the questions (of the mean over seeds). `closed` is the share of the gap between the best single
pair (best on the train split) and the oracle.

With families, experts and skills left out of training, the same policy is judged on the registry it was trained with
and on the whole one, on the families it never saw and on the others; with names replaced by nonsense; and with cards
shuffled among the names. `--control` deals rewards out at random instead: nothing must be learnt.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np

from maestro_graph.routers.encoder import ActionCards, Head
from maestro_training.encoder import (
    EncoderTraining,
    Scores,
    Trainer,
    VariedCards,
    WorldSample,
    best_single,
    judged,
    open_course,
    oracle,
    renamed,
    unvaried,
)


def interval(scores: Sequence[float]) -> tuple[float, float]:
    """95 % of bootstrap means."""
    rng = np.random.default_rng(0)
    values = np.array(scores)
    means = values[rng.integers(len(values), size=(2000, len(values)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def shuffled(cards: ActionCards, seed: int) -> VariedCards:
    """Every name with the card of another."""
    rng = np.random.default_rng(seed)

    def dealt(items: tuple) -> tuple:  # type: ignore[type-arg]
        order = np.roll(rng.permutation(len(items)), 1)
        return tuple(replace(items[int(at)], name=item.name) for at, item in zip(order, items, strict=True))

    return unvaried(replace(cards, experts=dealt(cards.experts), skills=dealt(cards.skills)))


class Bench:
    """A course, and rows of figures on parts of its test split."""

    def __init__(self, training: EncoderTraining, out: Path, *, say: bool = True) -> None:
        self.training, self.scores = training, Scores()
        self.course = open_course(training, out, say=print if say else None)
        test = self.course.test
        if test is None:
            raise SystemExit("the table has no rows of the test split")
        left_out = set(training.without_families)
        self.parts: dict[str, Sequence[WorldSample]] = {"all": test.samples}
        if left_out:
            self.parts |= {
                "families never seen": [item for item in test.samples if item.sample.family in left_out],
                "other families": [item for item in test.samples if item.sample.family not in left_out],
            }
        self.rows: list[dict[str, object]] = []

    def add(self, name: str, part: str, per_question: Sequence[float], calls: float) -> None:
        """A row: mean, interval, calls."""
        low, high = interval(per_question)
        self.rows.append({"router": name, "part": part, "n": len(per_question), "score": fmean(per_question)})
        self.rows[-1] |= {"low": low, "high": high, "calls": calls}

    def fixed(self) -> None:
        """What needs no training."""
        whole = self.course.every_card
        pair = best_single(self.course.train, self.scores, whole)
        for part, samples in self.parts.items():
            found = [self._points(item, pair) for item in samples]
            self.add(f"best single pair {'@@'.join(p for p in pair if p)}", part, found, 1.0)
            best, calls = oracle(samples, self.scores)
            self.add("oracle", part, list(best.values()), calls)

    def _points(self, item: WorldSample, pair: tuple[str, str | None]) -> float:
        reply = item.replies[(pair,)]
        if not reply.ok or not reply.answer:
            return 0.0
        return self.scores(item.sample.rule, reply.answer, item.sample) or 0.0

    def heads(self, name: str, heads: Sequence[Head], cards: ActionCards | VariedCards) -> None:
        """Mean over heads, by question."""
        for part, samples in self.parts.items():
            results = [
                judged(samples, cards, head.logits, self.course.encode, scores=self.scores, max_turns=4)
                for head in heads
            ]
            each = [fmean(result.scores[item.sample.key] for result in results) for item in samples]
            self.add(name, part, each, fmean(result.calls for result in results))

    def table(self) -> str:
        """The rows as Markdown."""
        gaps = {
            part: tuple(
                next(
                    float(str(r["score"])) for r in self.rows if r["part"] == part and str(r["router"]).startswith(who)
                )
                for who in ("best single", "oracle")
            )
            for part in self.parts
        }
        lines = ["| router | questions | n | score | 95 % | calls | closed |", "|---|---|---|---|---|---|---|"]
        for row in self.rows:
            low, high = gaps[str(row["part"])]
            closed = (float(str(row["score"])) - low) / (high - low) if high > low else 0.0
            lines.append(
                f"| {row['router']} | {row['part']} | {row['n']} | {row['score']:.3f} | {row['low']:.3f} to "
                f"{row['high']:.3f} | {row['calls']:.2f} | {closed:.0%} |"
            )
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--suite", required=True)
    parser.add_argument("--outcomes", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=Path("learned-routing"), help="vectors and heads are kept there")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--settings", type=json.loads, default={}, help="more of the training file, as JSON")
    parser.add_argument("--control", action="store_true")
    for name in ("family", "expert", "skill"):
        parser.add_argument(f"--without-{name}", action="append", default=[])
    options = parser.parse_args()
    training = EncoderTraining.model_validate(
        {
            "suite": options.suite,
            "outcomes": options.outcomes,
            "steps": options.steps,
            "without_families": options.without_family,
            "without_experts": options.without_expert,
            "without_skills": options.without_skill,
            "shuffle_rewards": options.control,
            **options.settings,
        }
    )
    bench = Bench(training, options.out)
    starts: list[Head] = []
    heads: list[Head] = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        of_seed = training.model_copy(update={"seed": seed})
        trainer = Trainer(of_seed, bench.course.train, bench.course.cards, bench.course.encode)
        starts.append(trainer.head)
        began = time.perf_counter()
        heads.append(trainer.run())
        heads[-1].save(options.out / f"head-{seed}.npz")
        print(f"seed {seed}: {time.perf_counter() - began:.0f} s", flush=True)
    whole, part = bench.course.every_card, bench.course.cards
    bench.fixed()
    bench.heads("untrained", starts, whole)
    if part != whole:
        bench.heads("trained, registry of training", heads, part)
    for at, head in enumerate(heads):
        bench.heads(f"trained, seed {options.first_seed + at}", [head], whole)
    bench.heads(f"trained, mean of {len(heads)}", heads, whole)
    bench.heads("names of nonsense", heads, renamed(whole, np.random.default_rng(0)))
    for seed in range(3):
        bench.heads(f"cards shuffled among names {seed}", heads, shuffled(whole, seed))
    print(bench.table())
    (options.out / "table.md").write_text(bench.table() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

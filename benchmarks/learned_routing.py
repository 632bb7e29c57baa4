"""What is learnt: the trained encoder policy beside every baseline, over several seeds, on the test split.

    python benchmarks/learned_routing.py --suite mixed --outcomes table/outcomes.jsonl --out learned
        [--part main unseen cost control] [--seeds 5] [--workers 2] [--settings training.yaml]
        [--elsewhere NAME=SUITE=OUTCOMES …] [--heads FOLDER] [--ship FOLDER]

All experts answer from tables (`maestro eval outcomes`); needs the extras `embedded`, `eval` and `train`. Free-answer
questions only, those that the oracle is defined on. Intervals are 95 % of bootstrap samples over the questions, of the
mean over seeds; differences are paired. `gap closed` is the share of the gap between the best single pair (best on the
train split) and the oracle.

- `main`: the table of all routers, names replaced by nonsense, cards shuffled among names, calls on questions that take
  one call and two, and the same table on suites from elsewhere (`--elsewhere`), which nothing was trained on.
- `unseen`: without families, experts and skills in training (`--without-…`), judged with the whole registry afterwards.
- `cost`: each expert at a price a call (`--prices`), three weights of cost; is each point above the mixtures of its
  neighbours?
- `control`: rewards dealt out at random; nothing must be learnt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median, stdev

import numpy as np
import yaml

from maestro_evaluation.loaders import open_suite
from maestro_evaluation.running import all_plans, read_table
from maestro_graph import load_registry
from maestro_graph.embedded.encoder import default_encoder
from maestro_graph.evidence import Evidence
from maestro_graph.routers.encoder import ActionCards, Head
from maestro_training.encoder import (
    BEST_SINGLE,
    ORACLE,
    ZERO_SHOT,
    Course,
    EncoderTraining,
    Entry,
    Rivals,
    Scores,
    TableWorld,
    Trainer,
    VariedCards,
    VectorStore,
    WorldSample,
    comparison_rows,
    comparison_table,
    judged,
    open_course,
    paired,
    renamed,
    save_policy,
    unvaried,
)

OURS = "trained encoder"
COURSE = "course.pkl"
UNSEEN_FAMILIES = ("ocr_problem_solver", "Diagram_Reasoning_Skill", "Code_Problem_Solver")
UNSEEN_EXPERTS = ("reader", "counter")
UNSEEN_SKILLS = ("ocr_problem_solver", "Diagram_Reasoning_Skill")


def shuffled(cards: ActionCards, seed: int) -> VariedCards:
    """Every name with the card of another."""
    rng = np.random.default_rng(seed)

    def dealt(items: tuple) -> tuple:  # type: ignore[type-arg]
        order = np.roll(rng.permutation(len(items)), 1)
        return tuple(replace(items[int(at)], name=item.name) for at, item in zip(order, items, strict=True))

    return unvaried(replace(cards, experts=dealt(cards.experts), skills=dealt(cards.skills)))


def priced(world: TableWorld, prices: dict[str, float]) -> TableWorld:
    """The same answers at these prices a call."""

    def at_price(reply: Evidence) -> Evidence:
        return replace(reply, usage=replace(reply.usage, cost=prices[reply.expert]))

    samples = tuple(
        replace(item, replies={plan: at_price(reply) for plan, reply in item.replies.items()}) for item in world.samples
    )
    return TableWorld(samples, world.dropped, {item.sample.key: item for item in samples})


def with_prices(cards: ActionCards, prices: dict[str, float]) -> ActionCards:
    """Cards that say them."""
    return replace(cards, experts=tuple(replace(card, price=prices[card.name]) for card in cards.experts))


def variant(course: Course, job: dict[str, object]) -> Course:
    """The course of a job: something left out, or at prices."""
    prices = job.get("prices")
    if isinstance(prices, dict):
        cards = with_prices(course.every_card, prices)
        parts = {name: priced(world, prices) for name in ("train", "validation") if (world := getattr(course, name))}
        course = replace(course, cards=cards, every_card=cards, **parts)
    left_out = job.get("without")
    return course.without(**left_out) if isinstance(left_out, dict) else course


_held: list[Course] = []


def opened(training: EncoderTraining, out: Path) -> Course:
    """The course, kept for workers and for the next call with the same suite and table."""
    kept, named = out / COURSE, out / f"{COURSE}.of"
    key = json.dumps([training.suite, str(training.outcomes), training.outcomes.stat().st_mtime, training.registry])
    if named.is_file() and named.read_text(encoding="utf-8") == key:
        _open(training, out)
        return _held[-1]
    named.unlink(missing_ok=True)
    course = open_course(training, out, say=print)
    kept.write_bytes(
        pickle.dumps({one.name: getattr(course, one.name) for one in fields(Course) if one.name != "encode"})
    )
    named.write_text(key, encoding="utf-8")
    return course


def _open(_: EncoderTraining, out: Path) -> None:
    """The course as it was kept."""
    encode = VectorStore(default_encoder().encode, out / "vectors.npz")
    _held.append(Course(**pickle.loads((out / COURSE).read_bytes()), encode=encode))


def _train(training: EncoderTraining, job: dict[str, object], file: Path) -> float:
    """Train one seed in a process of its own; returns seconds."""
    course = variant(_held[0], job)
    began = time.perf_counter()
    trainer = Trainer(training, course.train, course.cards, course.encode, watched=course.validation)
    trainer.run()
    found = trainer.watch(course.validation) if course.validation is not None else {}
    seconds = time.perf_counter() - began
    about = {"seed": training.seed, "steps": training.steps, "seconds": round(seconds), "validation": dict(found)}
    Head(trainer.head.weights, about).save(file)
    return seconds


class Bench:
    """A course, its rivals, and what is said about it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.scores, self.said = options, Scores(), ["# Learned routing"]
        settings = yaml.safe_load(options.settings.read_text(encoding="utf-8")) if options.settings else {}
        settings |= {"suite": options.suite, "outcomes": options.outcomes, "threads": 1}
        if options.steps:
            settings["steps"] = options.steps
        self.training = EncoderTraining.model_validate(settings)
        self.course = opened(self.training, options.out)
        if self.course.test is None:
            raise SystemExit("the table has no rows of the test split")
        self.test = [item for item in self.course.test.samples if item.sample.free_answer]
        self.figures: dict[str, object] = {}

    @cached_property
    def rivals(self) -> Rivals:
        registry = load_registry(self.training.registry)
        samples = {sample.key: sample for sample in open_suite(self.training.suite)}
        table = read_table(Path(self.training.outcomes), samples=samples)
        return Rivals(registry, self.course.train.samples, table, all_plans(registry))

    @cached_property
    def baselines(self) -> dict[str, Entry]:
        return self.kept("baselines", lambda: asyncio.run(self.rivals.entries(self.test, scores=self.scores)))

    def kept(self, name: str, make: Callable[[], dict[str, Entry]]) -> dict[str, Entry]:
        """What was worked out before from the same course, else anew."""
        file = self.options.out / f"{name}.pkl"
        if file.is_file() and file.stat().st_mtime > (self.options.out / f"{COURSE}.of").stat().st_mtime:
            found: dict[str, Entry] = pickle.loads(file.read_bytes())
            return found
        found = make()
        file.write_bytes(pickle.dumps(found))
        return found

    def say(self, *lines: str) -> None:
        """To the terminal and to the report."""
        print("\n".join(lines), flush=True)
        self.said += lines
        (self.options.out / "table.md").write_text("\n".join(self.said) + "\n", encoding="utf-8")
        (self.options.out / "figures.json").write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")

    def heads(self, name: str, job: dict[str, object] | None = None, **changes: object) -> list[Head]:
        """Train the seeds, `--workers` at a time; those that are there are read."""
        folder = (self.options.heads or self.options.out) / name
        folder.mkdir(parents=True, exist_ok=True)
        seeds = range(self.options.seeds)
        files = [folder / f"seed-{seed}.npz" for seed in seeds]
        training = self.training.model_copy(update=changes)
        began = time.perf_counter()
        context = get_context("spawn")
        with ProcessPoolExecutor(
            self.options.workers, context, initializer=_open, initargs=(self.training, self.options.out)
        ) as pool:
            under_way = [
                pool.submit(_train, training.model_copy(update={"seed": seed}), job or {}, file)
                for seed, file in zip(seeds, files, strict=True)
                if not file.exists()
            ]
            seconds = [one.result() for one in under_way]
        if seconds:
            wall = time.perf_counter() - began
            self.say("", f"{name}: {len(seconds)} seeds in {wall:.0f} s ({fmean(seconds):.0f} s each).")
        return [Head.load(file) for file in files]

    def entry(
        self,
        name: str,
        heads: Sequence[Head],
        samples: Sequence[WorldSample] | None = None,
        cards: ActionCards | VariedCards | None = None,
    ) -> Entry:
        """Mean over heads, by question."""
        results = [
            judged(
                self.test if samples is None else samples,
                cards or self.course.every_card,
                head.logits,
                self.course.encode,
                scores=self.scores,
                max_turns=self.training.max_turns,
            )
            for head in heads
        ]
        return Entry.of(name, results)

    def untrained(self) -> list[Head]:
        """Where training starts, one head a seed."""
        return [
            Trainer(
                self.training.model_copy(update={"seed": seed}),
                self.course.train,
                self.course.cards,
                self.course.encode,
            ).head
            for seed in range(self.options.seeds)
        ]

    def compare(
        self, title: str, entries: Sequence[Entry], samples: Sequence[WorldSample], ours: Entry, low: Entry, high: Entry
    ) -> None:
        """A table of routers on some questions."""
        rows = comparison_rows(entries, samples, ours=ours, low=low, high=high)
        self.figures[title] = rows
        self.say("", f"## {title}", "", comparison_table(rows, ours=ours.name))


def main_part(bench: Bench) -> None:
    """All routers on the test split."""
    heads = bench.heads("main")
    base, cards = bench.baselines, bench.course.every_card
    ours = bench.entry(OURS, heads)
    seeds = [bench.entry(f"seed {at}", [head]) for at, head in enumerate(heads)]
    nonsense = bench.entry("names of nonsense", heads, cards=renamed(cards, np.random.default_rng(0)))
    mixed_up = [bench.entry(f"cards shuffled {seed}", heads, cards=shuffled(cards, seed)) for seed in range(5)]
    untrained = bench.entry("untrained head", bench.untrained())
    rows = [ours, *base.values(), untrained, *seeds, nonsense, *mixed_up]
    bench.compare("All routers on the test split", rows, bench.test, ours, base[BEST_SINGLE], base[ORACLE])
    each = [one.mean(bench.test) for one in seeds]
    bench.say("", f"Seeds: {', '.join(f'{100 * one:.1f}' for one in each)}; spread {100 * stdev(each):.1f} points.")
    calls_of(bench, ours)
    for spec in bench.options.elsewhere:
        elsewhere(bench, spec, heads)
    if bench.options.ship:
        ship(bench, heads, [*base.values(), untrained], each)


def ship(bench: Bench, heads: Sequence[Head], others: Sequence[Entry], each: Sequence[float]) -> None:
    """Write the seed that did best on the validation split, with its card."""
    watched = [dict(head.about["validation"]) for head in heads]  # type: ignore[call-overload]
    best = max(range(len(heads)), key=lambda at: (watched[at]["score"], -watched[at]["calls"]))
    chosen = best if bench.options.ship_seed is None else bench.options.ship_seed
    training = bench.training.model_copy(update={"seed": int(str(heads[chosen].about["seed"]))})
    entries = [bench.entry(f"this policy (seed {training.seed})", heads[chosen : chosen + 1]), *others]
    base = bench.baselines
    low, high = base[BEST_SINGLE].mean(bench.test), base[ORACLE].mean(bench.test)
    table = {
        entry.name: {
            "score": entry.mean(bench.test),
            "calls": entry.mean_calls(bench.test),
            "closed": (entry.mean(bench.test) - low) / (high - low),
        }
        for entry in entries
    }
    bench.options.ship.mkdir(parents=True, exist_ok=True)
    about = {**heads[chosen].about, "suite": Path(training.suite).name, "test": table}
    save_policy(Head(heads[chosen].weights, about), bench.options.ship, training, table, reported="test")  # type: ignore[arg-type]
    scores = ", ".join(f"{100 * one:.1f}" for one in each)
    bench.say("", f"Shipped: seed {training.seed} (test, all seeds: {scores}; best on the validation split: {best}).")


def calls_of(bench: Bench, ours: Entry) -> None:
    """By family: score and calls beside the oracle and the family's best plan of the train split."""
    base, rivals = bench.baselines, bench.rivals
    learnt = rivals.learnt([item.sample for item in bench.test])
    lines = ["| family | n | trained | oracle | best plan of the family (train split) | calls | oracle's calls |"]
    lines += ["|---|---|---|---|---|---|---|"]
    rows: list[dict[str, object]] = []
    for family in sorted({item.sample.family for item in bench.test}):
        part = [item for item in bench.test if item.sample.family == family]
        own = [sample for sample in learnt.samples if sample.family == family]
        best = learnt.best(learnt.plans, own) if own else learnt.best(learnt.plans)
        fixed = fmean(rivals.table[item.sample.key, str(best)]["score"] or 0.0 for item in part)
        row: dict[str, object] = {
            "family": family, "n": len(part), "trained": ours.mean(part), "oracle": base[ORACLE].mean(part),
            "best_plan": str(best), "of_best_plan": fixed, "calls": ours.mean_calls(part),
            "oracle_calls": base[ORACLE].mean_calls(part),
        }  # fmt: skip
        rows.append(row)
        lines.append(
            f"| {family} | {len(part)} | {100 * ours.mean(part):.1f} | {100 * base[ORACLE].mean(part):.1f} | "
            f"{100 * fixed:.1f} ({best}) | {ours.mean_calls(part):.2f} | {base[ORACLE].mean_calls(part):.2f} |"
        )
    bench.figures["families"] = rows
    bench.say("", "## By family", "", *lines, "")
    for calls, said in ((1.0, "one call"), (2.0, "two calls")):
        part = [
            item
            for item in bench.test
            if base[ORACLE].scores[item.sample.key] > 0 and base[ORACLE].calls[item.sample.key] == calls
        ]
        if part:
            found = {"n": len(part), "score": ours.mean(part), "calls": ours.mean_calls(part)}
            bench.figures[f"questions of {said}"] = found
            bench.say(
                f"Questions that the oracle solves by {said}: {len(part)}; trained {100 * found['score']:.1f} % of "
                f"them, {found['calls']:.2f} calls."
            )


def elsewhere(bench: Bench, spec: str, heads: Sequence[Head]) -> None:
    """The same routers on questions and pictures by others."""
    name, suite, file = spec.split("=", 2)
    samples = {sample.key: sample for sample in open_suite(suite)}
    table = read_table(Path(file), samples=samples)
    rivals = bench.rivals
    cards = bench.course.every_card
    world = TableWorld.build(samples.values(), table, cards.actions, images=rivals.registry.images)
    bench.course.encode.prepare(world.texts())  # type: ignore[attr-defined]
    part = [item for item in world.samples if item.sample.free_answer]
    base = bench.kept(f"baselines-{name}", lambda: asyncio.run(rivals.entries(part, table=table, scores=bench.scores)))
    ours = bench.entry(OURS, heads, part)
    seeds = [bench.entry(f"seed {at}", [head], part) for at, head in enumerate(heads)]
    title = f"Elsewhere {name}: {len(part)} questions with a free answer of {len(world)}"
    bench.compare(title, [ours, *base.values(), *seeds], part, ours, base[BEST_SINGLE], base[ORACLE])


def unseen_part(bench: Bench) -> None:
    """Trained without some families, experts and skills, which it is given afterwards."""
    options, base, course = bench.options, bench.baselines, bench.course
    families = []
    for family in options.without_family:
        part = [item for item in bench.test if item.sample.family == family]
        gap = paired(base["random"], base[ORACLE], part).difference if part else None
        if gap is None or gap.low <= 0:
            bench.say("", f"{family}: nothing to route on {len(part)} questions; it stays in training.")
            continue
        families.append(family)
    left_out = {"families": families, "experts": options.without_expert, "skills": options.without_skill}
    bench.say("", f"Unseen in training: {json.dumps(left_out)}.")
    heads = bench.heads("unseen", {"without": left_out})
    narrow = course.without(experts=options.without_expert, skills=options.without_skill).cards
    whole = bench.entry(f"{OURS}, whole registry", heads)
    rows = [
        whole,
        bench.entry(f"{OURS}, registry of training", heads, cards=narrow),
        bench.entry("names of nonsense", heads, cards=renamed(course.every_card, np.random.default_rng(0))),
        *(bench.entry(f"cards shuffled {seed}", heads, cards=shuffled(course.every_card, seed)) for seed in range(5)),
        base[BEST_SINGLE],
        base[ZERO_SHOT],
        base[ORACLE],
    ]
    if not options.without_main:
        rows.insert(2, bench.entry(f"{OURS} on everything", bench.heads("main")))
    of = {"Families never seen": set(families), **{f"Never seen: {family}": {family} for family in families}}
    of["Families seen, experts added"] = {item.sample.family for item in bench.test} - set(families)
    for title, chosen in of.items():
        part = [item for item in bench.test if item.sample.family in chosen]
        bench.compare(title, rows, part, whole, base[BEST_SINGLE], base[ORACLE])


def cost_part(bench: Bench) -> None:
    """Three weights of cost: a front."""
    prices = bench.options.prices or measured_prices(bench.course.train)
    bench.say("", f"Prices a call: {json.dumps({name: round(price, 3) for name, price in prices.items()})}.")
    test = priced(TableWorld(tuple(bench.test)), prices).samples
    cards = with_prices(bench.course.every_card, prices)
    cheapest = min(prices, key=prices.__getitem__)
    points: list[tuple[str, float, float]] = []
    for weight in bench.options.cost_weights:
        reward = bench.training.reward.model_copy(update={"cost": weight})
        found = bench.entry(
            f"cost weight {weight:g}",
            bench.heads(f"cost-{weight:g}", {"prices": prices}, reward=reward),
            test,
            cards,
        )
        points.append((found.name, found.mean_cost(test), found.mean(test)))
    of_cheapest = fmean(bench.rivals.table[item.sample.key, cheapest]["score"] or 0.0 for item in bench.test)
    points = sorted([*points, (f"always {cheapest}", prices[cheapest], of_cheapest)], key=lambda point: point[1])
    lines = ["| router | cost a question | score | mixture of its neighbours at that cost |", "|---|---|---|---|"]
    for at, (name, cost, score) in enumerate(points):
        mixed = ""
        if 0 < at < len(points) - 1:
            (_, low, worse), (_, high, better) = points[at - 1], points[at + 1]
            share = (cost - low) / (high - low) if high > low else 0.0
            mixed = f"{100 * (worse + share * (better - worse)):.1f}"
        lines.append(f"| {name} | {cost:.3f} | {100 * score:.1f} | {mixed} |")
    bench.figures["cost"] = {"prices": prices, "points": points}
    bench.say("", "## Weights of cost", "", *lines)


def measured_prices(world: TableWorld) -> dict[str, float]:
    """The median seconds of each expert's direct call, the dearest being 1."""
    seconds: dict[str, list[float]] = {}
    for item in world.samples:
        for plan, reply in item.replies.items():
            if len(plan) == 1 and reply.skill is None:
                seconds.setdefault(reply.expert, []).append(reply.seconds)
    middle = {name: median(found) for name, found in seconds.items()}
    return {name: value / max(middle.values()) for name, value in middle.items()}


def control_part(bench: Bench) -> None:
    """Rewards at random."""
    heads = bench.heads("control", shuffle_rewards=True)
    ours, start = bench.entry("rewards at random", heads), bench.entry("untrained head", bench.untrained())
    base = bench.baselines
    bench.compare("Control", [ours, start], bench.test, ours, base[BEST_SINGLE], base[ORACLE])


PARTS = {"main": main_part, "unseen": unseen_part, "cost": cost_part, "control": control_part}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--suite", required=True)
    parser.add_argument("--outcomes", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=Path("learned-routing"), help="heads, vectors and the report")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=["main"])
    parser.add_argument("--heads", type=Path, help="heads of an earlier run; those that are there are not trained")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--workers", type=int, default=2, help="seeds trained at the same time, each on one core")
    parser.add_argument("--settings", type=Path, help="a training file; suite and outcomes are those given here")
    parser.add_argument("--elsewhere", action="append", default=[], help="NAME=SUITE=OUTCOMES")
    parser.add_argument("--ship", type=Path, help="folder for the seed that is best on the validation split")
    parser.add_argument("--ship-seed", type=int, help="another seed than that")
    parser.add_argument("--prices", type=json.loads, help="JSON: price a call by expert; default: measured seconds")
    parser.add_argument("--cost-weights", type=float, nargs="+", default=[0.05, 0.3, 0.8])
    parser.add_argument("--without-main", action="store_true", help="unseen: without the router trained on everything")
    for name, default in (("family", UNSEEN_FAMILIES), ("expert", UNSEEN_EXPERTS), ("skill", UNSEEN_SKILLS)):
        parser.add_argument(f"--without-{name}", nargs="*", default=list(default))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    for name in options.part:
        PARTS[name](bench)


if __name__ == "__main__":
    main()

"""A run from names: suites, registry, routers, baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro_evaluation.baselines import ORACLE, Baseline, Given, TrainingData, freeze_oracle
from maestro_evaluation.judge import Judge
from maestro_evaluation.plans import Plan
from maestro_evaluation.running._execute import Settings
from maestro_evaluation.running._folder import ask_for, describe_suite, describe_versions, registry_fields
from maestro_evaluation.running._make_table import splits_named
from maestro_evaluation.running._outcomes import OUTCOMES, compute_outcomes, read_table
from maestro_evaluation.running._plans import all_plans
from maestro_evaluation.running._progress import Progress
from maestro_evaluation.running._routers import Runner, runner_of, split_names
from maestro_evaluation.running._run import SAMPLES, run_all
from maestro_evaluation.running._set_up import (
    Ensemble,
    close_all,
    default_concurrency,
    open_ensemble,
    open_suites,
    samples_of,
    settings_for,
)
from maestro_evaluation.samples import Sample, Split, Suite
from maestro_graph.errors import MaestroError
from maestro_graph.registry import load_registry

__all__ = ["MadeRun", "RunOptions", "make_run"]

RANDOM_REPEATS = 5
"""Least number of draws of a random baseline: its runs are cheap, and one draw says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run is asked for; the options of `maestro eval run`.

    Attributes:
        suites: by name or folder; `learn_from` are those that baselines learn from, by default the same.
        routers: names of baselines, kinds of routers, folders with trained weights.
        baselines: all of them.
        split, train_split: what is asked, and what is learnt from.
        limit, train_limit: only so many questions of each suite.
        repeats: how often a router that can differ from run to run is asked each question.
        table: folder of an outcome table that is there already (or grows); by default the run's own.
        plans: YAML list of plans of several calls.
        judge: `MODEL@URL`; `judge_key` the environment variable of its key.
        resume: go on in a folder that holds this run.
    """

    suites: Sequence[str]
    out: Path
    learn_from: Sequence[str] = ()
    registry: str = "embedded"
    routers: Sequence[str] = ()
    baselines: bool = False
    split: str = "test"
    train_split: str = "train"
    limit: int | None = None
    train_limit: int | None = None
    repeats: int = 1
    seed: int = 0
    concurrency: int | None = None
    deadline_s: float | None = None
    table: Path | None = None
    plans: Path | None = None
    judge: str | None = None
    judge_key: str | None = None
    traces: bool = True
    resume: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRun:
    """A run that is done: the file of its records, and how many are new."""

    file: Path
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a run works with."""

    options: RunOptions
    ensemble: Ensemble
    settings: Settings
    plans: tuple[Plan, ...]
    suites: tuple[Suite, ...]
    learnt: tuple[Suite, ...]
    progress: Progress
    concurrency: int

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(samples_of(self.suites).values())

    async def outcomes(self, samples: Sequence[Sample]) -> Path:
        """The table, complete for these samples."""
        file = (self.options.table or self.options.out) / OUTCOMES
        await compute_outcomes(
            samples,
            self.plans,
            self.ensemble.metered,
            file,
            identity=self.ensemble.identity,
            settings=self.settings,
            concurrency=self.concurrency,
            progress=self.progress,
        )
        return file


async def make_run(options: RunOptions, *, progress: Progress | None = None) -> MadeRun:
    """Carry out a run, or what is missing of it.

    Order: outcomes of the split that is asked, if an oracle is wanted, which is frozen then; outcomes of the training
    split, if a baseline learns; the baselines; the runs.

    Raises:
        MaestroError: something that was named cannot be used, or the folder holds another run.
    """
    names, baselines = split_names(options.routers, all_baselines=options.baselines)
    if not names and not baselines:
        raise MaestroError("there is nothing to run: name a --router (a kind, a folder of weights, a baseline)")
    work = _opened(options, baselines, progress or Progress())
    judge = Judge.at(options.judge, api_key_env=options.judge_key) if options.judge is not None else None
    _ask(work, {}, judge)
    routers: list[Runner] = []
    try:
        given = await _given(work, baselines)
        wanted: list[str | Baseline] = [*names, *baselines]
        routers = [runner_of(named, given) for named in wanted]
        _ask(work, {runner.name: runner for runner in routers}, judge, resume=True)
        written = await run_all(
            work.samples,
            routers,
            work.ensemble.metered,
            options.out,
            settings=work.settings,
            repeats=lambda runner: _repeats(runner, options.repeats),
            seed=options.seed,
            judge=judge,
            traces=options.traces,
            concurrency=work.concurrency,
            progress=work.progress,
        )
    finally:
        metered = work.ensemble.metered
        perceivers = [item.perceiver for item in metered.perceivers.values()]
        await close_all([*metered.experts.values(), *perceivers, *(runner.router for runner in routers), judge])
    return MadeRun(file=options.out / SAMPLES, written=written)


def _opened(options: RunOptions, baselines: Sequence[Baseline], progress: Progress) -> _Work:
    registry = load_registry(options.registry)
    settings = settings_for(registry, options.deadline_s)
    (split,), (train,) = _one_split(options.split), _one_split(options.train_split)
    suites = open_suites(options.suites, split=split, limit=options.limit)
    learnt: tuple[Suite, ...] = ()
    if any(baseline.learns for baseline in baselines):
        if split == train and not options.learn_from:
            raise MaestroError(f"--split and --train-split are both {split!r}; baselines learn from another one")
        learnt = open_suites(options.learn_from or options.suites, split=train, limit=options.train_limit, needed=False)
    return _Work(
        options=options,
        ensemble=open_ensemble(registry, options.table or options.out, settings),
        settings=settings,
        plans=all_plans(registry, options.plans),
        suites=suites,
        learnt=learnt,
        progress=progress,
        concurrency=options.concurrency or default_concurrency(registry),
    )


def _one_split(name: str) -> tuple[Split, ...]:
    return splits_named([name])


async def _given(work: _Work, baselines: Sequence[Baseline]) -> Given:
    given = Given(registry=work.ensemble.registry, seed=work.options.seed)
    identity = work.ensemble.identity
    if any(baseline.free_answer_only for baseline in baselines):
        asked = [sample for sample in work.samples if sample.free_answer]
        file = await work.outcomes(asked)
        table = read_table(file, identity=identity, samples={sample.key: sample for sample in asked})
        given = replace(
            given, oracle=freeze_oracle(asked, table, work.plans, file.with_name(ORACLE), identity=identity)
        )
    if any(baseline.learns for baseline in baselines):
        learnt = samples_of(work.learnt)
        file = await work.outcomes(tuple(learnt.values()))
        table = read_table(file, identity=identity, samples=learnt)
        data = TrainingData.of(learnt.values(), table, work.plans, held_out=work.samples)
        given = replace(given, training=data)
    return given


def _repeats(runner: Runner, asked: int) -> int:
    if runner.baseline is None:
        return asked
    return max(asked, RANDOM_REPEATS) if runner.baseline.random else 1


def _ask(work: _Work, routers: dict[str, Runner], judge: Judge | None, *, resume: bool | None = None) -> None:
    """Check and write `run.json`: before the work whether it can go on here, then with what was learnt."""
    options = work.options
    ask_for(
        options.out,
        {
            "kind": "run",
            "ensemble": work.ensemble.identity,
            "suites": {suite.name: describe_suite(suite)["digest"] for suite in work.suites},
            "split": options.split,
            "seed": options.seed,
            "repeats": options.repeats,
            "deadline_s": work.settings.deadline_s,
            "judge": options.judge,
            "routers": {name: runner.config for name, runner in routers.items()},
        },
        about={
            **describe_versions(),
            "registry": registry_fields(work.ensemble.registry, options.registry),
            "suites": [{"name": suite.name, **describe_suite(suite)} for suite in work.suites],
            "learnt_from": [
                {"name": suite.name, "split": options.train_split, **describe_suite(suite)} for suite in work.learnt
            ],
            "plans": [str(plan) for plan in work.plans],
            "routers": {name: runner.about for name, runner in routers.items()},
        },
        growing=("routers",),
        resume=options.resume if resume is None else resume,
    )

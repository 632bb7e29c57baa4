"""The outcome table from names: suites, registry, plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from maestro_evaluation.baselines import ORACLE, freeze_oracle
from maestro_evaluation.running._folder import ask_for, describe_suite, describe_versions, registry_fields
from maestro_evaluation.running._outcomes import OUTCOMES, compute_outcomes, read_table
from maestro_evaluation.running._plans import all_plans
from maestro_evaluation.running._progress import Progress
from maestro_evaluation.running._set_up import (
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

__all__ = ["MadeTable", "Shard", "make_table", "splits_named"]


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `of`-th question, from the `number`-th on (counted from 1): what one of several processes works on."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Of `3/8`: the third of eight.

        Raises:
            MaestroError: it is not of that form, or there is no such shard.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isascii() and number.isdigit() and of.isascii() and of.isdigit()):
            raise MaestroError(f"a shard is named by its number and how many there are, such as 3/8, not {text!r}")
        if not 1 <= int(number) <= int(of):
            raise MaestroError(f"there is no shard {text}; they are numbered from 1 to {int(of)}")
        return cls(int(number), int(of))

    def of_keys(self, keys: Sequence[str]) -> Sequence[str]:
        """What falls to this one."""
        return keys[self.number - 1 :: self.of]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTable:
    """A table that was computed or gone on with."""

    file: Path
    identity: str
    written: int
    rows: int


async def make_table(
    suites: Sequence[str],
    out: Path,
    *,
    registry: str = "embedded",
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    plans: Path | None = None,
    deadline_s: float | None = None,
    concurrency: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> MadeTable:
    """Compute the table of some suites in `out`, or add what it lacks; then freeze the oracle beside it.

    Args:
        shard: work on this part of the questions only. Each shard has a folder of its own; rows are lines, so the
            tables of all shards joined are the whole table.

    Raises:
        MaestroError: a suite, the registry, the plans or the folder cannot be used; the folder holds a table of
            another ensemble.
    """
    loaded = load_registry(registry)
    settings = settings_for(loaded, deadline_s)
    ensemble = open_ensemble(loaded, out, settings)
    wanted = all_plans(loaded, plans)
    opened = [
        suite for part in splits_named(splits) for suite in open_suites(suites, split=part, limit=limit, needed=False)
    ]
    samples = _all_samples(opened)
    if shard is not None:
        samples = {key: samples[key] for key in shard.of_keys(list(samples))}
    ask_for(
        out,
        {"kind": "outcomes", "ensemble": ensemble.identity, "deadline_s": settings.deadline_s},
        about={
            **describe_versions(),
            "registry": registry_fields(loaded, registry),
            "suites": [{"name": suite.name, **describe_suite(suite)} for suite in opened if suite.samples],
            "plans": [str(plan) for plan in wanted],
        },
    )
    file = out / OUTCOMES
    try:
        written = await compute_outcomes(
            samples.values(),
            wanted,
            ensemble.metered,
            file,
            identity=ensemble.identity,
            settings=settings,
            concurrency=concurrency or default_concurrency(loaded),
            progress=progress or Progress(),
        )
    finally:
        metered = ensemble.metered
        await close_all([*metered.experts.values(), *(item.perceiver for item in metered.perceivers.values())])
    rows = read_table(file, identity=ensemble.identity, samples=samples)
    freeze_oracle(tuple(samples.values()), rows, wanted, out / ORACLE, identity=ensemble.identity)
    return MadeTable(file=file, identity=ensemble.identity, written=written, rows=len(rows))


def splits_named(names: Sequence[str] | None) -> tuple[Split, ...]:
    """The splits that were asked for, by default all."""
    known: tuple[Split, ...] = get_args(Split)
    for name in names or ():
        if name not in known:
            raise MaestroError(f"there is no split {name!r}; there are {', '.join(known)}")
    return tuple(split for split in known if names is None or split in names)


def _all_samples(suites: Sequence[Suite]) -> dict[str, Sample]:
    samples = samples_of(suites)
    count = sum(len(suite) for suite in suites)
    if not samples:
        raise MaestroError("the suites have no questions in these splits; give other ones")
    if len(samples) < count:
        raise MaestroError(
            f"{count - len(samples)} questions have the id of another one in their suite; ids must differ"
        )
    return samples

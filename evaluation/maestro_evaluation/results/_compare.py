"""Two runs compared sample by sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maestro_evaluation.records import SampleRecord
from maestro_evaluation.results._figures import macro_cells
from maestro_evaluation.results._read import Results, cluster_of, key_of
from maestro_evaluation.stats import Pair, PairedTest, paired_test
from maestro_graph.errors import MaestroError, UnknownNameError

__all__ = ["Change", "Comparison", "compare_results", "compare_routers", "shared_router"]

NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A sample that the two runs did not score alike; of repeated runs the means, and the first answers."""

    suite: str
    sample: str
    question: str
    gold: object
    first_answer: str | None
    second_answer: str | None
    first_score: float
    second_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from the first run to the second.

    Attributes:
        routers: whose records were compared, first and second.
        overall: of the mean over suites, each by its benchmark's own reckoning.
        suites: of each suite's own figure.
        changes: the samples that differ, those that were lost first.
        unscored: samples left out since one of the two has no score for them.
        alone: samples that only the first, and only the second, has.
    """

    routers: tuple[str, str]
    overall: PairedTest
    suites: Mapping[str, PairedTest]
    n: int
    changes: tuple[Change, ...]
    unscored: int
    alone: tuple[int, int]


def shared_router(first: Results, second: Results) -> str:
    """The router that both runs have, where it is only one.

    Raises:
        MaestroError: they share none, or several.
    """
    shared = [name for name in first.routers if name in second.routers]
    if len(shared) == 1:
        return shared[0]
    if not shared:
        raise MaestroError(
            f"no router is in both runs: {first.folder} has {', '.join(first.routers)}, {second.folder} has "
            f"{', '.join(second.routers)}; name one of each with --router and --against"
        )
    raise MaestroError(f"both runs have {len(shared)} routers: {', '.join(shared)}; choose one with --router")


def compare_results(
    first: Results, second: Results, *, router: str, against: str | None = None, common: bool = False, seed: int = 0
) -> Comparison:
    """Compare what a router did in two runs.

    Args:
        router: its name in the first run.
        against: its name in the second run, by default the same.
        common: leave out samples that only one of the runs has, instead of refusing.

    Raises:
        UnknownNameError: a run has no such router.
        MaestroError: the samples do not match, or none is scored in both.
    """
    names = router, against or router
    chosen: list[list[SampleRecord]] = []
    for results, name in zip((first, second), names, strict=True):
        if name not in results.routers:
            raise UnknownNameError(f"router in {results.folder}", name, results.routers)
        chosen.append([record for record in results.records if record["router"] == name])
    return compare_routers(chosen[0], chosen[1], names=names, common=common, seed=seed)


def compare_routers(
    first: Sequence[SampleRecord],
    second: Sequence[SampleRecord],
    *,
    names: tuple[str, str],
    common: bool = False,
    seed: int = 0,
) -> Comparison:
    """Compare records of two routers on the same samples.

    Raises:
        MaestroError: the samples do not match, or none is scored in both.
    """
    ours, theirs = _by_sample(first), _by_sample(second)
    alone = [key for key in ours if key not in theirs], [key for key in theirs if key not in ours]
    if any(alone) and not common:
        raise MaestroError(_unmatched(*alone))
    shared = [key for key in ours if key in theirs]
    _same_questions(shared, ours, theirs)
    kept = [key for key in shared if _mean(ours[key]) is not None and _mean(theirs[key]) is not None]
    if not kept:
        raise MaestroError("no sample is scored in both runs; runs are compared sample by sample")
    records = [ours[key][0] for key in kept]
    cells, weights = macro_cells(records)
    pairs = [
        Pair(_mean(ours[key]) or 0.0, _mean(theirs[key]) or 0.0, cluster_of(record), cell)
        for key, record, cell in zip(kept, records, cells, strict=True)
    ]
    of_suite: dict[str, list[Pair]] = defaultdict(list)
    for record, pair in zip(records, pairs, strict=True):
        of_suite[record["suite"]].append(pair)
    changes = [
        _change(ours[key], theirs[key], pair)
        for key, pair in zip(kept, pairs, strict=True)
        if pair.first != pair.second
    ]
    return Comparison(
        routers=names,
        overall=paired_test(pairs, weights=weights, seed=seed),
        suites={suite: paired_test(own, seed=seed) for suite, own in of_suite.items()},
        n=len(kept),
        changes=tuple(sorted(changes, key=lambda change: change.second_score - change.first_score)),
        unscored=len(shared) - len(kept),
        alone=(len(alone[0]), len(alone[1])),
    )


def _by_sample(records: Sequence[SampleRecord]) -> dict[str, list[SampleRecord]]:
    found: dict[str, list[SampleRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda each: each["repeat"]):
        found[key_of(record)].append(record)
    return found


def _mean(records: Sequence[SampleRecord]) -> float | None:
    scores = [record["score"] for record in records if record["score"] is not None]
    return sum(scores) / len(scores) if scores else None


def _same_questions(
    shared: Sequence[str], ours: Mapping[str, list[SampleRecord]], theirs: Mapping[str, list[SampleRecord]]
) -> None:
    other = [key for key in shared if len({record["fingerprint"] for record in (*ours[key], *theirs[key])}) > 1]
    if other:
        raise MaestroError(
            f"{len(other)} of {len(shared)} samples are not the same question in both runs (their fingerprints "
            f"differ): {_some(other)}; run both on the same suites"
        )


def _unmatched(first: Sequence[str], second: Sequence[str]) -> str:
    told = [
        f"{len(keys)} {'is' if len(keys) == 1 else 'are'} only in the {which} run ({_some(keys)})"
        for which, keys in (("first", first), ("second", second))
        if keys
    ]
    return (
        f"the runs have not the same samples: {'; '.join(told)}; finish both, or compare what both have with --common"
    )


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:NAMED]) + (" …" if len(keys) > NAMED else "")


def _change(first: Sequence[SampleRecord], second: Sequence[SampleRecord], pair: Pair) -> Change:
    record = first[0]
    return Change(
        suite=record["suite"],
        sample=record["sample"],
        question=record["question"],
        gold=record.get("gold"),
        first_answer=record["answer"],
        second_answer=second[0]["answer"],
        first_score=pair.first,
        second_score=pair.second,
    )

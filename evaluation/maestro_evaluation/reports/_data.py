"""Everything that a report says, computed once, for Markdown and HTML alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maestro_evaluation.records import SampleRecord
from maestro_evaluation.reports._choices import Choices, choices_of
from maestro_evaluation.reports._merge import Body, RunFacts, SuiteFacts
from maestro_evaluation.results import (
    Comparison,
    Cost,
    Figure,
    by,
    calibration_of,
    compare_routers,
    cost_of,
    macro_figure,
    plain_figure,
    reckoning_of,
    repeats_of,
    suite_figure,
)
from maestro_evaluation.stats import Calibration, Variation, adjusted, pareto_front
from maestro_graph.errors import MaestroError, UnknownNameError

__all__ = ["Against", "Own", "Plane", "ReportData", "RouterFacts", "Table", "gather"]

NO_FAMILY = "(none)"
MOST_PROBLEMS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Accuracies of routers (rows) on parts (columns).

    Attributes:
        mean: of the mean over suites, by router; empty where the columns are no suites.
        sizes: samples of each column; a router that answered fewer has its number in its figure.
    """

    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Figure]]
    mean: Mapping[str, Figure]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterFacts:
    """What one router did, beside being right or wrong.

    Attributes:
        calls: how many questions took 0, 1, 2 … calls.
        stops: how runs ended, most frequent first.
        problems: of failed runs, most frequent first.
        judged: samples decided by each judge.
    """

    name: str
    cost: Cost
    calls: tuple[tuple[int, int], ...]
    stops: tuple[tuple[str, int], ...]
    problems: tuple[tuple[str, int], ...]
    judged: tuple[tuple[str, int], ...]
    calibration: Calibration | None
    unsure: int
    variation: Variation | None
    choices: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The main router compared with another on the samples that both have; `adjusted_p` by Holm over all rows."""

    other: str
    comparison: Comparison
    adjusted_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Accuracy against one kind of cost.

    Attributes:
        points: (cost, accuracy) by router.
        front: the routers that none beats, cheapest first.
    """

    unit: str
    points: Mapping[str, tuple[float, float]]
    front: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A suite's figures by its benchmark's own reckoning, for the main router."""

    suite: str
    says: str
    parts: tuple[tuple[str, Figure], ...]
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """The report.

    Attributes:
        main: the router that comparisons, own figures and failures are about.
        routers: best mean over suites first; `about` says what they are.
        free: accuracies on free-answer samples alone, which is what an oracle is defined on; `None` where all are.
    """

    title: str
    main: str
    routers: tuple[RouterFacts, ...]
    runs: tuple[RunFacts, ...]
    suites: tuple[SuiteFacts, ...]
    by_suite: Table
    by_family: Table
    free: Table | None
    against: tuple[Against, ...]
    planes: tuple[Plane, ...]
    own: tuple[Own, ...]
    about: Mapping[str, str]
    samples: int


def gather(body: Body, *, title: str, main: str | None = None) -> ReportData:
    """Compute a report.

    Args:
        main: the router it is mostly about; by default the first that is no baseline.

    Raises:
        UnknownNameError: there is no such router.
    """
    records = body.records
    if main is not None and main not in records:
        raise UnknownNameError("router in these runs", main, records)
    chosen = main or body.main
    by_suite = _table(records, "suite")
    order = sorted(records, key=lambda name: -_value(by_suite.mean[name]))
    ranked = {name: records[name] for name in order}
    some_options = any(not record["free_answer"] for own in records.values() for record in own)
    return ReportData(
        title=title,
        main=chosen,
        routers=tuple(_router(name, own) for name, own in ranked.items()),
        runs=body.runs,
        suites=body.suites,
        by_suite=_ordered(by_suite, order),
        by_family=_ordered(_table(records, "family"), order),
        free=_ordered(_free(records), order) if some_options else None,
        against=_against(chosen, ranked),
        planes=_planes(ranked, by_suite.mean),
        own=_own(records[chosen]),
        about={name: body.about[name] for name in order if body.about[name]},
        samples=sum(suite.samples for suite in body.suites),
    )


def _value(figure: Figure) -> float:
    return figure.interval.value if figure.interval is not None else -1.0


def _free(records: Mapping[str, Sequence[SampleRecord]]) -> Table:
    kept = {name: [record for record in own if record["free_answer"]] for name, own in records.items()}
    return _table({name: own for name, own in kept.items() if own}, "suite")


def _table(records: Mapping[str, Sequence[SampleRecord]], field: str) -> Table:
    columns: dict[str, set[str]] = {}
    rows: dict[str, dict[str, Figure]] = {}
    for router, own in records.items():
        rows[router] = {}
        for column, part in by(own, field).items():
            columns.setdefault(column, set()).update(f"{record['suite']}/{record['sample']}" for record in part)
            rows[router][column] = suite_figure(part) if field == "suite" else plain_figure(part)
    mean = {router: macro_figure(own) for router, own in records.items()} if field == "suite" else {}
    return Table(
        columns=tuple(columns),
        rows=rows,
        mean=mean,
        sizes={column: len(samples) for column, samples in columns.items()},
    )


def _ordered(table: Table, order: Sequence[str]) -> Table:
    return Table(
        columns=table.columns,
        rows={name: table.rows[name] for name in order if name in table.rows},
        mean={name: table.mean[name] for name in order if name in table.mean},
        sizes=table.sizes,
    )


def _router(name: str, records: Sequence[SampleRecord]) -> RouterFacts:
    calls = Counter(len(record["calls"]) for record in records)
    return RouterFacts(
        name=name,
        cost=cost_of(records),
        calls=tuple(sorted(calls.items())),
        stops=_counted(record["stop_reason"] or "none given" for record in records),
        problems=_counted(record["problem"] or "no reason given" for record in records if record["status"] == "failed"),
        judged=_counted(judge["model"] for record in records for judge in record.get("judge", ())),
        calibration=calibration_of(records),
        unsure=sum(record["confidence"] is None for record in records),
        variation=repeats_of(records),
        choices=choices_of(records),
    )


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(names).most_common(MOST_PROBLEMS))


def _against(main: str, records: Mapping[str, Sequence[SampleRecord]]) -> tuple[Against, ...]:
    found: dict[str, Comparison] = {}
    for other, own in records.items():
        if other == main:
            continue
        try:
            found[other] = compare_routers(own, records[main], names=(other, main), common=True)
        except MaestroError:  # other suites, or none scored in both
            continue
    p_values = adjusted([comparison.overall.p_value for comparison in found.values()])
    return tuple(
        Against(other=other, comparison=comparison, adjusted_p=p_value)
        for (other, comparison), p_value in zip(found.items(), p_values, strict=True)
    )


def _planes(records: Mapping[str, Sequence[SampleRecord]], mean: Mapping[str, Figure]) -> tuple[Plane, ...]:
    """Only of routers that answered all suites: means over different suites cannot share a plane."""
    suites = {record["suite"] for own in records.values() for record in own}
    whole = {
        name: cost_of(own)
        for name, own in records.items()
        if mean[name].interval is not None and {record["suite"] for record in own} == suites
    }
    costs = {
        "seconds a question": {name: cost.seconds for name, cost in whole.items()},
        "calls a question": {name: cost.calls for name, cost in whole.items()},
        "price a question": {name: cost.price for name, cost in whole.items()},
    }
    planes = []
    for unit, values in costs.items():
        if len(values) > 1 and any(values.values()):
            points = {name: (value, _value(mean[name])) for name, value in values.items()}
            planes.append(Plane(unit=unit, points=points, front=tuple(pareto_front(points))))
    return tuple(planes)


def _own(records: Sequence[SampleRecord]) -> tuple[Own, ...]:
    return tuple(_own_of(suite, part) for suite, part in by(records, "suite").items())


def _own_of(suite: str, records: Sequence[SampleRecord]) -> Own:
    reckoning = reckoning_of(records)
    parts: dict[str, list[SampleRecord]] = {}
    for record in records:
        parts.setdefault(reckoning.part(record), []).append(record)
    first = [record for record in records if record["score"] is not None and record["repeat"] == records[0]["repeat"]]
    return Own(
        suite=suite,
        says=reckoning.says,
        parts=tuple((part, suite_figure(own)) for part, own in sorted(parts.items())) if len(parts) > 1 else (),
        figures=tuple(reckoning.figures(first)) if first else (),
    )

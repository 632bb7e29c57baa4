"""The report as Markdown: the tables, for repositories and terminals. Pictures and charts are in the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from maestro_evaluation.reports._data import Own, ReportData, RouterFacts, Table
from maestro_evaluation.reports._words import bounds, p_value, percent, points, price, seconds, signed_bounds, value
from maestro_evaluation.results import Figure
from maestro_graph._printable import printable

__all__ = ["report_markdown"]

SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>|#!~&"})


def report_markdown(data: ReportData) -> str:
    """Render the report."""
    parts = [
        f"# {_text(data.title)}",
        f"Samples: {data.samples}, routers: {len(data.routers)}, suites: {len(data.suites)}. Percent, with 95 % "
        "bootstrap intervals in brackets (whole questions are drawn, with their rotations and repeats).",
        *_section("Accuracy by suite", _accuracies(data.by_suite)),
        *(_section("Accuracy by suite, free answers only", _accuracies(data.free)) if data.free else ()),
        *_section("Accuracy by family of question", _accuracies(data.by_family)),
        *_section("Routers", (f"- {_text(name)}: {_text(told)}" for name, told in data.about.items())),
        *_section("Suites", _suites(data)),
        *_section(f"Each benchmark's own figures ({_text(data.main)})", _own(data.own)),
        *_section(f"{_text(data.main)} against the others", _against(data)),
        *_section("Turns, calls and cost", _cost(data.routers)),
        *_section("Calibration of confidence", _calibration(data.routers)),
        *_section("Repeats", _repeats(data.routers)),
        *_section(f"What {_text(data.main)} called for what", _choices(data)),
        *_section("Counted apart", _apart(data)),
        *_section("Made by", _made(data)),
    ]
    return "\n\n".join(parts) + "\n"


def _text(told: str) -> str:
    """Text from outside on one line, with nothing in it that Markdown or HTML would act on."""
    return " ".join(printable(told).split()).translate(SPECIAL)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = "\n".join(lines)
    if body:
        yield f"## {title}"
        yield body


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    listed = list(rows)
    if not listed:
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---', *['---:'] * (len(head) - 1)])}|"
    for row in listed:
        yield f"| {' | '.join(row)} |"


def _cell(figure: Figure | None, size: int = 0) -> str:
    if figure is None or figure.interval is None:
        return "–"
    fewer = f", n {figure.samples}" if figure.samples < size else ""
    return f"{value(figure)} [{bounds(figure)}]{fewer}"


def _accuracies(table: Table) -> Iterator[str]:
    means = ["mean over suites"] if table.mean else []
    head = ["router", *means, *(f"{_text(name or '(none)')}, n {table.sizes[name]}" for name in table.columns)]
    yield from _grid(
        head,
        (
            [
                _text(name),
                *([_cell(table.mean[name])] if table.mean else []),
                *(_cell(row.get(column), table.sizes[column]) for column in table.columns),
            ]
            for name, row in table.rows.items()
        ),
    )


def _suites(data: ReportData) -> Iterator[str]:
    yield from _grid(
        ["suite", "samples", "free answers", "chance", "blind baseline", "rules", "source", "licence"],
        (
            [
                _text(suite.name),
                str(suite.samples),
                str(suite.free_answers),
                percent(suite.chance),
                percent(suite.blind) + (f" ({_text(suite.blind_by)})" if suite.blind_by else ""),
                _text(", ".join(suite.rules)),
                _text(suite.source),
                _text(suite.licence),
            ]
            for suite in data.suites
        ),
    )


def _own(own: Sequence[Own]) -> Iterator[str]:
    for each in own:
        told = [f"{_text(part or '(none)')} {_cell(figure)}" for part, figure in each.parts]
        told += [f"{_text(label)} {_text(text)}" for label, text in each.figures]
        yield f"- {_text(each.suite)}: {_text(each.says)}{'; ' + ', '.join(told) if told else ''}"


def _against(data: ReportData) -> Iterator[str]:
    yield from _grid(
        [
            "other router",
            "samples",
            "difference, points",
            "interval",
            "p",
            "p (Holm)",
            "test",
            "other better",
            "better",
        ],
        (
            [
                _text(row.other),
                str(row.comparison.n),
                points(row.comparison.overall.difference.value),
                signed_bounds(row.comparison.overall.difference),
                p_value(row.comparison.overall.p_value),
                p_value(row.adjusted_p),
                row.comparison.overall.test,
                str(row.comparison.overall.worse),
                str(row.comparison.overall.better),
            ]
            for row in data.against
        ),
    )


def _cost(routers: Sequence[RouterFacts]) -> Iterator[str]:
    head = ["router", "turns", "calls", "seconds", "median", "95th", "input tokens", "output tokens", "price", "total"]
    yield from _grid(
        head,
        (
            [
                _text(router.name),
                f"{router.cost.turns:.2f}",
                f"{router.cost.calls:.2f}",
                seconds(router.cost.seconds),
                seconds(router.cost.seconds_median),
                seconds(router.cost.seconds_p95),
                f"{router.cost.input_tokens:.0f}",
                f"{router.cost.output_tokens:.0f}",
                price(router.cost.price),
                price(router.cost.total),
            ]
            for router in routers
        ),
    )


def _calibration(routers: Sequence[RouterFacts]) -> Iterator[str]:
    yield from _grid(
        ["router", "answers with a confidence", "ECE", "Brier", "AUC"],
        (
            [
                _text(router.name),
                str(found.n),
                f"{found.ece:.3f}",
                f"{found.brier:.3f}",
                "–" if found.auc is None else f"{found.auc:.3f}",
            ]
            for router in routers
            if (found := router.calibration) is not None
        ),
    )


def _repeats(routers: Sequence[RouterFacts]) -> Iterator[str]:
    yield from _grid(
        ["router", "repeats", "mean", "standard deviation", "lowest", "highest"],
        (
            [
                _text(router.name),
                str(moved.n),
                percent(moved.mean),
                percent(moved.sd),
                percent(moved.low),
                percent(moved.high),
            ]
            for router in routers
            if (moved := router.variation) is not None
        ),
    )


def _choices(data: ReportData) -> Iterator[str]:
    choices = next(router.choices for router in data.routers if router.name == data.main)
    if not choices.actions:
        return
    yield "Share of a family's questions in which the action was called at least once."
    yield ""
    yield from _grid(
        ["action", *(f"{_text(family or '(none)')}, n {n}" for family, n in choices.families.items())],
        (
            [
                _text(action),
                *(_share(choices.used.get((action, family), 0), n) for family, n in choices.families.items()),
            ]
            for action in choices.actions
        ),
    )


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if count else ""


def _apart(data: ReportData) -> Iterator[str]:
    yield from _grid(
        ["router", "records", "no score", "failed", "why"],
        (
            [
                _text(name),
                str(figure.n),
                str(figure.unscored),
                str(figure.failed),
                _text("; ".join(f"{count} × {problem[:160]}" for problem, count in _problems(data, name))),
            ]
            for name, figure in data.by_suite.mean.items()
        ),
    )


def _problems(data: ReportData, name: str) -> Sequence[tuple[str, int]]:
    found: Mapping[str, RouterFacts] = {router.name: router for router in data.routers}
    return found[name].problems[:3]


def _made(data: ReportData) -> Iterator[str]:
    for run in data.runs:
        yield f"- {_text(run.folder)}: {run.records} records{f', {run.damaged} cut off' if run.damaged else ''}"
        if run.command:
            yield f"  - command: {_text(run.command)}"
        if run.time:
            yield f"  - time: {_text(run.time)}"
        for name, told in run.facts:
            yield f"  - {_text(name)}: {_text(told)}"

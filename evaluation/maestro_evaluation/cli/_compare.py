"""`maestro eval compare`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maestro_evaluation.cli._app import app
from maestro_graph._printable import printable

if TYPE_CHECKING:
    from maestro_evaluation.results import Change, Comparison, Results
    from maestro_evaluation.stats import PairedTest

__all__: list[str] = []

SHOWN = 60
TESTS = {"mcnemar": "McNemar, exact", "permutation": "permutation of whole questions"}
PARTS = ("experts", "perceivers", "skills")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(help="Folder of another run of the same samples.")],
    router: Annotated[str | None, typer.Option(help="Router to compare; where both runs have only one, that.")] = None,
    against: Annotated[str | None, typer.Option(help="Its name in the second run, if it is another.")] = None,
    common: Annotated[bool, typer.Option("--common", help="Leave out samples that only one run has.")] = False,
    show: Annotated[int, typer.Option(min=0, help="How many of the samples that differ to list.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, all samples that differ included.")
    ] = False,
) -> None:
    """Compare two runs sample by sample: difference, interval, p-value, and where they differ.

    The figures are those of the second run minus those of the first, each suite by its benchmark's own reckoning.
    """
    from maestro_evaluation.results import compare_results, read_results, shared_router

    runs = read_results(first), read_results(second)
    name = router or shared_router(*runs)
    found = compare_results(*runs, router=name, against=against, common=common)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
        return
    for line in (*_head(runs, found), *_table(found), "", *_differing(found.changes, show)):
        typer.echo(printable(line))


def _head(runs: tuple[Results, Results], found: Comparison) -> list[str]:
    lines = [f"{which}: {run.folder} ({name})" for which, run, name in zip("AB", runs, found.routers, strict=True)]
    lines += _ensembles(*(run.info for run in runs))
    if found.unscored:
        lines.append(f"{found.unscored} samples have no score in one of the runs and are left out")
    if any(found.alone):
        lines.append(f"left out: {found.alone[0]} samples that only A has, {found.alone[1]} that only B has")
    return [*lines, ""]


def _ensembles(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What of the ensemble is not the same."""
    ours, theirs = (_mapping(info.get("registry")) for info in (first, second))
    if ours.get("identity") == theirs.get("identity"):
        return []
    lines = [f"the ensembles differ: A {ours.get('identity')}, B {theirs.get('identity')}"]
    for kind in PARTS:
        had, has = (_mapping(_mapping(told.get("parts")).get(kind)) for told in (ours, theirs))
        names = [
            *(f"{name} changed" for name in had if name in has and had[name] != has[name]),
            *(f"{name} only in A" for name in had if name not in has),
            *(f"{name} only in B" for name in has if name not in had),
        ]
        if names:
            lines.append(f"  {kind}: {', '.join(names)}")
    return lines


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _table(found: Comparison) -> list[str]:
    width = max(len(name) for name in (*found.suites, "mean over suites"))
    lines = [f"{'':{width}}       A       B   B - A  95 % interval          p  only A  only B"]
    lines += [_row(name, test, width) for name, test in found.suites.items()]
    if len(found.suites) > 1:
        lines.append(_row("mean over suites", found.overall, width))
    tests = sorted({TESTS[test.test] for test in (*found.suites.values(), found.overall)})
    lines.append(
        f"{found.n} samples; percent; p two-sided: {', '.join(tests)}; only A, only B: samples scored higher there"
    )
    return lines


def _row(name: str, test: PairedTest, width: int) -> str:
    change = test.difference
    return (
        f"{name:{width}}  {100 * test.first:6.1f}  {100 * test.second:6.1f}  {100 * change.value:+6.1f}  "
        f"[{100 * change.low:+6.1f}, {100 * change.high:+6.1f}]  {_p_value(test.p_value):>7}  "
        f"{test.worse:6}  {test.better:6}"
    )


def _p_value(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _differing(changes: tuple[Change, ...], show: int) -> list[str]:
    if not changes:
        return ["the runs score every sample alike"]
    lines = [f"{len(changes)} samples differ:"]
    lines += [
        f"  {change.suite}/{change.sample}  A {change.first_score:g} {_short(change.first_answer)}  "
        f"B {change.second_score:g} {_short(change.second_answer)}  gold {_short(change.gold)}"
        for change in changes[:show]
    ]
    if len(changes) > show:
        lines.append(f"  … and {len(changes) - show} more (--show, --json)")
    return lines


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

"""`maestro eval run`: routers and baselines on suites, recorded question by question."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from maestro_evaluation.cli._app import app

if TYPE_CHECKING:
    from maestro_evaluation.records import SampleRecord

__all__: list[str] = []


@app.command()
def run(
    suite: Annotated[list[str], typer.Option(help="A suite by name or folder; may be given again.")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    router: Annotated[
        list[str] | None,
        typer.Option(help="A baseline, a kind of router, or a folder of trained weights; may be given again."),
    ] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="All baselines.")] = False,
    registry: Annotated[str, typer.Option(help="A preset or a file.")] = "embedded",
    split: Annotated[str, typer.Option(help="What is asked: train, validation or test.")] = "test",
    train_split: Annotated[str, typer.Option(help="What baselines learn from.")] = "train",
    train_suite: Annotated[
        list[str] | None, typer.Option(help="Suites that baselines learn from, if others than those that are asked.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many questions of each suite.")] = None,
    train_limit: Annotated[int | None, typer.Option(min=1, help="Learn from so many questions of each suite.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each question by a router that may differ.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the first repeat; the next one has the next.")] = 0,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Questions in work at once.")] = None,
    deadline: Annotated[float | None, typer.Option(min=0.1, help="Seconds for one run.")] = None,
    table: Annotated[Path | None, typer.Option(help="Folder of an outcome table to share.")] = None,
    plans: Annotated[Path | None, typer.Option(help="YAML list of plans of several calls.")] = None,
    judge: Annotated[str | None, typer.Option(help="MODEL@URL that decides what rules leave open.")] = None,
    judge_key: Annotated[str | None, typer.Option(help="Environment variable with the judge's key.")] = None,
    traces: Annotated[bool, typer.Option(help="Keep a trace of each run of a router.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that the folder holds.")] = False,
) -> None:
    """Put the questions of suites to routers and baselines, and record each run."""
    from maestro_evaluation.running import RunOptions, make_run
    from maestro_graph.cli._streams import stdout_reserved
    from maestro_graph.cli._work import run_work

    options = RunOptions(
        suites=suite,
        out=out,
        learn_from=train_suite or (),
        registry=registry,
        routers=router or (),
        baselines=baselines,
        split=split,
        train_split=train_split,
        limit=limit,
        train_limit=train_limit,
        repeats=repeats,
        seed=seed,
        concurrency=max_concurrency,
        deadline_s=deadline,
        table=table,
        plans=plans,
        judge=judge,
        judge_key=judge_key,
        traces=traces,
        resume=resume,
    )
    with stdout_reserved():
        done = run_work(make_run(options))
    for line in _summary(done.file):
        typer.echo(line)


def _summary(file: Path) -> list[str]:
    """One line a router; `maestro eval report` has the intervals."""
    from maestro_evaluation.running._log import read_records

    by_router: dict[str, list[SampleRecord]] = defaultdict(list)
    for record in read_records(file):
        kept = cast("SampleRecord", record)
        by_router[kept["router"]].append(kept)
    lines = []
    for name, records in by_router.items():
        points = [record["score"] for record in records if record["score"] is not None]
        mean = f"{100 * sum(points) / len(points):5.1f} %" if points else "no score"
        failed = sum(record["status"] == "failed" for record in records)
        calls = sum(len(record["calls"]) for record in records) / len(records)
        seconds = sum(record["seconds"] for record in records) / len(records)
        open_ones = len(records) - len(points)
        lines.append(
            f"{name}: {mean} of {len(points)} runs, {failed} failed, {open_ones} without a score, "
            f"{calls:.2f} calls and {seconds:.2f} s a question"
        )
    return lines

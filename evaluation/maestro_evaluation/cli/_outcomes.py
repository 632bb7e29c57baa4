"""`maestro eval outcomes`: the table that baselines and training read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_evaluation.cli._app import app

__all__: list[str] = []


@app.command()
def outcomes(
    suite: Annotated[list[str], typer.Option(help="A suite by name or folder; may be given again.")],
    out: Annotated[Path, typer.Option(help="Folder of the table; going on in one adds what it lacks.")],
    registry: Annotated[str, typer.Option(help="A preset or a file.")] = "embedded",
    split: Annotated[
        list[str] | None, typer.Option(help="train, validation or test; may be given again; by default all.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many questions of each suite and split.")] = None,
    plans: Annotated[Path | None, typer.Option(help="YAML list of plans of several calls.")] = None,
    deadline: Annotated[float | None, typer.Option(min=0.1, help="Seconds for one run.")] = None,
    max_concurrency: Annotated[int | None, typer.Option(min=1, help="Questions in work at once.")] = None,
    shard: Annotated[
        str | None, typer.Option(help="Only this part of the questions: 3/8 is the third of eight.", metavar="K/N")
    ] = None,
) -> None:
    """Carry out every pair and every listed plan on every question, once, and keep what came of it."""
    from maestro_evaluation.running import Shard, make_table
    from maestro_graph.cli._streams import stdout_reserved
    from maestro_graph.cli._work import run_work

    with stdout_reserved():
        done = run_work(
            make_table(
                suite,
                out,
                registry=registry,
                splits=split,
                limit=limit,
                plans=plans,
                deadline_s=deadline,
                concurrency=max_concurrency,
                shard=Shard.parse(shard) if shard is not None else None,
            )
        )
    typer.echo(f"{done.written} new rows, {done.rows} in all, of the ensemble {done.identity}: {done.file}")

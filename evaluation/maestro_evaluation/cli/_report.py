"""`maestro eval report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_evaluation.cli._app import app

__all__: list[str] = []


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders of runs; several make one report.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the report; by default the first run's.")] = None,
    title: Annotated[str | None, typer.Option(help="Heading; by default the folders' names.")] = None,
    router: Annotated[
        str | None, typer.Option(help="Router that comparisons and failures are about; by default the first.")
    ] = None,
    failures: Annotated[int, typer.Option(min=0, help="Wrong answers to show at most, with their pictures.")] = 40,
) -> None:
    """Write report.md and report.html: tables with intervals, choices, cost, calibration, wrong answers."""
    from maestro_evaluation.reports import write_report

    for file in write_report(folders, out or folders[0], title=title, router=router, failures=failures):
        typer.echo(str(file))

"""`maestro trace`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from maestro_graph.cli._errors import errors_told
from maestro_graph.errors import TraceError

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def trace() -> None:
    """Look at what a run did."""


@app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A trace file, or a folder of them.")],
    html: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="Write one self-contained HTML page with the pictures ('-': to stdout)."),
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Only the run whose id begins so.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Only the run that began last.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Whole texts, and every request of a call.")] = False,
) -> None:
    """Show the runs of a trace as a tree, or as a page."""
    with errors_told():
        from maestro_graph.trace import read_trace

        runs = read_trace(file)
        if run is not None:
            runs = [item for item in runs if item.run.startswith(run)]
            if not runs:
                raise TraceError(f"no run of {file!r} has an id that begins with {run!r}; show it without --run")
        runs = runs[-1:] if last else runs
        if html is None:
            from maestro_graph.cli._trace_tree import print_runs

            print_runs(runs, full=full)
            return
        from maestro_graph.trace import trace_page

        page = trace_page(runs, title=f"Trace {Path(file).name}").encode("utf-8", "backslashreplace")
        if html == "-":
            sys.stdout.buffer.write(page)
            return
        try:
            Path(html).expanduser().write_bytes(page)
        except (OSError, ValueError, RuntimeError) as error:
            raise TraceError(f"the page {html!r} cannot be written: {error}; give another --html") from error
        typer.echo(f"{html}: {len(runs)} run{'' if len(runs) == 1 else 's'}, {len(page):,} bytes", err=True)

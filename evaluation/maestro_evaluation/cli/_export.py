"""`maestro eval export-log`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_evaluation.cli._app import app

__all__: list[str] = []


@app.command("export-log")
def export_log(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    router: Annotated[str, typer.Option(help="Whose records.")],
) -> None:
    """Write a router's results in the form of lm-eval's: results.json and a samples_SUITE.jsonl each."""
    from maestro_evaluation.interop.lm_eval_log import write_lm_eval

    for file in write_lm_eval(folder, out, router=router):
        typer.echo(str(file))

"""The command group `maestro eval`."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Suites, official scoring rules, evaluation runs and their reports.",
)


@app.callback()
def evaluation() -> None:
    """Suites, official scoring rules, evaluation runs and their reports."""

"""`maestro graph`."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def later() -> None:
    """Later."""


@app.callback()
def graph() -> None:
    """Later."""

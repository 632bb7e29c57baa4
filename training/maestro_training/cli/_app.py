"""The command group `maestro train`."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Train a router by reinforcement learning on outcomes."
)


@app.callback()
def train() -> None:
    """Train a router by reinforcement learning on outcomes."""

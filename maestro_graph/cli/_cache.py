"""`maestro cache`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maestro_graph.cli._errors import errors_told
from maestro_graph.errors import MaestroError

if TYPE_CHECKING:
    from maestro_graph.cache import CallCache

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

Directory = Annotated[
    Path | None, typer.Option(help="Where the cache is; by default the environment variable MAESTRO_CACHE_DIR.")
]


@app.callback()
def cache() -> None:
    """Look at the call cache on disk, or empty it."""


@app.command()
def show(directory: Directory = None) -> None:
    """Say where the cache is and how large."""
    with errors_told():
        found = _open(directory)
        typer.echo(f"{found.directory}: {found.size():,} bytes")
        found.close()


@app.command()
def purge(
    directory: Directory = None,
    expert: Annotated[str | None, typer.Option(help="Only the replies of this expert.")] = None,
) -> None:
    """Drop all replies, or those of one expert (whose model was changed behind the same name)."""
    with errors_told():
        found = _open(directory)
        dropped = found.purge() if expert is None else found.forget(expert)
        typer.echo(f"{found.directory}: {dropped} replies dropped")
        found.close()


def _open(directory: Path | None) -> CallCache:
    from maestro_graph.cache import CACHE_VARIABLE, CallCache

    chosen = directory or os.environ.get(CACHE_VARIABLE)
    if not chosen:
        raise MaestroError(f"no cache is named; give --directory or set {CACHE_VARIABLE}")
    if not Path(chosen).expanduser().is_dir():
        raise MaestroError(f"there is no cache at {str(chosen)!r}; check --directory or {CACHE_VARIABLE}")
    return CallCache(chosen)

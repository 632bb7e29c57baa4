"""`maestro eval suites` and `maestro eval export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maestro_evaluation.cli._app import app
from maestro_graph.errors import MaestroError

if TYPE_CHECKING:
    from maestro_evaluation.samples import Split, Suite

__all__: list[str] = []


class Form(StrEnum):
    """Forms that a suite can be written in."""

    RL_PARQUET = "rl-parquet"
    FOLDER = "folder"


@app.command()
def suites() -> None:
    """List what can be named as a suite without having a file of it."""
    from maestro_evaluation.loaders import benchmarks, suites_directory
    from maestro_evaluation.synthetic import generators

    for one in benchmarks.values():
        splits = ", ".join(one.splits)
        typer.echo(
            f"{one.name}: {one.title}; {one.hub} ({splits}); rule {one.rule}{f'; {one.notes}' if one.notes else ''}"
        )
    for generator in generators().values():
        typer.echo(f"{generator.name}: {generator.title}; generated, say {generator.name}:500 for 500 questions")
    typer.echo(f"kept in {suites_directory()}")


@app.command()
def export(
    suite: Annotated[str, typer.Argument(help="Name, folder or file of a suite.", show_default=False)],
    out: Annotated[Path, typer.Argument(help="The parquet file, or the folder.", show_default=False)],
    to: Annotated[Form, typer.Option(help="The form to write.")] = Form.FOLDER,
    split: Annotated[str | None, typer.Option(help="train, validation or test.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
) -> None:
    """Write a suite, wherever it is from, as a folder of one's own or as parquet for RL training."""
    from maestro_evaluation.loaders import open_suite, write_rl_parquet

    found = open_suite(suite, split=_split(split), limit=limit)
    if to is Form.RL_PARQUET:
        write_rl_parquet(found, out)
    else:
        _write_folder(found, out)
    typer.echo(f"{out}: {len(found)} questions of {found.name}")


def _split(given: str | None) -> Split | None:
    splits: dict[str | None, Split | None] = {None: None, "train": "train", "validation": "validation", "test": "test"}
    if given in splits:
        return splits[given]
    raise MaestroError(f"there is no split {given!r}; there are: train, validation, test")


def _write_folder(suite: Suite, folder: Path) -> None:
    from maestro_evaluation.samples import write_folder

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MaestroError(f"{folder} is there already and is not empty; name a new folder")
    write_folder(suite, folder)

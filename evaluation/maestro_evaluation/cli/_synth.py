"""`maestro eval synth`: generate synthetic suites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maestro_evaluation.cli._app import app
from maestro_graph.errors import MaestroError

if TYPE_CHECKING:
    from maestro_evaluation.samples import Split, Suite

__all__: list[str] = []

ALL = "all"


@app.command()
def synth(
    suite: Annotated[str, typer.Argument(help="A synthetic suite, or 'all'.", show_default=False)] = "",
    n: Annotated[int, typer.Option("--n", min=1, help="Questions in each split.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    split: Annotated[
        list[str] | None,
        typer.Option(help="train, validation, test (the default) or all; several may be given, also as train=1200."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The suite's folder; with 'all', one folder a suite in it.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Also write a contact sheet; with 'all', a folder of sheets.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.", show_default="one a processor")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the suites and stop.")] = False,
) -> None:
    """Generate a synthetic suite: seeded pictures, questions and answers that are known before anything is drawn."""
    from maestro_evaluation.synthetic import generators

    if show:
        for generator in generators().values():
            typer.echo(f"{generator.name}: {generator.title}. {generator.about}")
        return
    if not suite or out is None:
        raise MaestroError("name a suite (or 'all') and a folder with --out; --list lists the suites")
    sizes = _sizes(split or ["test"], n)
    for name in generators() if suite == ALL else [suite]:
        made = _generate(name, sizes, seed, out / name if suite == ALL else out, workers)
        if sheet is not None:
            _sheet(made, sheet / f"{name}.webp" if suite == ALL else sheet)
        _report(made, out / name if suite == ALL else out)


def _sizes(given: list[str], n: int) -> dict[Split, int]:
    from maestro_evaluation.synthetic import SPLITS

    sizes: dict[Split, int] = {}
    for item in given:
        name, _, count = item.partition("=")
        if count and not count.isdecimal():
            raise MaestroError(f"--split {item}: {count!r} is no number of questions; write, say, train=1200")
        chosen = [known for known in SPLITS if name in (known, ALL)]
        if not chosen:
            raise MaestroError(f"there is no split {name!r}; there are: {', '.join(SPLITS)}, or all")
        sizes.update(dict.fromkeys(chosen, int(count) if count else n))
    return sizes


def _generate(name: str, sizes: dict[Split, int], seed: int, folder: Path, workers: int | None) -> Suite:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from maestro_evaluation.synthetic import generate

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left")
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        return generate(
            name,
            sizes=sizes,
            seed=seed,
            folder=folder,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _sheet(suite: Suite, file: Path) -> None:
    from maestro_evaluation.synthetic import save_sheet

    save_sheet(suite, file)
    typer.echo(f"{file}: contact sheet")


def _report(suite: Suite, folder: Path) -> None:
    details = suite.info.details
    typer.echo(
        f"{folder}: {len(suite)} questions on {details['pictures']} pictures, {details['free_answers']} with a free "
        f"answer; {details['second_derivation']}"
    )
    blind = details["blind"]
    for split, found in blind.items() if isinstance(blind, dict) else ():
        if isinstance(found, dict):
            guesses = ", ".join(f"{key} {float(str(value)):.1%}" for key, value in found.items())
            typer.echo(f"  without the picture ({split}): chance {suite.info.chance or 0:.1%}; guessed by {guesses}")

"""`maestro train encoder` and `maestro train report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_training.cli._app import app

__all__: list[str] = []


@app.command()
def encoder(
    config: Annotated[Path, typer.Option(help="YAML file of the training run.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; going on in one resumes it.")],
    seed: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard logs too.")] = False,
) -> None:
    """Train the encoder router's policy from a table of outcomes."""
    from maestro_graph.cli._streams import stdout_reserved
    from maestro_training.encoder import read_training, train_encoder

    training = read_training(config)
    if seed is not None:
        training = training.model_copy(update={"seed": seed})
    with stdout_reserved():
        done = train_encoder(training, out, tensorboard=tensorboard)
    typer.echo(done.summary())


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a training run.")],
) -> None:
    """Write curves, routing before and after, and example runs of a training run into report.html and report.md."""
    from maestro_training.encoder import write_report

    for file in write_report(folder):
        typer.echo(str(file))

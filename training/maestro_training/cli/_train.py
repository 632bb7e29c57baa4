"""`maestro train encoder`, `maestro train policy` and `maestro train report`."""

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
def policy(
    config: Annotated[str, typer.Option(help="YAML file, or the name of a configuration that ships.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; going on in one resumes it.")],
    seed: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="field=value, to change the file; may be given several times.")
    ] = None,
) -> None:
    """Train a language-model or vision-language policy by GRPO on runs of the graph."""
    from maestro_graph.cli._streams import stdout_reserved
    from maestro_graph.errors import MissingExtraError
    from maestro_training.policy._config import read_policy_training

    training = read_policy_training(config, changes or ())
    if seed is not None:
        training = training.model_copy(update={"seed": seed})
    try:
        from maestro_training.policy._train import train_policy
    except ModuleNotFoundError as error:
        raise MissingExtraError("training a policy", "train", error.name or "trl") from error
    with stdout_reserved():
        done = train_policy(training, out)
    typer.echo(done.summary())


@app.command("tiny-qwen3vl")
def tiny_qwen3vl(
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    registry: Annotated[str, typer.Option(help="A preset or a file: the tokenizer is trained on its prompts.")] = (
        "embedded"
    ),
    max_side: Annotated[int, typer.Option(min=32, help="Pictures are scaled down to about so many pixels a side.")] = (
        256
    ),
    blind: Annotated[bool, typer.Option("--blind", help="It is shown black pictures: the control.")] = False,
    seed: Annotated[int, typer.Option(help="Of the random weights.")] = 0,
) -> None:
    """Build a Qwen3-VL of 7 million random parameters, to train from pixels or to try a configuration out."""
    from maestro_graph.errors import MissingExtraError

    try:
        from maestro_training.policy._tiny import build_tiny_qwen3vl

        made = build_tiny_qwen3vl(out, registry=registry, max_side=max_side, blind=blind, seed=seed)
    except ModuleNotFoundError as error:
        raise MissingExtraError("building a model", "train", error.name or "torch") from error
    typer.echo(str(made))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a training run.")],
) -> None:
    """Write curves, routing before and after, and example runs of a training run into report.html and report.md."""
    from maestro_training.encoder import write_report

    for file in write_report(folder):
        typer.echo(str(file))

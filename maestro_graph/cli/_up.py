"""`maestro up`."""

from __future__ import annotations

from typing import Annotated

import typer

from maestro_graph.cli._errors import errors_told

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def up(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND …]",
            help="Run this once every endpoint answers, stop the servers after it, and end with its exit code.",
        ),
    ] = None,
    registry: Annotated[
        str, typer.Option("--registry", "-r", metavar="NAME|FILE", help="A preset or a file.")
    ] = "paper",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this part: 'router', an expert or a perceiver; several times."),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name of this machine, as the registry has it; several times."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands and start nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --dry-run: one JSON object.")] = False,
    compose: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a docker compose file ('-': stdout) and start nothing.")
    ] = None,
    slurm: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a Slurm job script ('-': stdout) and start nothing.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="With --compose: the image of vLLM.")] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="PATH", envvar="MAESTRO_VLLM_PYTHON", help="Interpreter of the environment with vLLM."),
    ] = None,
    logs: Annotated[str | None, typer.Option(metavar="FOLDER", help="Where the servers' logs go.")] = None,
) -> None:
    """Serve the endpoints of a registry with vLLM, each as its `serve:` section says.

    Endpoints that answer already are used and left alone. Ctrl-C or SIGTERM stops what was started.

    Exit code: 0 stopped by the user, 2 bad input, 3 a server ended by itself, 130 interrupted before all were up.
    """
    with errors_told():
        from maestro_graph.cli._up_run import UpOptions, run_up

        code = run_up(
            UpOptions(
                registry=registry,
                only=tuple(only or ()),
                hosts=tuple(host or ()),
                dry_run=dry_run,
                json=json,
                compose=compose,
                slurm=slurm,
                image=image,
                python=python,
                logs=logs,
                command=tuple(command or ()),
            )
        )
    if code:
        raise typer.Exit(code)

"""`maestro registry`."""

from __future__ import annotations

from typing import Annotated

import typer

from maestro_graph.cli._errors import ExitCode, errors_told

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

Source = Annotated[str, typer.Argument(metavar="[NAME|FILE]", help="A preset or a file.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def registry() -> None:
    """Show a registry, or check it and its endpoints."""


@app.command()
def show(source: Source = "embedded", json: AsJson = False) -> None:
    """Show experts, skills and router of a registry. Nothing is loaded or connected."""
    with errors_told():
        from maestro_graph.cli._registry_show import print_registry, registry_json
        from maestro_graph.registry import read_config

        config, folder = read_config(source)
        if json:
            registry_json(config, folder)
        else:
            print_registry(config, folder)


@app.command()
def check(
    source: Source = "embedded",
    json: AsJson = False,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time for an endpoint to answer.")] = 5.0,
) -> None:
    """Validate a registry, ask its endpoints which models they serve, and try its in-process parts.

    Exit code: 0 all is fine, 2 the registry is invalid, 3 something in it does not answer.
    """
    with errors_told():
        from maestro_graph.cli._registry_check import check_registry, print_findings

        findings = check_registry(source, timeout)
        print_findings(findings, as_json=json)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(ExitCode.UNREACHABLE)

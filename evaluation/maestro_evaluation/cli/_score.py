"""`maestro eval conformance` and `maestro eval rules`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_evaluation.cli._app import app

__all__: list[str] = []

SHOWN = 160


@app.command()
def conformance(
    file: Annotated[Path, typer.Argument(help="Vectors, one JSON object a line.")],
) -> None:
    """Check the scorers against values that the published ones gave."""
    from maestro_evaluation._conformance import check_vectors, read_vectors

    result = check_vectors(read_vectors(file))
    for found in result.disagreements:
        kind = "primary" if found.vector["meta"].get("primary") else "other"
        typer.echo(
            f"line {found.line} ({kind}) {found.vector['meta'].get('rule')}: got {found.got!r}, "
            f"expected {found.vector['expected']!r} for {_short(found.vector['prediction'])} "
            f"against {_short(found.vector['answer'])}"
        )
    for rule in sorted(result.unknown):
        typer.echo(f"unknown rule: {rule}")
    typer.echo(result.summary())
    if not result.holds:
        raise typer.Exit(1)


@app.command("rules")
def list_rules() -> None:
    """List the rules with their benchmarks and sources."""
    from maestro_evaluation import rules

    for rule in rules.values():
        judge = " (a judge decides what the rule cannot)" if rule.needs_judge else ""
        typer.echo(f"{rule.name}: {rule.benchmark}{judge}; {rule.source}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

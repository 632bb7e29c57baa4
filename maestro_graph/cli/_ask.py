"""`maestro ask`."""

from __future__ import annotations

import math
import sys
from typing import Annotated

import typer

from maestro_graph.cli._errors import ExitCode, complain, errors_told
from maestro_graph.errors import MaestroError

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question. One that starts with a dash goes behind '--'.")],
    image: Annotated[
        list[str] | None,
        typer.Option("--image", "-i", metavar="PATH", help="A picture; may be given several times."),
    ] = None,
    registry: Annotated[
        str,
        typer.Option("--registry", "-r", metavar="NAME|FILE", help="Experts, skills and router: a preset or a file."),
    ] = "embedded",
    router: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help="Another router than the registry's: a kind, or trained weights."),
    ] = None,
    max_turns: Annotated[int | None, typer.Option(min=1, help="Decisions of the router at most.")] = None,
    max_calls: Annotated[int | None, typer.Option(min=0, help="Calls of experts and skills at most.")] = None,
    deadline: Annotated[float | None, typer.Option(metavar="SECONDS", help="Time for the whole run.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")] = False,
    trace: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Append the trace of the run to this file (a folder gets a file a run)."),
    ] = None,
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Let --image take https addresses.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Ask a question, about pictures or without one.

    Exit code: 0 answered, 1 no answer, 2 bad input, 3 experts unreachable, 130 interrupted.
    """
    with errors_told():
        if not question.strip():
            raise MaestroError(f"the question is empty ({question!r}); write what you want to know")
        if deadline is not None and not (math.isfinite(deadline) and deadline > 0):
            raise MaestroError(f"--deadline is {deadline!r}; give seconds above 0")
        from maestro_graph.cli._ask_run import AskOptions, run_ask

        outcome = run_ask(
            AskOptions(
                # Bytes that are no UTF-8 arrive as surrogates, which no model and no protocol takes.
                question=question.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
                images=tuple(image or ()),
                registry=registry,
                router=router,
                budget={
                    name: value
                    for name, value in (
                        ("max_turns", max_turns),
                        ("max_calls", max_calls),
                        ("deadline_s", deadline),
                    )
                    if value is not None
                },
                trace=trace,
                allow_urls=allow_urls,
                progress=not quiet and sys.stderr is not None and sys.stderr.isatty(),
            )
        )
        from maestro_graph.cli._ask_report import print_json, print_report

        (print_json if json else print_report)(outcome)
    if outcome.code is ExitCode.UNREACHABLE:
        complain(f"no expert could be reached: {outcome.trouble}")
    if outcome.code:
        raise typer.Exit(outcome.code)

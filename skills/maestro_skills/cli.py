"""`maestro skills`: list, show, check, run and begin skills; measure the dispatch; try the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maestro_graph.cli._errors import ExitCode, errors_told

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)

RegistryOption = Annotated[
    str, typer.Option("--registry", "-r", metavar="NAME|FILE", help="Whose skills: a preset or a file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]


@app.callback()
def skills() -> None:
    """The two-tier skill library: list, show, check, run, begin."""


@app.command("list")
def list_skills(registry: RegistryOption = "embedded", json: AsJson = False) -> None:
    """Print the tree of Level-1 skills and their Level-2 children."""
    with errors_told():
        from maestro_skills._cli_show import print_tree, skills_of

        print_tree(skills_of(registry), as_json=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A skill's name, or PARENT/CHILD.")], registry: RegistryOption = "embedded"
) -> None:
    """Print a skill: its card, evidence, steps and prompts."""
    with errors_told():
        from maestro_skills._cli_show import print_skill, skills_of

        print_skill(skills_of(registry), name)


@app.command()
def check(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Skill folders, or folders of them.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Validate the skills that ship and those in the given folders.

    Exit code: 0 all are valid, 2 some are not.
    """
    with errors_told():
        from maestro_skills._cli_check import check_folders, print_checked

        checked = check_folders(folders or [])
        print_checked(checked, as_json=json)
    if any(item.problem for item in checked):
        raise typer.Exit(ExitCode.BAD_INPUT)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name or protocol name of a Level-1 skill.")],
    question: Annotated[str, typer.Argument(help="The question. One that starts with a dash goes behind '--'.")],
    image: Annotated[
        list[str] | None, typer.Option("--image", "-i", metavar="PATH", help="A picture; may be given several times.")
    ] = None,
    expert: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who runs it; by default the first that can.")
    ] = None,
    registry: RegistryOption = "embedded",
    deadline: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time for the whole run.")] = 120.0,
    json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Run one skill on one expert.

    Exit code: 0 answered, 1 no answer, 2 bad input, 3 expert unreachable, 130 interrupted.
    """
    with errors_told():
        from maestro_skills._cli_run import RunOptions, print_outcome, run_skill

        options = RunOptions(
            name=name,
            question=question,
            images=tuple(image or ()),
            expert=expert,
            registry=registry,
            seconds=deadline,
            progress=not (quiet or json),
        )
        outcome = run_skill(options)
        print_outcome(outcome, as_json=json)
    if outcome.code:
        raise typer.Exit(outcome.code)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the skill's folder is made.")] = Path("skills"),
) -> None:
    """Write a working skeleton of a skill: SKILL.md and two prompts."""
    with errors_told():
        from maestro_skills._skeleton import write_skeleton

        made = write_skeleton(name, folder)
        typer.echo(f"{made} is a working skill; edit SKILL.md and prompts/, then:")
        typer.echo(f"  maestro skills check {folder}")
        typer.echo(f"and name './{folder}' under 'skills:' in a registry file")


@app.command("dispatch-eval")
def dispatch_eval(
    file: Annotated[Path, typer.Argument(help="JSON lines with level1, level2 and question.")],
    triggers: Annotated[bool, typer.Option("--triggers/--no-triggers", help="Whether triggers may decide.")] = True,
    registry: RegistryOption = "embedded",
) -> None:
    """Measure how often the dispatch without a chat expert (triggers, then meaning) chooses the right child.

    Prints every disagreement; the last line is "dispatch: X/Y right".
    """
    with errors_told():
        from maestro_skills._cli_show import skills_of
        from maestro_skills._dispatch_eval import evaluate

        report = evaluate(file, triggers=triggers, skills=skills_of(registry))
        typer.echo(report.text)


@app.command("sandbox-check")
def sandbox_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Programs and a manifest.json.")],
) -> None:
    """Run a folder of programs in the sandbox and print what disagrees with its manifest.

    The manifest is a list of objects with `file`, `assert` and `expect` (pass, fail or blocked).
    Exit code: 0 all agree, 1 some do not, 2 the manifest cannot be used, 3 there is no sandbox.
    """
    with errors_told():
        from maestro_graph.cli._work import run_work
        from maestro_skills.sandbox import check_folder, choose_sandbox

        rows = run_work(check_folder(folder, choose_sandbox()))
        wrong = [row for row in rows if not row.agrees]
        for row in wrong:
            typer.echo(f"{row.file}: expected {row.expect}, got {row.result.verdict} ({row.result.reason})")
        typer.echo(f"sandbox: {len(rows) - len(wrong)}/{len(rows)} as expected")
    if wrong:
        raise typer.Exit(ExitCode.NO_ANSWER)

"""The command `maestro`: a group whose commands are imported when they are called."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from maestro_graph.cli._errors import ExitCode, complain
from maestro_graph.cli._streams import ensure_streams
from maestro_graph.cli._work import leave
from maestro_graph.errors import MaestroError

__all__ = ["app", "main"]

COMMANDS = {
    "ask": ("maestro_graph.cli._ask", "Ask a question, about pictures or without one."),
    "registry": ("maestro_graph.cli._registry", "Show a registry, or check it and its endpoints."),
    "up": ("maestro_graph.cli._up", "Serve the endpoints of a registry with vLLM."),
    "graph": ("maestro_graph.cli._graph", "Draw the graph as Mermaid, SVG or PNG."),
    "cache": ("maestro_graph.cli._cache", "Look at the call cache on disk, or empty it."),
    "trace": ("maestro_graph.cli._trace", "Look at what a run did."),
}
PLUGINS = "maestro.commands"
DEBUG = "MAESTRO_DEBUG"

# Click's base of all its errors; typer brings its own copy of click from some version on.
_ClickError: Any = typer.BadParameter.__mro__[2]


class _Maestro(TyperGroup):
    """Finds commands here and at the entry points of `maestro.commands`, and tells errors in one line."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *sorted(set(_plugins()) - set(COMMANDS))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            found = self._load(cmd_name)
            if found is None:
                return None
            self.commands[cmd_name] = found
        return self.commands[cmd_name]

    def _load(self, name: str) -> Any:
        if name in COMMANDS:
            module, summary = COMMANDS[name]
            return _as_command(import_module(module).app, name, summary)
        point = _plugins().get(name)
        if point is None:
            return None
        try:
            return _as_command(point.load(), name, None)
        except (ImportError, AttributeError, MaestroError) as error:
            return _broken(name, point, error)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; where the reader of our output has gone, end as a pipe's writer does."""
        try:
            done = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(ExitCode.PIPE_CLOSED) from None
        return done

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; always ends with `SystemExit`."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except _ClickError as error:
            sys.exit(_told(error))
        except (KeyboardInterrupt, typer.Abort):
            complain("interrupted")
            sys.exit(ExitCode.INTERRUPTED)
        except MaestroError as error:
            complain(str(error))
            sys.exit(ExitCode.BAD_INPUT)
        except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a line and a code
            _tell_bug(error)
            sys.exit(ExitCode.BUG)
        sys.exit(code if isinstance(code, int) else ExitCode.OK)


def _told(error: Any) -> int:
    """Help where a command is missing, else the complaint with the place to look for more."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        context = getattr(error, "ctx", None)
        hint = f" (try '{context.command_path} --help')" if context is not None else ""
        complain(f"{error.format_message()}{hint}")
    return ExitCode.BAD_INPUT


def _tell_bug(error: Exception) -> None:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    complain(
        f"this should not have happened: {type(error).__name__}: {error} (in {place.name}, line {place.lineno} of "
        f"{Path(place.filename).name}); set {DEBUG}=1 for the whole story and report it"
    )


def _close_stdout() -> None:
    """Let Python's own flush at the end go nowhere: the reader of our output is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=PLUGINS)}


def _as_command(found: Any, name: str, summary: str | None) -> Any:
    """A command from a `typer.Typer`, a function, or a ready command."""
    if callable(found) and not isinstance(found, typer.Typer) and not hasattr(found, "make_context"):
        wrapped = typer.Typer(add_completion=False)
        wrapped.command(name)(found)
        found = wrapped
    command = typer.main.get_command(found) if isinstance(found, typer.Typer) else found
    command.name = name
    if summary and not command.help:
        command.help = summary
    return command


def _broken(name: str, point: EntryPoint, error: Exception) -> Any:
    """A stand-in for a command that cannot be imported: it is listed, and says why when it is called."""
    reason = f"the command {name!r} ({point.value}) cannot be loaded: {type(error).__name__}: {error}"

    def stand_in() -> None:
        raise MaestroError(reason)

    wrapped = typer.Typer(add_completion=False)
    wrapped.command(name, help="(cannot be loaded)", context_settings={"ignore_unknown_options": True})(stand_in)
    return typer.main.get_command(wrapped)


app = typer.Typer(cls=_Maestro, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maestro-graph {version('maestro-graph')}")
        raise typer.Exit


@app.callback()
def maestro(
    show: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
) -> None:
    """A router over frozen expert models and skills: it answers questions about pictures."""


def main() -> None:
    """The entry point of the console script."""
    ensure_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())  # else warnings of libraries reach stderr
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="maestro")
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else ExitCode.OK)

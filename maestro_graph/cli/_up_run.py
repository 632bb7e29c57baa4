"""What `maestro up` does: print, write a file, or start servers and stay with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from maestro_graph.cli._errors import ExitCode, complain
from maestro_graph.cli._words import json_text, printable, shortened
from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.evidence import Json
from maestro_graph.registry import read_config, resolve_router
from maestro_graph.serving import (
    IMAGE,
    Fleet,
    Launcher,
    Server,
    ServerDied,
    ServerPlan,
    StopFlag,
    command_line,
    compose_text,
    find_launcher,
    plan_servers,
    slurm_text,
    stop_on_signals,
)

__all__ = ["UpOptions", "run_up"]

STYLES = {"ready": "green", "in use": "green", "elsewhere": "green", "no answer": "yellow", "ended": "red"}
GRACE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The options of the command."""

    registry: str
    only: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    dry_run: bool = False
    json: bool = False
    compose: str | None = None
    slurm: str | None = None
    image: str | None = None
    python: str | None = None
    logs: str | None = None
    command: tuple[str, ...] = ()


def run_up(options: UpOptions) -> int:
    """The exit code; `MaestroError` for what a user can mend."""
    _check(options)
    config, folder = read_config(options.registry)
    router = resolve_router(config.router, folder) if config.router is not None else None
    plans = plan_servers(config, folder=folder, router=router, only=options.only, hosts=options.hosts)
    if not plans:
        raise MaestroError(f"registry {config.name!r} has no endpoints: nothing is to be served")
    if options.dry_run:
        _print_commands(plans, _launcher_or_default(options.python), as_json=options.json)
    elif options.compose is not None:
        _write(options.compose, compose_text(plans, registry=options.registry, image=options.image or IMAGE))
    elif options.slurm is not None:
        launcher = find_launcher(options.python) if options.python else Launcher()
        _write(options.slurm, slurm_text(plans, registry=options.registry, launcher=launcher))
    else:
        return _serve(plans, options)
    return ExitCode.OK


def _check(options: UpOptions) -> None:
    modes = [name for name, on in (("--dry-run", options.dry_run), ("--compose", options.compose is not None)) if on]
    modes += ["--slurm"] if options.slurm is not None else []
    if len(modes) > 1:
        raise MaestroError(f"{' and '.join(modes)} exclude each other; give one")
    if modes and options.command:
        raise MaestroError(f"{modes[0]} starts nothing, so no command can run; drop {options.command[0]!r}")
    if options.json and not options.dry_run:
        raise MaestroError("--json goes with --dry-run")
    if options.image is not None and options.compose is None:
        raise MaestroError("--image goes with --compose")
    if options.command and shutil.which(options.command[0]) is None:
        raise MaestroError(f"there is no command {options.command[0]!r}; check what stands behind '--'")


def _launcher_or_default(python: str | None) -> Launcher:
    """Commands can be shown where no vLLM is installed."""
    try:
        return find_launcher(python)
    except MissingExtraError:
        return Launcher()


def _print_commands(plans: Sequence[ServerPlan], launcher: Launcher, *, as_json: bool) -> None:
    if as_json:
        rows: list[Json] = [
            {
                "parts": [part.name for part in plan.parts],
                "url": plan.url,
                "local": plan.local,
                "command": list(launcher.command(plan)) if plan.serve else None,
            }
            for plan in plans
        ]
        sys.stdout.write(json_text({"servers": rows}, indent=2) + "\n")
        return
    for plan in plans:
        where = "" if plan.local else f", to be started on {plan.host}"
        said = where if plan.serve else ", not served by this registry"
        line = f"{command_line(plan, launcher)}\n" if plan.serve else ""
        sys.stdout.write(printable(f"# {plan.name} at {plan.url}{said}\n{line}"))


def _write(target: str, text: str) -> None:
    if target == "-":
        sys.stdout.write(text)
        return
    try:
        Path(target).expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise MaestroError(f"{target!r} cannot be written: {error}") from error
    sys.stdout.write(f"wrote {printable(target)}\n")


def _serve(plans: Sequence[ServerPlan], options: UpOptions) -> int:
    logs = Path(options.logs).expanduser() if options.logs else Path(tempfile.mkdtemp(prefix="maestro-up-"))
    with stop_on_signals() as stop, _shown() as show:
        fleet = Fleet(plans, lambda: find_launcher(options.python), logs, stop=stop, said=show.changed)
        try:
            with fleet:
                fleet.start()
                show.waiting(fleet)
                if not fleet.wait_ready():
                    complain("interrupted")
                    return ExitCode.INTERRUPTED
                show.done(fleet, stays=not options.command)
                return _stay(fleet, options.command, stop)
        except ServerDied as died:
            show.stop()
            for line in died.tail:
                sys.stderr.write(f"  | {printable(line)}\n")
            complain(str(died))
            return ExitCode.UNREACHABLE


def _stay(fleet: Fleet, command: tuple[str, ...], stop: StopFlag) -> int:
    """Until the user or the command ends it."""
    if not command:
        fleet.watch()
        return ExitCode.OK
    job = subprocess.Popen(command)  # noqa: S603 - what the user typed
    try:
        fleet.watch(lambda: job.poll() is not None)
    finally:
        if job.poll() is None:
            job.terminate()
            try:
                job.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                job.kill()
    code = job.wait()
    return ExitCode.INTERRUPTED if stop else 128 - code if code < 0 else code


class _Show:
    """Progress on stderr, the table on stdout."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status

    def changed(self, server: Server) -> None:
        plan = server.plan
        line = Text(f"{server.state:<9}", style=STYLES.get(server.state, ""))
        line.append(printable(f" {plan.name} at {plan.url}"), style="")
        after = f" after {server.seconds:.0f} s" if server.state == "ready" else ""
        log = f", log {server.log}" if server.state == "starting" else ""
        why = f": {shortened(server.words, 200)}" if server.state == "no answer" else ""
        line.append(printable(f"{after}{log}{why}"), style="dim")
        self._console.print(line, soft_wrap=True)

    def waiting(self, fleet: Fleet) -> None:
        names = [server.plan.name for server in fleet.servers if server.state == "starting"]
        if self._status is not None and names:
            self._status.update(printable(f"waiting for {len(names)}: {shortened(', '.join(names), 60)}"))
            self._status.start()

    def stop(self) -> None:
        if self._status is not None:
            self._status.stop()

    def done(self, fleet: Fleet, *, stays: bool) -> None:
        self.stop()
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("part", "address", "model", "state", "process"):
            table.add_column(title, overflow="fold")
        for server in fleet.servers:
            for part in server.plan.parts:
                table.add_row(
                    printable(part.name),
                    printable(server.plan.url),
                    printable(part.endpoint.model),
                    Text(server.state, style=STYLES.get(server.state, "")),
                    str(server.process.pid) if server.process else "",
                )
        Console(markup=False, highlight=False, emoji=False).print(table)
        if stays and any(server.process for server in fleet.servers):
            self._console.print("Ctrl-C stops what was started")


@contextmanager
def _shown() -> Iterator[_Show]:
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    show = _Show(console, Status("", console=console) if console.is_terminal else None)
    try:
        yield show
    finally:
        show.stop()

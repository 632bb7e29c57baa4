"""Traces as a tree on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from maestro_graph.cli._words import printable, shortened
from maestro_graph.trace import CallTrace, RequestTrace, RunTrace, TurnTrace
from maestro_graph.trace._said import amount, made, moment, outcome, reasons, shown_text, turn_title

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["print_runs"]

SHORT = 300


def print_runs(runs: Sequence[RunTrace], *, full: bool = False) -> None:
    """Print one tree for each run."""
    console = Console(markup=False, highlight=False, emoji=False)
    if not runs:
        console.print("This trace holds no run.")
    for index, run in enumerate(runs):
        if index:
            console.print()
        console.print(_Drawing(full).run(run))


class _Drawing:
    """Draws with whole texts or with the beginnings of them."""

    def __init__(self, full: bool) -> None:
        self._full = full

    def run(self, run: RunTrace) -> Tree:
        question = shown_text(run.question, run.lengths, "question") or "(question not recorded)"
        tree = Tree(Text(self._cut(question), style="bold"), guide_style="dim")
        about = [moment(run.started), f"run {run.run}"]
        about += [f"{name} {value}" for name, value in (("registry", run.registry), ("router", run.router)) if value]
        tree.add(Text(printable(", ".join(about)), style="dim"))
        for image in run.images:
            size = f" {image.width}x{image.height}" if image.width else ""
            notes = f" ({', '.join(image.notes)})" if image.notes else ""
            name = shortened(image.ref, 200) if image.ref else "picture"
            tree.add(
                _line(("picture ", "dim"), f"{name}{size}{printable(notes)}", (f" sha256 {image.sha256[:16]}…", "dim"))
            )
        for turn in run.turns:
            self._turn(tree, turn)
        if run.discarded:
            tree.add(Text(f"{len(run.discarded)} turn(s) taken again after the run was resumed", style="yellow"))
        if run.damaged:
            tree.add(Text(f"{run.damaged} damaged line(s)", style="yellow"))
        if run.router_failure is not None:
            status, problem = run.router_failure
            tree.add(Text(self._cut(f"router {status}: {problem or ''}"), style="red"))
        if (error := shown_text(run.error, run.lengths, "error")) is not None:
            tree.add(Text(self._cut(error), style="red"))
        tree.add(self._end(run))
        return tree

    def _end(self, run: RunTrace) -> RenderableType:
        answer = shown_text(run.answer, run.lengths, "answer")
        seconds = f", {run.seconds:.2f} s" if run.seconds is not None else ""
        return _line(
            ("answer ", "dim"),
            (printable(answer), "bold green") if answer is not None else ("none", "bold red"),
            (f"  {outcome(run)}, {amount(run.usage, made(run))}{seconds}", "dim"),
        )

    def _turn(self, tree: Tree, turn: TurnTrace) -> None:
        style = {"answer": "green", "calls": "cyan"}.get(turn.kind or "", "yellow")
        seconds = f"  {turn.seconds:.2f} s to decide" if turn.seconds is not None else ""
        branch = tree.add(_line((f"{turn.turn + 1}. {printable(turn_title(turn))}", style), (seconds, "dim")))
        for name, words in reasons(turn.info):
            self._field(branch, name, words)
        self._field(branch, "router wrote", (shown_text(turn.text, turn.lengths, "text") or "").strip())
        self._field(branch, "problem", shown_text(turn.problem, turn.lengths, "problem"))
        for call in turn.calls:
            self._call(branch, call)

    def _call(self, branch: Tree, call: CallTrace) -> None:
        status = call.status or ("not finished" if call.started is not None else "not started")
        facts = [f"{call.seconds:.2f} s"] if call.seconds is not None else []
        facts += [f"{call.confidence:.0%} sure"] if call.confidence is not None else []
        facts += [f"{call.attempts} attempts"] if call.attempts > 1 else []
        leaf = branch.add(
            _line(
                (printable(call.name), "bold"),
                (f" {status} ", "green" if call.status == "ok" else "red"),
                (", ".join(facts), "dim"),
            )
        )
        self._field(leaf, "query", shown_text(call.query, call.lengths, "query"))
        self._field(leaf, "evidence", shown_text(call.text, call.lengths, "text"))
        self._field(leaf, "answer", shown_text(call.answer, call.lengths, "answer"))
        for step in call.steps:
            self._field(leaf, step.what, ", ".join(f"{name} {words}" for name, words in reasons(step.fields)))
        if self._full or len(call.requests) > 1:
            for request in call.requests:
                self._request(leaf, request)

    def _request(self, leaf: Tree, request: RequestTrace) -> None:
        tries = "from the cache" if request.cached else f"{request.attempts} attempt(s)"
        facts = f"{request.seconds:.2f} s, {len(request.images)} picture(s), {tries}"
        style = "green" if request.status == "ok" else "red"
        twig = leaf.add(_line(("request ", "dim"), (f"{request.status} ", style), (facts, "dim")))
        self._field(twig, "instructions", shown_text(request.instructions, request.lengths, "instructions"))
        self._field(twig, "evidence given", "\n".join(request.evidence))
        self._field(twig, "question", shown_text(request.question, request.lengths, "question"))
        self._field(twig, "reply", shown_text(request.reply, request.lengths, "reply"))

    def _field(self, branch: Tree, name: str, words: str | None) -> None:
        if words:
            branch.add(_line((f"{printable(name)} ", "dim"), self._cut(words)))

    def _cut(self, words: str) -> str:
        return printable(words) if self._full else shortened(words, SHORT)


def _line(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(*parts)

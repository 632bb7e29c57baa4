"""What `maestro ask` prints on stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from maestro_graph.cli._words import json_text, printable, shortened

if TYPE_CHECKING:
    from maestro_graph.cli._ask_run import Outcome

__all__ = ["print_json", "print_report"]

QUESTION_CHARS = 2000


def print_json(outcome: Outcome) -> None:
    """One object on one line."""
    text = json_text(
        {
            "answer": outcome.answer,
            "stop_reason": outcome.stop_reason,
            "turns": [
                {
                    "expert": turn["expert"],
                    "skill": turn["skill"],
                    "query": turn["query"],
                    "evidence": turn["evidence"],
                    "seconds": turn["seconds"],
                    "status": turn["status"],
                }
                for turn in outcome.turns
            ],
            "usage": dict(outcome.usage),
            "seconds": round(outcome.seconds, 4),
        }
    )
    if sys.stdout is not None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def print_report(outcome: Outcome) -> None:
    """Question, answer, and the calls as a short table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text.assemble(("Question  ", "dim"), shortened(outcome.question, QUESTION_CHARS)))
    for image in outcome.images:
        console.print(Text.assemble(("Picture   ", "dim"), shortened(image, 200)))
    answer = Text(printable(outcome.answer), style="bold green") if outcome.answer else Text("none", style="bold red")
    console.print(Text.assemble(("Answer    ", "dim"), answer))
    if outcome.turns:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("turn", "expert", "query", "evidence", "status"):
            table.add_column(name, overflow="fold")
        table.add_column("s", justify="right", no_wrap=True)
        for turn in outcome.turns:
            name = f"{turn['expert']}@@{turn['skill']}" if turn["skill"] else turn["expert"]
            fine = turn["status"] == "ok"
            table.add_row(
                str(turn["turn"] + 1),
                Text(printable(name)),
                Text(shortened(turn["query"], 120)),
                Text(shortened(turn["evidence"], 240)),
                Text(turn["status"], style="green" if fine else "yellow"),
                f"{turn['seconds']:.2f}",
            )
        console.print(table)
    console.print(Text(_summary(outcome), style="dim"))


def _summary(outcome: Outcome) -> str:
    usage = outcome.usage
    calls = sum(turn["status"] != "skipped" for turn in outcome.turns)
    parts = [outcome.stop_reason, f"{calls} call{'' if calls == 1 else 's'}"]
    if usage["input_tokens"] or usage["output_tokens"]:
        parts.append(f"{usage['input_tokens']} + {usage['output_tokens']} tokens")
    if usage["cost"]:
        parts.append(f"{usage['cost']:.4f} {outcome.currency}")
    return ", ".join((*parts, f"{outcome.seconds:.2f} s"))

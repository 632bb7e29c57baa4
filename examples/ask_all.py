"""The main job on real pictures: ask the embedded ensemble every question of questions.jsonl, say what is right.

Run it with `make ask`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from maestro_graph import compile_maestro, load_registry

HERE = Path(__file__).parent


def is_right(answer: str | None, expected: str, tolerance: float) -> bool:
    """Equal up to case and punctuation; numbers within a relative tolerance."""
    if answer is None:
        return False
    found, wanted = _number(answer), _number(expected)
    if found is not None and wanted is not None:
        return abs(found - wanted) <= tolerance * abs(wanted)
    return _plain(answer) == _plain(expected)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


def _number(text: str) -> float | None:
    match = re.fullmatch(r"[^\d-]{0,3}(-?\d[\d,]*(?:\.\d+)?)\s*[A-Za-z ]{0,12}", text.strip())
    return float(match[1].replace(",", "")) if match else None


async def main() -> int:
    """Ask everything; 0 if every question ended with an answer or an honest refusal."""
    console = Console(highlight=False)
    graph = compile_maestro(load_registry("embedded"))
    questions = [json.loads(line) for line in (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    wrong: list[str] = []
    for item in questions:
        began = time.monotonic()
        images = [str(HERE / name) for name in item["images"]]
        out = await graph.ainvoke({"question": item["question"], "images": images})
        right = is_right(out["answer"], item["answer"], item.get("tolerance", 0.0))
        if not right:
            wrong.append(f"{item['question']} ({', '.join(item['images'])})")
        show(console, item, out, right, time.monotonic() - began)
    console.print(f"\n[bold]{len(questions) - len(wrong)} of {len(questions)} right.[/bold]")
    for question in wrong:
        console.print(f"  wrong: {escape(question)}")
    return 0


def show(console: Console, item: dict[str, Any], out: dict[str, Any], right: bool, seconds: float) -> None:
    """Question, answer and trace of one run."""
    mark = "[green]right[/green]" if right else f"[red]wrong[/red] (expected {escape(str(item['answer']))})"
    console.print(f"\n[bold]{escape(item['question'])}[/bold]  [dim]{escape(', '.join(item['images']))}[/dim]")
    for turn in out["turns"]:
        who = turn["expert"] if turn["skill"] is None else f"{turn['expert']}@@{turn['skill']}"
        first_line = turn["evidence"].splitlines()[0] if turn["evidence"] else ""
        status = f"{turn['status']}, {turn['seconds']:.2f} s"
        console.print(f"  {turn['turn'] + 1}. {escape(who)} ({status}): {escape(first_line[:110])}")
    answer = escape(str(out["answer"])) if out["answer"] is not None else "no answer"
    console.print(f"  -> [bold]{answer}[/bold]  {mark}, {out['stop_reason']}, {seconds:.2f} s")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

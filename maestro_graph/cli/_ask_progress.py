"""Progress of a run on stderr, from the graph's custom stream events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from maestro_graph.cli._words import shortened

__all__ = ["progress_on"]

Event = Mapping[str, Any]


@contextmanager
def progress_on(wanted: bool) -> Iterator[Callable[[Event], None]]:
    """A function that shows events; it shows nothing unless `wanted`."""
    if not wanted:
        yield lambda event: None
        return
    from rich.console import Console
    from rich.status import Status

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    status = Status("", console=console, spinner="dots")
    try:
        status.start()
        yield _Progress(console, status)
    finally:
        status.stop()


class _Progress:
    """Prints what is settled, and keeps a line with what goes on now."""

    def __init__(self, console: Any, status: Any) -> None:
        self._console, self._status = console, status
        self._calls: dict[tuple[int, int], str] = {}

    def __call__(self, event: Event) -> None:
        match event["event"]:
            case "run_started":
                self._now("the router decides")
            case "decision":
                self._decided(event)
            case "call_started":
                self._calls[event["turn"], event["call"]] = _name(event)
                self._now(f"{', '.join(self._calls.values())} at work")
            case "evidence":
                self._calls.pop((event["turn"], event["call"]), None)
                self._arrived(event)
                self._now(f"{', '.join(self._calls.values())} at work" if self._calls else "the router decides")
            case "router_failed":
                self._say("✗", "red", f"router {event['status']}: {event['problem']}")
            case _:
                pass

    def _now(self, words: str) -> None:
        from rich.text import Text

        self._status.update(Text(shortened(words, max(20, self._console.width - 4)), style="dim"))

    def _say(self, mark: str, style: str, words: str) -> None:
        from rich.text import Text

        line = Text(f"{mark} ", style=style)
        line.append(shortened(words, max(20, self._console.width - 3)), style="default")
        self._console.print(line)

    def _decided(self, event: Event) -> None:
        turn = event["turn"] + 1
        match event["kind"]:
            case "answer":
                self._say("●", "cyan", f"{turn}. answer")
            case "malformed":
                self._say("!", "yellow", f"{turn}. the router's turn cannot be read: {event['problem']}")
            case _:
                for call in event["calls"]:
                    self._say("→", "cyan", f"{turn}. {_name(call)}: {call['query']}")

    def _arrived(self, event: Event) -> None:
        if event["status"] == "ok":
            found = event["answer"] or event["text"]
            sure = f" ({event['confidence']:.0%})" if event["confidence"] is not None else ""
            self._say("✓", "green", f"   {event['expert']}, {event['seconds']:.1f} s{sure}: {found}")
        else:
            self._say("✗", "red", f"   {event['expert']}, {event['status']}: {event['text']}")


def _name(call: Mapping[str, Any]) -> str:
    return f"{call['expert']}@@{call['skill']}" if call["skill"] else str(call["expert"])

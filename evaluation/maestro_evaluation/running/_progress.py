"""Progress on stderr: a live bar at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Progress"]

EVERY_S = 10.0
MAX_NOTES = 20


class Progress:
    """How far the work is, how long it will take, and the score so far.

    Args:
        shown: `False` says nothing at all (tests, notebooks).
    """

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown
        self._live: RichProgress | None = None
        self._task: TaskID | None = None
        self._notes = 0
        self.begin(0, "")

    def begin(self, total: int, what: str) -> None:
        """A new stretch of work of so many pieces."""
        self.total, self.what, self.done = total, what, 0
        self._points, self._scored = 0.0, 0
        self._began = self._told = time.monotonic()
        if not self._shown or total == 0:
            return
        if sys.stderr.isatty():
            self._live = _bar()
            self._live.start()
            self._task = self._live.add_task(what, total=total, score="")
        else:
            self._say(f"{what}: {total} to do")

    def advance(self, score: float | None) -> None:
        """One piece is done."""
        self.done += 1
        if score is not None:
            self._points, self._scored = self._points + score, self._scored + 1
        if self._live is not None and self._task is not None:
            self._live.update(self._task, advance=1, score=self._score())
        elif self._shown and time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            self._say(self.line())

    def line(self) -> str:
        """How far it is, in words."""
        passed = time.monotonic() - self._began
        left = passed / self.done * (self.total - self.done) if self.done else 0.0
        return f"{self.what}: {self.done}/{self.total}, {self._score()}, {_minutes(left)} left"

    def note(self, text: str) -> None:
        """Something that whoever watches should know; after a while only the count goes on."""
        self._notes += 1
        if self._shown and self._notes <= MAX_NOTES:
            self._say(text if self._notes < MAX_NOTES else f"{text} (further notes are in the records)")

    def end(self) -> None:
        """The stretch is done."""
        if self._live is not None:
            self._live.stop()
            self._live = self._task = None
        elif self._shown and self.total:
            self._say(f"{self.what}: {self.done}/{self.total}, {self._score()}")

    def _score(self) -> str:
        return f"score {self._points / self._scored:.3f}" if self._scored else "no score yet"

    def _say(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def _bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[score]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

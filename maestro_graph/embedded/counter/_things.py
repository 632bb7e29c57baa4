"""What the counter finds in a picture."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from maestro_graph.evidence import Json

__all__ = ["Box", "Scene", "Thing"]

Box = tuple[int, int, int, int]  # left, top, right, bottom (exclusive), in pixels of the working copy


@dataclass(slots=True)
class Thing:
    """One object, in pixels of the working copy.

    Attributes:
        contour: outer outline (K, 1, 2).
        rgb: its median colour, 0 to 255; of the line where it is an outline.
        colour: name of that colour.
        form: form class, "other" where it is none that is known.
        distance: how far it is from that form (0: the same).
        filled: False for outlines with the background inside.
        hole: True where a round hole makes it a ring.
        area: pixels inside the outline.
        box: left, top, right, bottom (exclusive).
    """

    contour: NDArray[Any]
    rgb: tuple[int, int, int]
    colour: str
    form: str
    distance: float
    filled: bool
    area: float
    box: Box
    hole: bool = False


@dataclass(slots=True)
class Scene:
    """The objects of a picture by one way of looking at it.

    Attributes:
        method: how they were found, in words.
        things: the objects.
        drawn: True for the flat-colour reading, which knows the form of every thing.
        score: 0 to 1, how self-consistent they are: the best scene is the one with the highest.
        support: 0 to 1, how far other views of the picture (other thresholds, smoothing, colours) show the same
            things; 1 where there are no other views.
    """

    method: str
    things: list[Thing] = field(default_factory=list)
    score: float = 0.0
    drawn: bool = False
    support: float = 1.0

    def tally(self, by: Literal["colour", "form"]) -> dict[str, Json]:
        """How many things there are of each colour or form, most first."""
        names = Tally(t.colour if by == "colour" else t.form for t in self.things)
        return dict(names.most_common())

"""What is counted: a colour, a shape and colour, a size, a side of the only star."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from maestro_evaluation.synthetic._generator import Rejected, Scene
from maestro_evaluation.synthetic.tally._scene import CLEAR, Thing, lay_out

__all__ = ["ANCHOR", "ASKS", "SIDES", "SIMPLE", "VEILED", "WORDINGS", "ask", "count", "count_again"]

ANCHOR = "star"
SIDES = {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"}
SIMPLE = ("colour", "shape")
ASKS = ("colour", "colour and shape", "shape", "size", "side")

WORDINGS: dict[str, Sequence[str]] = {
    "colour": (
        "How many {colour} things are there?",
        "How many {colour} shapes do you see?",
        "Count the {colour} shapes.",
        "How many of the shapes are {colour}?",
        "What number of shapes in the picture is {colour}?",
        "How many shapes have the colour {colour}?",
    ),
    "shape": (
        "How many {shape}s are there?",
        "How many {shape}s do you see?",
        "Count the {shape}s.",
        "How many of the things are {shape}s?",
        "What is the number of {shape}s in the picture?",
        "How many {shape}s does the picture show?",
    ),
    "colour and shape": (
        "How many {colour} {shape}s are there?",
        "How many {shape}s in {colour} do you see?",
        "Count the {colour} {shape}s.",
        "How many of the {shape}s are {colour}?",
        "What is the number of {colour} {shape}s?",
        "How many {shape}s have the colour {colour}?",
    ),
    "size": (
        "How many {size} {colour} shapes are there?",
        "How many of the {colour} shapes are {size}?",
        "Count the {size} {colour} shapes.",
        "How many {colour} shapes of the {size} kind do you see?",
        "What is the number of {size} {colour} shapes?",
        "How many shapes are both {size} and {colour}?",
    ),
    "side": (
        "How many {shape}s are {side} the star?",
        "How many {shape}s lie {side} the star?",
        "Count the {shape}s {side} the star.",
        "How many of the {shape}s are found {side} the star?",
        "Seen from the star, how many {shape}s lie {side} it?",
        "What number of {shape}s is {side} the star?",
    ),
}
VEILED: dict[str, Sequence[str]] = {
    "colour": ("How many are {colour}?", "How many {colour} ones?", "What about {colour}: how many?"),
    "shape": ("How many {shape}s?", "What about {shape}s: how many?", "The {shape}s, how many are they?"),
    "colour and shape": (
        "How many {colour} {shape}s?", "What about {colour} {shape}s: how many?", "Of {shape}s in {colour}, how many?",
    ),
    "size": ("How many are {size} and {colour}?", "How many {size} {colour} ones?", "{size} and {colour}: how many?"),
    "side": (
        "How many {shape}s {side} the star?", "{shape}s {side} the star: how many?", "And {shape}s {side} the star?",
    ),
}  # fmt: skip


def ask(rng: Random, kind: str, wanted: int, shapes: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Things, and what is asked of them, so that the answer is `wanted`."""
    shape, colour, large = rng.choice(shapes), rng.choice(colours), rng.random() < 0.5
    extra = rng.randint(4, 12)
    asked: dict[str, Any] = {"kind": kind, "shape": shape, "colour": colour, "large": large}
    if kind == "side":
        return _ask_side(rng, asked, wanted, shapes, colours)

    def fits(thing: tuple[str, str, bool]) -> bool:
        return _fits(asked, *thing)

    every = [(s, c, big) for s in shapes for c in colours for big in (True, False)]
    targets = [thing for thing in every if fits(thing)]
    near = [thing for thing in every if not fits(thing) and (thing[0] == shape or thing[1] == colour)]
    others = [thing for thing in every if not fits(thing)]
    lures = [rng.choice(near if near and rng.random() < 0.5 else others) for _ in range(extra)]
    things = lay_out(rng, [rng.choice(targets) for _ in range(wanted)], lures)
    return {"ask": asked, "things": [thing.plain() for thing in things]}


def _ask_side(
    rng: Random, asked: dict[str, Any], wanted: int, shapes: Sequence[str], colours: Sequence[str]
) -> dict[str, Any]:
    """The star's side first, then which of the things there are what is asked for."""
    asked["side"] = rng.choice(sorted(SIDES))
    other = [shape for shape in shapes if shape != asked["shape"]]
    anchor = (ANCHOR, rng.choice(colours), True)
    rest = [(rng.choice(other), rng.choice(colours), rng.random() < 0.4) for _ in range(wanted + rng.randint(6, 12))]
    things = lay_out(rng, [anchor], rest)
    star = next(thing for thing in things if thing.shape == ANCHOR)
    there = [place for place, thing in enumerate(things) if _past(thing, star, asked["side"])]
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}[asked["side"]]
    beyond = [place for place, thing in enumerate(things) if _past(thing, star, opposite)]
    if len(there) < wanted or not beyond:
        raise Rejected
    lures = rng.sample(beyond, rng.randint(1, len(beyond)))
    for place in [*rng.sample(there, wanted), *lures]:
        things[place] = replace(things[place], shape=asked["shape"])
    return {"ask": asked, "things": [thing.plain() for thing in things]}


def _past(thing: Thing, star: Thing, side: str) -> bool:
    away = {"left": star.x - thing.x, "right": thing.x - star.x, "above": star.y - thing.y, "below": thing.y - star.y}
    return thing.shape != ANCHOR and away[side] > CLEAR


def _fits(asked: dict[str, Any], shape: str, colour: str, large: bool) -> bool:
    same: dict[str, bool] = {
        "colour": colour == asked["colour"],
        "shape": shape == asked["shape"],
        "colour and shape": (colour, shape) == (asked["colour"], asked["shape"]),
        "size": (colour, large) == (asked["colour"], asked["large"]),
    }
    return same[str(asked["kind"])]


def count(scene: Scene) -> int:
    """How many things are what is asked for, one by one."""
    data: Any = scene
    things = [Thing(**thing) for thing in data["things"]]
    asked = data["ask"]
    if asked["kind"] != "side":
        return sum(_fits(asked, thing.shape, thing.colour, thing.large) for thing in things)
    star = next(thing for thing in things if thing.shape == ANCHOR)
    return sum(thing.shape == asked["shape"] and _past(thing, star, asked["side"]) for thing in things)


def count_again(scene: Scene) -> int:
    """From tallies by attribute, and for sides from the order of coordinates."""
    data: Any = scene
    asked, things = data["ask"], data["things"]
    kind = asked["kind"]
    if kind == "side":
        axis = "x" if asked["side"] in {"left", "right"} else "y"
        star = next(thing[axis] for thing in things if thing["shape"] == ANCHOR)
        ranked = sorted(thing[axis] for thing in things if thing["shape"] == asked["shape"])
        before = bisect_left(ranked, star)
        return before if asked["side"] in {"left", "above"} else len(ranked) - before
    names = ["colour", "large"] if kind == "size" else str(kind).split(" and ")
    tallies = Counter(tuple(thing[name] for name in names) for thing in things)
    return tallies[tuple(asked[name] for name in names)]

"""What is to be done with the number that was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from maestro_evaluation.synthetic._generator import Rejected

__all__ = ["STEPS", "Step", "worked_backwards"]


@dataclass(frozen=True, slots=True)
class Step:
    """A calculation with the found number and another one.

    Attributes:
        wordings: with `{v}` for the other number; shared among the splits by their order.
        draw: the other number, at random, for a found one.
        work: the result.
    """

    name: str
    wordings: tuple[str, ...]
    draw: Callable[[Random, Decimal], Decimal]
    work: Callable[[Decimal, Decimal], Decimal]


def _unit(found: Decimal) -> int:
    """Money is calculated to the cent, counts to whole numbers."""
    return 100 if -int(found.as_tuple().exponent) == 2 else 1


def _less(rng: Random, found: Decimal) -> Decimal:
    if found < 3:
        raise Rejected
    return Decimal(rng.randint(1, min(60, int(found) - 1)))


def _divisor(rng: Random, found: Decimal) -> Decimal:
    fitting = [v for v in range(2, 10) if found * _unit(found) % v == 0 and found != v]
    if not fitting:
        raise Rejected
    return Decimal(rng.choice(fitting))


def _whole_share(rng: Random, found: Decimal) -> Decimal:
    fitting = [v for v in (5, 10, 15, 20, 25, 30, 40, 60, 75) if found * v * _unit(found) % 100 == 0]
    if not fitting:
        raise Rejected
    return Decimal(rng.choice(fitting))


STEPS = (
    Step(
        "times",
        (
            "Multiply that number by {v}.",
            "Multiply it by {v}.",
            "What is {v} times that?",
            "Then multiply the result by {v}.",
            "What is that times {v}?",
            "Give {v} times that number.",
        ),
        lambda rng, found: Decimal(rng.randint(3, 15)),
        lambda found, v: found * v,
    ),
    Step(
        "plus",
        (
            "Add {v} to that number.",
            "Add {v} to it.",
            "What is that plus {v}?",
            "Then add {v} to the result.",
            "What is {v} more than that?",
            "Increase that number by {v}.",
        ),
        lambda rng, found: Decimal(rng.randint(6, 60)),
        lambda found, v: found + v,
    ),
    Step(
        "minus",
        (
            "Subtract {v} from that number.",
            "Subtract {v} from it.",
            "What is that minus {v}?",
            "Then take {v} away from the result.",
            "What is {v} less than that?",
            "Decrease that number by {v}.",
        ),
        _less,
        lambda found, v: found - v,
    ),
    Step(
        "divided",
        (
            "Divide that number by {v}.",
            "Divide it by {v}.",
            "What is that divided by {v}?",
            "Then divide the result by {v}.",
            "Divide the result by {v}.",
            "Split that number into {v} equal parts; how large is each?",
        ),
        _divisor,
        lambda found, v: found / v,
    ),
    Step(
        "percent",
        (
            "What is {v}% of that number?",
            "What is {v}% of that?",
            "How much is {v}% of it?",
            "Then find {v}% of the result.",
            "Give {v}% of that number.",
            "Work out {v} percent of it.",
        ),
        _whole_share,
        lambda found, v: found * v / 100,
    ),
)


def worked_backwards(step: str, result: Decimal, v: Decimal) -> Decimal:
    """The found number from the result: the inverse of each step."""
    if step == "times":
        return result / v
    if step == "plus":
        return result - v
    if step == "minus":
        return result + v
    if step == "divided":
        return result * v
    return result * 100 / v

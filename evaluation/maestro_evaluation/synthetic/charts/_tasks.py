"""What is asked of a chart: operands, answer, the answer again, and wordings.

A mark is one value: `[label, series, value]`. No other mark of the chart gives an answer within the 5 % that the rule
forgives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from random import Random
from typing import Any

from maestro_evaluation.synthetic._generator import Rejected, Scene
from maestro_evaluation.synthetic.charts._tables import APART

__all__ = ["TASKS", "Task", "number_text"]

FORGIVEN = 0.05


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of question.

    Attributes:
        choose: the operands, places of marks and, for counts, a threshold; raises `Rejected`.
        answer, again: the answer from marks and operands, twice.
        chance: of a guess that knows the question and how answers are spread.
    """

    name: str
    choose: Callable[[Random, Scene, int], dict[str, Any]]
    answer: Callable[[Scene], str]
    again: Callable[[Scene], str]
    wordings: Sequence[str]
    veiled: Sequence[str]
    chance: float
    options: bool = False


def number_text(value: float) -> str:
    """A number as it is written: no zeros after the decimals, no exponent."""
    return f"{round(value, 2):.2f}".rstrip("0").rstrip(".")


def _marks(scene: Scene) -> list[tuple[str, str, float]]:
    data: Any = scene
    return [
        (label, series, data["values"][column][row])
        for column, series in enumerate(data["series"])
        for row, label in enumerate(data["labels"])
    ]


def _operands(scene: Scene) -> list[float]:
    data: Any = scene
    marks = _marks(scene)
    return [marks[place][2] for place in data["ask"]["marks"]]


def _exact(scene: Scene) -> list[Fraction]:
    """The operands again, found by name instead of by place, as exact fractions."""
    data: Any = scene
    by_name = {(label, series): Fraction(str(value)) for label, series, value in reversed(_marks(scene))}
    return [by_name[label, series] for label, series in data["ask"]["names"]]


def _readable(scene: Scene) -> list[int]:
    """Places of marks that can be read: printed, or tall enough against the axis."""
    marks = _marks(scene)
    floor = 0.0 if scene["printed"] else 0.12 * max(value for _, _, value in marks)
    return [place for place, mark in enumerate(marks) if mark[2] > floor]


def _named(scene: Scene, places: Sequence[int], **more: Any) -> dict[str, Any]:
    marks = _marks(scene)
    return {"marks": list(places), "names": [list(marks[place][:2]) for place in places], **more}


def _unforgiven(scene: Scene, places: Sequence[int], compute: Callable[[Sequence[float]], float]) -> bool:
    """Whether any other choice of marks, as few as one of them wrong, is off by over 5 %."""
    marks = [mark[2] for mark in _marks(scene)]
    right = compute([marks[place] for place in places])
    for at in range(len(places)):
        for other in range(len(marks)):
            if other in places:
                continue
            wrong = [marks[other if turn == at else place] for turn, place in enumerate(places)]
            if wrong[-1] and abs(compute(wrong) - right) <= FORGIVEN * abs(right):
                return False
    return right != 0


def _choose_one(rng: Random, scene: Scene, turn: int) -> dict[str, Any]:
    places = [place for place in _readable(scene) if _unforgiven(scene, [place], lambda values: values[0])]
    if not places:
        raise Rejected
    return _named(scene, [rng.choice(places)])


def _choose_two(compute: Callable[[Sequence[float]], float], least: float) -> Callable[..., dict[str, Any]]:
    def choose(rng: Random, scene: Scene, turn: int) -> dict[str, Any]:
        marks = _marks(scene)
        readable = _readable(scene)
        pairs = [
            (first, second)
            for first, second in permutations(readable, 2)
            if _in_line(marks[first], marks[second])
            and marks[second][2]
            and marks[first][2] >= least * marks[second][2]
        ]
        rng.shuffle(pairs)
        for pair in pairs[:40]:
            if _unforgiven(scene, pair, compute):
                return _named(scene, pair)
        raise Rejected

    return choose


def _in_line(first: tuple[str, str, float], second: tuple[str, str, float]) -> bool:
    return first[0] == second[0] or first[1] == second[1]


def _choose_yes_no(rng: Random, scene: Scene, turn: int) -> dict[str, Any]:
    marks = _marks(scene)
    pairs = [
        (first, second)
        for first, second in permutations(_readable(scene), 2)
        if _in_line(marks[first], marks[second]) and marks[first][2] > APART * marks[second][2]
    ]
    if not pairs:
        raise Rejected
    larger, smaller = rng.choice(pairs)
    return _named(scene, (larger, smaller) if turn % 2 == 0 else (smaller, larger))


def _choose_extreme(*, largest: bool) -> Callable[..., dict[str, Any]]:
    def choose(rng: Random, scene: Scene, turn: int) -> dict[str, Any]:
        """Among the labels of the first series, whose winner was chosen when the table was cut."""
        marks = _marks(scene)
        places = [place for place, mark in enumerate(marks) if mark[1] == marks[0][1]]
        first, second, *_ = sorted((marks[place][2] for place in places), reverse=largest)
        if max(first, second) <= APART * min(first, second):
            raise Rejected
        return _named(scene, places, largest=largest)

    return choose


def _choose_count(rng: Random, scene: Scene, turn: int) -> dict[str, Any]:
    values = sorted((mark[2] for mark in _marks(scene)), reverse=True)
    count = 1 + turn % 5
    if len(values) <= count or values[count - 1] <= APART * values[count] or values[count] <= 0:
        raise Rejected
    middle = (values[count - 1] + values[count]) / 2
    for digits in (1, 2, 3):
        threshold = float(f"{middle:.{digits}g}")
        if values[count] * 1.03 < threshold < values[count - 1] / 1.03:
            return _named(scene, range(len(values)), threshold=threshold)
    raise Rejected


def _extreme(scene: Scene) -> str:
    data: Any = scene
    marks = [_marks(scene)[place] for place in data["ask"]["marks"]]
    ranked = sorted(marks, key=lambda mark: mark[2])
    label: str = ranked[-1 if data["ask"]["largest"] else 0][0]
    return label


def _extreme_again(scene: Scene) -> str:
    data: Any = scene
    names, values = data["ask"]["names"], _exact(scene)
    best = 0
    for place, value in enumerate(values):
        if value != values[best] and (value > values[best]) == data["ask"]["largest"]:
            best = place
    return str(names[best][0])


def _count_again(scene: Scene) -> str:
    data: Any = scene
    ranked = sorted(_exact(scene))
    threshold = Fraction(str(data["ask"]["threshold"]))
    below = next((place for place, value in enumerate(ranked) if value > threshold), len(ranked))
    return str(len(ranked) - below)


def _above(scene: Scene) -> str:
    data: Any = scene
    return str(sum(value > data["ask"]["threshold"] for value in _operands(scene)))


def _fraction_text(value: Fraction, digits: int = 2) -> str:
    quantum = Decimal(1).scaleb(-digits)
    written = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(quantum, rounding="ROUND_HALF_EVEN")
    text = str(written)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _difference(values: Sequence[float]) -> float:
    return values[0] - values[1]


def _ratio(values: Sequence[float]) -> float:
    return values[0] / values[1]


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="lookup",
            choose=_choose_one,
            answer=lambda scene: number_text(_operands(scene)[0]),
            again=lambda scene: _fraction_text(_exact(scene)[0]),
            wordings=(
                "What is the {quantity} {of_a}?",
                "According to the chart, what is the {quantity} {of_a}?",
                "Give the {quantity} {of_a}.",
                "How large is the {quantity} {of_a}?",
                "What {quantity} does the chart show {of_a}?",
                "What value has the {quantity} {of_a}?",
            ),
            veiled=("What is it {of_a}?", "What is shown {of_a}?", "Which number belongs to {a}?"),
            chance=0.04,
        ),
        Task(
            name="difference",
            choose=_choose_two(_difference, 1.2),
            answer=lambda scene: number_text(_difference(_operands(scene))),
            again=lambda scene: _fraction_text(_exact(scene)[0] - _exact(scene)[1]),
            wordings=(
                "By how much does {a} exceed {b} in {quantity}?",
                "What is the difference in {quantity} between {a} and {b}?",
                "How much greater is the {quantity} {of_a} than {of_b}?",
                "How much more is {a} than {b} in {quantity}?",
                "Subtract the {quantity} {of_b} from that {of_a}; what is left?",
                "The {quantity} {of_a} is how much above that {of_b}?",
            ),
            veiled=("How much more is {a} than {b}?", "What is {a} minus {b}?", "How far apart are {a} and {b}?"),
            chance=0.05,
        ),
        Task(
            name="ratio",
            choose=_choose_two(_ratio, 1.25),
            answer=lambda scene: number_text(_ratio(_operands(scene))),
            again=lambda scene: _fraction_text(_exact(scene)[0] / _exact(scene)[1]),
            wordings=(
                "What is the ratio of the {quantity} {of_a} to that {of_b}? Give two decimals.",
                "How many times the {quantity} {of_b} is that {of_a}? Give two decimals.",
                "Divide the {quantity} {of_a} by that {of_b}. Give two decimals.",
                "By which factor is the {quantity} {of_a} larger than {of_b}? Give two decimals.",
                "How many times as large is the {quantity} {of_a} as {of_b}? Give two decimals.",
                "{a} has how many times the {quantity} of {b}? Give two decimals.",
            ),
            veiled=(
                "How many times {b} is {a}? Give two decimals.",
                "What is {a} divided by {b}? Give two decimals.",
                "What is the ratio of {a} to {b}? Give two decimals.",
            ),
            chance=0.12,
        ),
        Task(
            name="total",
            choose=_choose_two(sum, 0.0),
            answer=lambda scene: number_text(sum(_operands(scene))),
            again=lambda scene: _fraction_text(sum(reversed(_exact(scene)), start=Fraction(0))),
            wordings=(
                "What is the {quantity} {of_a} and {b} together?",
                "Add the {quantity} {of_a} to that {of_b}; what is the sum?",
                "What do {a} and {b} come to in {quantity}?",
                "What is the sum of the {quantity} {of_a} and {of_b}?",
                "How much is the {quantity} {of_a} plus that {of_b}?",
                "{a} and {b}: what is their total {quantity}?",
            ),
            veiled=("What are {a} and {b} together?", "What is {a} plus {b}?", "Add {a} and {b}; what is the sum?"),
            chance=0.05,
        ),
        Task(
            name="largest",
            choose=_choose_extreme(largest=True),
            answer=_extreme,
            again=_extreme_again,
            wordings=(
                "Which {noun} has the highest {quantity}{within}?",
                "Which {noun} has the greatest {quantity}{within}?",
                "Name the {noun} with the largest {quantity}{within}.",
                "Which {noun} ranks first by {quantity}{within}?",
                "For which {noun} is the {quantity} highest{within}?",
                "The {quantity} is largest for which {noun}{within}?",
            ),
            veiled=("Which one is highest{within}?", "Which comes first{within}?", "Which has the most{within}?"),
            chance=0.12,
        ),
        Task(
            name="smallest",
            choose=_choose_extreme(largest=False),
            answer=_extreme,
            again=_extreme_again,
            wordings=(
                "Which {noun} has the lowest {quantity}{within}?",
                "Which {noun} has the least {quantity}{within}?",
                "Name the {noun} with the smallest {quantity}{within}.",
                "Which {noun} ranks last by {quantity}{within}?",
                "For which {noun} is the {quantity} lowest{within}?",
                "The {quantity} is smallest for which {noun}{within}?",
            ),
            veiled=("Which one is lowest{within}?", "Which comes last{within}?", "Which has the least{within}?"),
            chance=0.12,
        ),
        Task(
            name="compare",
            choose=_choose_yes_no,
            answer=lambda scene: "Yes" if _operands(scene)[0] > _operands(scene)[1] else "No",
            again=lambda scene: "Yes" if _exact(scene)[0] - _exact(scene)[1] > 0 else "No",
            wordings=(
                "Is the {quantity} {of_a} greater than that {of_b}? Answer Yes or No.",
                "Is {a} above {b} in {quantity}? Answer Yes or No.",
                "Does {a} have a higher {quantity} than {b}? Answer Yes or No.",
                "Is the {quantity} larger {of_a} than {of_b}? Answer Yes or No.",
                "Does the {quantity} {of_a} exceed that {of_b}? Answer Yes or No.",
                "Is there more {quantity} {of_a} than {of_b}? Answer Yes or No.",
            ),
            veiled=(
                "Is {a} more than {b}? Answer Yes or No.",
                "Is {a} higher than {b}? Answer Yes or No.",
                "Does {a} exceed {b}? Answer Yes or No.",
            ),
            chance=0.5,
            options=True,
        ),
        Task(
            name="count",
            choose=_choose_count,
            answer=_above,
            again=_count_again,
            wordings=(
                "How many {nouns} have {quantity} above {threshold}?",
                "In how many {nouns} is the {quantity} greater than {threshold}?",
                "Count the {nouns} whose {quantity} is over {threshold}.",
                "How many {nouns} exceed {threshold} in {quantity}?",
                "For how many {nouns} does the chart show {quantity} over {threshold}?",
                "How many of the {nouns} lie above {threshold} in {quantity}?",
            ),
            veiled=("How many are above {threshold}?", "How many exceed {threshold}?", "Count those over {threshold}."),
            chance=0.2,
        ),
    )
}

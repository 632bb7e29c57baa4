"""Questions about a scene: the quantities that a text states, the relations between them, the one it asks for.

The scenes are data (`data/scenes.yaml`); this module finds the numbers with their roles and follows relations
until the asked quantity is known. A number without a role, a word that the scene does not know, or an asked
quantity that the relations do not determine means no answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._arithmetic import units_plain
from maestro_graph.embedded.calculator._evaluate import TooLarge, Undefined, evaluate, symbol
from maestro_graph.embedded.calculator._format import Outcome, Style, write_number, write_value
from maestro_graph.embedded.calculator._parser import NotAnExpression, parse

__all__ = ["Quantity", "Scene", "scenes", "solve_scene", "solve_unknown"]

Expr = Any
Dimension = tuple[tuple[str, int], ...]

_DIMENSIONS: dict[str, Dimension] = {
    "length": (("length", 1),), "area": (("length", 2),), "volume": (("length", 3),), "time": (("time", 1),),
    "mass": (("mass", 1),), "speed": (("length", 1), ("time", -1)), "density": (("length", -3), ("mass", 1)),
    "angle": (("angle", 1),), "money": (("money", 1),), "number": (), "percent": (),
}  # fmt: skip
_MONEY = {"euro money": "money", "sterling": "money"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of a scene: how a text names it, its dimension and the names it has in the relations."""

    name: str
    words: re.Pattern[str] | None
    asks: re.Pattern[str] | None
    dimension: str
    slots: tuple[str, ...]
    asked_only: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    any: re.Pattern[str]
    all: tuple[re.Pattern[str], ...]
    vocabulary: re.Pattern[str]
    listed: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    implies: Mapping[str, Mapping[str, int]]
    relations: tuple[str, ...]
    open: bool
    base: Mapping[str, str]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(slot for quantity in self.quantities for slot in quantity.slots)


def _words(patterns: list[str]) -> re.Pattern[str] | None:
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(ordered)})(?![\w])", re.IGNORECASE) if patterns else None


@cache
def scenes() -> tuple[Scene, ...]:
    """The scenes of the table, specific ones first."""
    raw = yaml.safe_load(files("maestro_graph.embedded.calculator").joinpath("data/scenes.yaml").read_text("utf-8"))
    return tuple(_scene(name, record) for name, record in raw.items())


def _scene(name: str, record: Mapping[str, Any]) -> Scene:
    quantities = tuple(
        Quantity(
            key,
            _words(entry["words"]),
            _words(entry.get("asks", [])),
            entry["dimension"],
            tuple(entry.get("slots", [key])),
            bool(entry.get("asked_only", False)),
        )
        for key, entry in record["quantities"].items()
    )
    anything = _words(record["any"])
    vocabulary = _words([*record["words"], *_FILLER])
    if anything is None or vocabulary is None:
        raise ValueError(f"scene {name!r} has no words")
    return Scene(
        name,
        anything,
        tuple(pattern for word in record.get("all", []) if (pattern := _words([word]))),
        vocabulary,
        tuple(record.get("list", [])),
        quantities,
        record.get("implies", {}),
        tuple(record["relations"]),
        bool(record.get("open", False)),
        record.get("base", {}),
    )


_FILLER = [
    "an?", "the", "is", "are", "of", "with", "and", "has", "have", "having", "that", "which", "whose", "if", "its",
    "it", "in", "by", "what(?:'s)?", "find", "calculate", "compute", "determine", "work out", "how", "much",
    "many", "does", "do", "given", "suppose", "let", "then", "be", "there", "please", "size", "measures?",
    "measuring", "value", "lengths?", "equals?", "to", "for", "on", "at", "each", "both", "when", "was", "were",
    "will", "would", "can", "you", "me", "tell", "give", "us", "this", "these", "where", "from", "being",
    "respectively", "dimensions?", "large", "big", "long", "i", "we", "say", "state", "answer", "using", "use",
    "your", "my", "unit", "units", "unknown", "missing", "inside", "their", "them", "they", "as", "get", "so",
    "degrees?", "measurement", "exactly", "approximately", "third", "other", "remaining", "last", "one", "about",
    "figure", "shape", "shown", "x",
]  # fmt: skip
# A story with these words tells more than its scene models.
_DANGER = re.compile(
    r"\b(?:more|less|fewer|twice|half|double|triple|except|without|not|never|only|another|again|return(?:s|ed|ing)?"
    r"|back|remaining|remains?|left|towards?|opposite|apart|meet|catch|faster|slower|later|earlier|before|after|first"
    r"|second part|stops?|stopped|rest|break|instead|extra|additional|round trip|quarterly|monthly|semi-?annually|daily"
    r"|wind|current|upstream|downstream|increase[sd]?|decrease[sd]?|older|younger|ratio|percent|times)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Given:
    """A number of the text: where it stands, its value in base units, its dimension and unit names."""

    start: int
    end: int
    number: Expr
    dimension: Dimension
    units: list[str]
    percent: bool = False
    slot: str | None = None


@dataclass(slots=True)
class _Reading:
    givens: list[_Given]
    mentions: list[tuple[int, int, Quantity]]
    asked: str | None = None
    used: set[int] = field(default_factory=set)


_NUMBER = re.compile(
    r"(?<![\w.])[$€£]?\s?(?:\(\d+(?:[+/]\d+)+\)|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+/\d+|\d+(?:\.\d+)?)(?!\d)"
)


@cache
def _unit_pattern() -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in _units.all_names() if name not in {"'", '"', "$", "€", "£"})
    word = rf"(?:{names})(?![A-Za-z])(?:\^-?[1-4])?"
    return re.compile(rf"\s*-?\s*(?:%|{word}(?:\s*(?:/|\bper\b)\s*{word})*)")


def _numbers(text: str) -> list[_Given]:
    found: list[_Given] = []
    for match in _NUMBER.finditer(text):
        if found and match.start() < found[-1].end:
            continue
        end = match.end()
        unit = _unit_pattern().match(text, end)
        if unit and unit.group(0).strip(" -") in ("in", "a", "C", "F", "K", "d", "t") and unit.group(0)[0] == " ":
            unit = None
        written = match.group(0) + (" " + unit.group(0).strip(" -") if unit else "")
        try:
            tree = parse(written, units=True)
            value = evaluate(tree)
        except (NotAnExpression, Undefined, TooLarge):
            continue
        names = re.findall(r"[^\W\d_]+(?: [^\W\d_]+)*|[°%$€£]", written)
        units = [item.name for name in names if (item := _units.find(name)) is not None]
        stop = unit.end() if unit else end
        found.append(_Given(match.start(), stop, value.number, value.dimension, units, value.percent))
    return found


def solve_scene(question: str, style: Style) -> Outcome | None:
    """The asked quantity of the scene that the question describes, `None` where it describes none."""
    text = units_plain(question, articles=False)
    for scene in scenes():
        if not scene.any.search(text) or not all(pattern.search(text) for pattern in scene.all):
            continue
        reading = _read(scene, text)
        if reading is None or reading.asked is None:
            continue
        outcome = _answer(scene, reading, text, style)
        if outcome is not None:
            return outcome
    return None


def _read(scene: Scene, text: str) -> _Reading | None:
    reading = _Reading(_numbers(text), _mentions(scene, text))
    if not _assign(scene, reading, text):
        return None
    implied = _implied(scene, text)
    reading.asked = _asked(scene, reading, text, implied)
    if not _understood(scene, reading, text):
        return None
    return reading


def _mentions(scene: Scene, text: str) -> list[tuple[int, int, Quantity]]:
    spans: list[tuple[int, int, Quantity]] = []
    for quantity in scene.quantities:
        if quantity.words is not None:
            spans.extend((m.start(), m.end(), quantity) for m in quantity.words.finditer(text) if m.end() > m.start())
    spans.sort(key=lambda span: (span[0] - span[1], span[0]))
    kept: list[tuple[int, int, Quantity]] = []
    for span in spans:
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span[0])


_BEFORE = re.compile(
    r"^[\s,]*(?:(?:lengths?|measures?|measuring|of|is|are|was|=|:|equals?|equal to|being|have|has|having|a|an|as|both"
    r"|each|with|about|exactly|value|size|given|in|triangle|the|that|which|circle|at)\b[\s,]*|[=:(]\s*)*$",
    re.IGNORECASE,
)
_AFTER = re.compile(r"^[\s-]*(?:(?:in|for|of|as|the|its)\s+)*$", re.IGNORECASE)
_BY = re.compile(r"^\s*(?:by|x|×|\*)\s*$", re.IGNORECASE)
_LIST = re.compile(r"^\s*(?:,|and|,\s*and|&|by|x|×|\*|,?\s*(?:and )?the other(?: one)?(?: is)?)\s*$", re.IGNORECASE)


def _fits(given: _Given, quantity: Quantity) -> bool:
    wanted = _DIMENSIONS[quantity.dimension]
    if quantity.dimension == "percent":
        return given.percent
    if given.percent:
        return False
    given_dimension = tuple((_MONEY.get(base, base), power) for base, power in given.dimension)
    return given_dimension in ((), wanted)


def _assign(scene: Scene, reading: _Reading, text: str) -> bool:
    """Give each number its slot: by the word beside it, by the list it stands in, by its dimension."""
    free = {quantity.name: list(quantity.slots) for quantity in scene.quantities}
    taken: set[str] = set()

    def fill(given: _Given, quantity: Quantity) -> bool:
        if not _fits(given, quantity):
            return False
        for slot in free[quantity.name]:
            if slot not in taken:
                taken.add(slot)
                given.slot = slot
                return True
        return False

    _assign_lists(scene, reading, text, taken, _BY)
    previous: _Given | None = None
    current: Quantity | None = None
    for given in reading.givens:
        if given.slot is not None:
            continue
        beside = _beside(scene, reading, given, text)
        follows = previous is not None and _LIST.match(text[previous.end : given.start]) is not None
        if beside is not None and fill(given, reading.mentions[beside][2]):
            reading.used.add(beside)
            current = reading.mentions[beside][2]
        elif not (follows and current is not None and fill(given, current)):
            current = None
        previous = given
    _assign_lists(scene, reading, text, taken, _LIST)
    return _assign_rest(scene, reading, fill, text)


def _beside(scene: Scene, reading: _Reading, given: _Given, text: str) -> int | None:
    before = after = None
    for index, (start, end, _) in enumerate(reading.mentions):
        if index in reading.used or reading.mentions[index][2].asked_only:
            continue
        if end <= given.start and _BEFORE.match(scene.any.sub(" ", text[end : given.start])):
            before = index
        if after is None and start >= given.end and _AFTER.match(text[given.end : start]):
            after = index
    if before is not None and after is not None:
        gap = text[reading.mentions[before][1] : given.start]
        # "of radius 5 and height 3" against "its volume with 5 cm radius"
        return after if re.search(r"\b(?:with|has|a|an|given|,)\b", gap) else before
    return before if before is not None else after


def _assign_lists(scene: Scene, reading: _Reading, text: str, taken: set[str], separator: re.Pattern[str]) -> None:
    loose = [given for given in reading.givens if given.slot is None]
    if not scene.listed or len(loose) != len(scene.listed) or taken & set(scene.listed):
        return
    for left, right in itertools.pairwise(loose):
        if not separator.match(text[left.end : right.start]):
            return
    for given, slot in zip(loose, scene.listed, strict=True):
        quantity = next((item for item in scene.quantities if slot in item.slots), None)
        if quantity is not None and _fits(given, quantity):
            given.slot = slot
            taken.add(slot)


def _assign_rest(scene: Scene, reading: _Reading, fill: Any, text: str) -> bool:
    for given in reading.givens:
        if given.slot is not None:
            continue
        able = [quantity for quantity in scene.quantities if _fits(given, quantity)]
        exact = [item for item in able if given.dimension or given.percent] or []
        if len(exact) == 1 and fill(given, exact[0]):
            continue
        first = [item for item in exact if item.name in ("principal", "given")]
        if first and fill(given, first[0]):
            continue
        unnamed = [item for item in able if item.name == "given"]
        if unnamed and fill(given, unnamed[0]):
            continue
        return False
    return True


def _implied(scene: Scene, text: str) -> dict[str, int]:
    implied: dict[str, int] = {}
    for slot, words in scene.implies.items():
        values = {value for word, value in words.items() if re.search(rf"\b{word}s?\b", text, re.IGNORECASE)}
        if len(values) == 1:
            implied[slot] = values.pop()
    return implied


def _asked(scene: Scene, reading: _Reading, text: str, implied: Mapping[str, int]) -> str | None:
    """The slot that the question asks for: the named quantity that has no number, or one asked by "how far"."""
    given = {item.slot for item in reading.givens} | set(implied)
    open_mentions = [
        (start, quantity)
        for index, (start, _, quantity) in enumerate(reading.mentions)
        if index not in reading.used and any(slot not in given for slot in quantity.slots)
    ]
    by_question = [
        quantity
        for quantity in scene.quantities
        if quantity.asks is not None and quantity.asks.search(text) and quantity.slots[0] not in given
    ]
    names = list(dict.fromkeys(quantity.name for quantity in by_question)) or list(
        dict.fromkeys(quantity.name for _, quantity in open_mentions)
    )
    if len(names) > 1:
        names = _nearest_to_question(open_mentions, text) or names
    if not names and _THE_OTHER.search(text):
        names = [
            quantity.name
            for quantity in scene.quantities
            if len(quantity.slots) > 1 and reading.givens and reading.givens[-1].slot in quantity.slots
        ]
    if len(names) != 1:
        return None
    quantity = next(item for item in scene.quantities if item.name == names[0])
    return next((slot for slot in quantity.slots if slot not in given), None)


_THE_OTHER = re.compile(
    r"\b(?:find|what is|value of|how big is) x\b"
    r"|\b(?:third|other|remaining|missing|last|fourth|second)(?: one)?\s*[?.]*$",
    re.IGNORECASE,
)
_ASKING = re.compile(r"\b(?:what|find|calculate|compute|determine|how|work out|give|state)\b", re.IGNORECASE)


def _nearest_to_question(mentions: list[tuple[int, Quantity]], text: str) -> list[str]:
    asking = [match.start() for match in _ASKING.finditer(text)]
    if not asking:
        return []
    after = [quantity.name for start, quantity in mentions if start > asking[-1]]
    return after[:1]


def _understood(scene: Scene, reading: _Reading, text: str) -> bool:
    """Whether every word belongs to the scene; stories may name their people and things."""
    rest = list(text)
    for item in reading.givens:
        rest[item.start : item.end] = " " * (item.end - item.start)
    for start, end, _ in reading.mentions:
        rest[start:end] = " " * (end - start)
    words = "".join(rest)
    for quantity in scene.quantities:
        if quantity.asks is not None:
            words = quantity.asks.sub(" ", words)
    words = scene.vocabulary.sub(" ", scene.any.sub(" ", words))
    if re.search(r"\d", words):
        return False
    if scene.open:
        return not _DANGER.search(words)
    left = [word for word in re.findall(r"[^\W\d_]+", words) if len(word) > 1 and _units.find(word) is None]
    return not left


def _answer(scene: Scene, reading: _Reading, text: str, style: Style) -> Outcome | None:
    asked_quantity = next(item for item in scene.quantities if reading.asked in item.slots)
    target = _target_unit(text, asked_quantity)
    working = _working_units(scene, reading, target)
    if working is None or reading.asked is None:
        return None
    known: dict[str, Expr] = {slot: symbol_free(value) for slot, value in _implied(scene, text).items()}
    for given in reading.givens:
        if given.slot is None:
            return None
        known[given.slot] = _in_working_units(given, scene, working)
    stated = set(known)
    trail = solve_unknown(scene.relations, scene.names, known, reading.asked)
    if trail is None or not stated <= trail | {reading.asked}:
        return None
    number = known[reading.asked]
    answer = _write(number, asked_quantity, working, target, style)
    steps = ", ".join(f"{slot} = {write_number(value, Style())}" for slot, value in known.items())
    return Outcome(answer, f"{scene.name}: {steps}", 0.8 if scene.open else 0.92)


def symbol_free(value: int) -> Expr:
    import sympy

    return sympy.Integer(value)


def _target_unit(text: str, quantity: Quantity) -> _units.Unit | None:
    wanted = _DIMENSIONS[quantity.dimension]
    for pattern in (r"\bhow many ([a-z]+)", r"\bin ([a-z]+(?:/[a-z]+)?)\s*[?.]?\s*$", r"\bhow many ([a-z/^23]+)"):
        if match := re.search(pattern, text, re.IGNORECASE):
            unit = _units.find(match.group(1).removesuffix("/h") + ("h" if match.group(1).endswith("/h") else ""))
            if unit is not None and unit.dimension == wanted and wanted:
                return unit
    return None


def _working_units(scene: Scene, reading: _Reading, target: _units.Unit | None) -> dict[str, str] | None:
    """One unit for each base dimension: those of rates first, then those that come first in the text."""
    working: dict[str, str] = dict(scene.base)
    ordered = sorted(reading.givens, key=lambda item: len(item.dimension) < 2)
    for given in ordered:
        for name in given.units:
            unit = _units.unit(name)
            parts = unit.dimension if len(unit.dimension) == 1 and unit.dimension[0][1] == 1 else ()
            if not parts and name in _SPEEDS:
                for base, part in zip(("length", "time"), _SPEEDS[name], strict=True):
                    working.setdefault(base, part)
            for base, _ in parts:
                working.setdefault(base, name)
    return working


_SPEEDS = {"kilometer per hour": ("kilometer", "hour"), "mile per hour": ("mile", "hour"),
           "meter per second": ("meter", "second"), "foot per second": ("foot", "second")}  # fmt: skip


def _in_working_units(given: _Given, scene: Scene, working: Mapping[str, str]) -> Expr:
    number = given.number
    for base, power in given.dimension:
        unit = working.get(base)
        if unit is None:
            continue
        factor = _units.unit(unit).factor
        if factor is not None and factor != 1:
            import sympy

            number = number / sympy.Rational(factor.numerator, factor.denominator) ** power
    return number


def solve_unknown(
    relations: tuple[str, ...], names: frozenset[str], known: dict[str, Expr], asked: str
) -> set[str] | None:
    """Follow relations until `asked` is in `known`; returns the quantities that led to it, `None` if none do."""
    origins: dict[str, set[str]] = {name: {name} for name in known}
    for _ in range(len(names) + 1):
        if asked in known:
            return origins[asked]
        progress = False
        for relation in relations:
            progress |= _follow(relation, names, known, origins)
        if not progress:
            return None
    return None


def _follow(relation: str, names: frozenset[str], known: dict[str, Expr], origins: dict[str, set[str]]) -> bool:
    left, right = relation.split("=")
    members = [name for name in names if re.search(rf"\b{name}\b", relation)]
    unknown = [name for name in members if name not in known]
    if len(unknown) != 1:
        return False
    name = unknown[0]
    if not _direct(left, right, name):
        value = _isolated(left, right, names, known, name)
    else:
        value = evaluate(parse(right, names=names), known).number
    if value is None or not value.is_positive:
        return False
    known[name] = value
    origins[name] = {name}.union(*(origins[member] for member in members if member != name))
    return True


def _direct(left: str, right: str, name: str) -> bool:
    return left.strip() == name and not re.search(rf"\b{name}\b", right)


def _isolated(left: str, right: str, names: frozenset[str], known: dict[str, Expr], name: str) -> Expr | None:
    import sympy

    if "tan(" in right:
        return None
    difference = evaluate(parse(left, names=names), known).number - evaluate(parse(right, names=names), known).number
    found = sympy.solve(difference, symbol(name))
    positive = [root for root in found if root.is_positive]
    return positive[0] if len(positive) == 1 else None


def _write(
    number: Expr, quantity: Quantity, working: Mapping[str, str], target: _units.Unit | None, style: Style
) -> str:
    import sympy

    if quantity.dimension == "angle":
        return write_value(number, "degree", style)
    if quantity.dimension == "money":
        return write_value(
            number, working.get("money") or working.get("euro money") or working.get("sterling") or "dollar", style
        )
    if quantity.dimension == "percent":
        return write_number(number * 100, style) + "%"
    parts = []
    for base, power in _DIMENSIONS[quantity.dimension]:
        if base not in working:
            return write_number(number, style)
        parts.append((base, power))
    if not parts:
        return write_number(number, style)
    if target is not None and target.factor is not None:
        for base, power in parts:
            factor = _units.unit(working[base]).factor or Fraction(1)
            number = number * sympy.Rational(factor.numerator, factor.denominator) ** power
        number = number / sympy.Rational(target.factor.numerator, target.factor.denominator)
        return write_value(number, target.symbol, style)
    return write_value(number, _written(parts, working), style)


def _written(parts: list[tuple[str, int]], working: Mapping[str, str]) -> str:
    marks = {1: "", 2: "²", 3: "³"}
    above = [_units.unit(working[base]).symbol + marks[power] for base, power in parts if power > 0]
    below = [_units.unit(working[base]).symbol + marks[-power] for base, power in parts if power < 0]
    return "·".join(above) + ("/" + "·".join(below) if below else "")

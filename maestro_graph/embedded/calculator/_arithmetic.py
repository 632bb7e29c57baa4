"""Questions that are one expression in signs or words: "What is 17 % of 250?", "Convert 5 km to miles"."""

from __future__ import annotations

import re
from dataclasses import replace

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._evaluate import Undefined, Value, evaluate, sympify_fraction
from maestro_graph.embedded.calculator._format import Outcome, Style, write_number, write_value
from maestro_graph.embedded.calculator._parser import (
    Bin,
    Call,
    Name,
    Neg,
    Node,
    NotAnExpression,
    Num,
    UnitNode,
    parse,
)

__all__ = ["ask_stripped", "solve_expression", "units_plain", "write_in_base"]

_LEAD = re.compile(
    r"^(?:please|kindly|hey|what number is|ok|now|so|then|can you|could you|would you|i need|tell me|give me|show me"
    r"|let me know"
    r"|do you know|what(?:'s|s| is| are| does| do| would be| will be)?|which number is"
    r"|how (?:long|far|heavy|big|large|tall|fast|hot|cold|old) (?:is|are)|reduce|how much (?:is|are|does|do)"
    r"|how much|calculate|compute|evaluate|find|determine|work out|figure out|simplify|solve|estimate|perform"
    r"|obtain|state|write|express|convert|change|turn|transform|round|question|q|the (?:exact |numerical )?"
    r"(?:value|result|answer|outcome) (?:of|to|for)|the|is|you get (?:if|when) you|add up|answer|equals?"
    r"|i|we|you|get|result of|value of)\b[:,]?\s*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:\bequals?(?: to)?(?: what)?|\bmake|\bcome to|\bgive|\bamount to|\bplease|\bin total|\baltogether|\bis"
    r"|\bis what|\bexactly|\bapproximately|=\s*(?:\?|_+|x(?![a-z]))?|[?.!](?=\s*$)|\bworth|\bbe|\bare|=|_+)\s*$",
    re.IGNORECASE,
)
_FACTORIAL_END = re.compile(r"\d\s*!\s*$")
_HOW_MANY = re.compile(
    r"^how (?:many|much) (?P<unit>.{1,30}?) (?:(?:is|are|equals?|make(?:s)?(?: up)?|do|does)(?: there)?"
    r"(?: contained)?(?: in)?|in|fit (?:in|into)|go into)\s+(?P<rest>.+)$",
    re.IGNORECASE,
)
_LAST_HAVE = re.compile(r"\s+(?:have|has|contain|contains|last|take)$", re.IGNORECASE)
_TARGET = re.compile(
    r"^(?P<rest>.+?)\s*(?:\b(?:in|to|into|as|expressed in|in terms of)|=\s*\??|\b(?:is|are|equals?) how (?:many|much))"
    r"\s+"
    r"(?P<unit>[^\d]{1,30}?)$",
    re.IGNORECASE,
)

_PARTS = re.compile(
    r"(\d[\d.,]*\s*(?:hours?|h|hrs?|days?|minutes?|min|feet|foot|ft|pounds?|lbs?|weeks?|years?|km|kg|m|kilometers?"
    r"|kilograms?|meters?)),?(?: and)? (?=\d[\d.,]*\s*(?:minutes?|min|mins|seconds?|secs?|s|hours?|h|hrs?|inch(?:es)?"
    r"|in|oz|ounces?|days?|months?|g|grams?|meters?|cm|m)\b)",
    re.IGNORECASE,
)


def ask_stripped(text: str) -> str:
    """The question without "what is", "calculate", "= ?" around its expression."""
    for _ in range(12):
        shorter = _LEAD.sub("", text, count=1)
        if not _FACTORIAL_END.search(shorter):
            shorter = _TAIL.sub("", shorter)
        shorter = shorter.strip(" ,")
        if shorter == text:
            return text
        text = shorter
    return text


def solve_expression(question: str, style: Style) -> Outcome | None:
    """The value of the expression that the whole question is, `None` where it is none."""
    core = question.strip(" ?.") if not _FACTORIAL_END.search(question.rstrip(" ?.")) else question.rstrip(" ?.")
    bare = ask_stripped(question)
    for text, unit, counted in _readings(core, bare):
        target = _units.find(_unit_words(unit)) if unit else None
        compound = None
        if unit and target is None:
            compound = _compound(unit)
            if compound is None:
                continue
        try:
            tree = parse(units_plain(text), units=True)
        except NotAnExpression:
            continue
        if not _meaningful(tree) or (unit is None and not _shaped(style) and _trivial(tree)):
            continue
        value = evaluate(tree)
        if unit and target is not None:
            return _converted(text, value, target, None if counted else unit, style)
        if compound is not None and unit is not None:
            outcome = _to_compound(text, value, compound, unit, style)
            return replace(outcome, answer=outcome.answer.split(" ")[0]) if counted else outcome
        return _plain_outcome(text, tree, value, style)
    return None


def _readings(core: str, bare: str) -> list[tuple[str, str | None, bool]]:
    """What to evaluate, the unit to write it in, whether only "how many" was asked; the likeliest first."""
    if match := _HOW_MANY.match(core):
        return [(_LAST_HAVE.sub("", ask_stripped(match.group("rest"))), match.group("unit"), True)]
    readings: list[tuple[str, str | None, bool]] = []
    if match := _TARGET.match(bare):
        readings.append((ask_stripped(match.group("rest")), match.group("unit"), False))
    return [*readings, (bare, None, False)]


def _unit_words(text: str) -> str:
    words = re.sub(r"^(?:the|a|an|whole|full)\s+", "", text.strip(), flags=re.IGNORECASE)
    return re.sub(r"\s+(?:are|is|there)$", "", words).strip()


def units_plain(text: str, *, articles: bool = True) -> str:
    """Names of units that are several words as one that the tokenizer reads; with `articles` "a day" is 1 day."""
    text = re.sub(r"\b(?:half) (?:an?|one) ", "(1/2) ", text, flags=re.IGNORECASE)
    if articles:
        text = re.sub(r"(?:(?<=^)|(?<=\s))an? (?=[a-z])", "1 ", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\b(?:sq\.?|square|squared) (m|km|cm|mm|ft|in|feet|foot|met(?:er|re)s?|inch(?:es)?|yards?|miles?"
        r"|(?:kilo|centi|milli)met(?:er|re)s?)\b",
        lambda m: f"{m.group(1)}^2", text, flags=re.IGNORECASE,
    )  # fmt: skip
    text = re.sub(
        r"\b(?:cu\.?|cubic) (m|km|cm|mm|dm|ft|in|feet|foot|met(?:er|re)s?|inch(?:es)?|yards?"
        r"|(?:kilo|deci|centi|milli)met(?:er|re)s?)\b",
        lambda m: f"{m.group(1)}^3", text, flags=re.IGNORECASE,
    )  # fmt: skip
    text = re.sub(r"°\s*([CFK])\b", r" \1 ", text)
    text = re.sub(r"\bdegrees? (celsius|centigrade|fahrenheit|kelvin|[CFK])\b", r"\1", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\d )c\b", "C", text)
    text = re.sub(r"(?<=\d )f\b", "F", text)
    text = re.sub(r"\b(?:miles? per hour|miles? an hour)\b", "mph", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(m|cm|km|mm|dm|ft)([23])\b", r"\1^\2", text)
    # "3 hours and 20 minutes", "5 ft 10 in": parts of one quantity
    return _PARTS.sub(r"\1 + ", text)


def _compound(text: str) -> Value | None:
    """A target like "km/h" or "meters per second" or "square meters"."""
    try:
        tree = parse(units_plain(_unit_words(text)), units=True)
    except NotAnExpression:
        return None
    return evaluate(tree) if _only_units(tree) else None


def _only_units(tree: Node) -> bool:
    if isinstance(tree, Bin):
        return _only_units(tree.left) and (_only_units(tree.right) or tree.op == "^")
    return isinstance(tree, UnitNode)


def _meaningful(tree: Node) -> bool:
    """Whether there is a number in it: "pi" alone and "minutes" alone are no sums."""
    if isinstance(tree, Num):
        return True
    if isinstance(tree, Neg):
        return _meaningful(tree.of)
    if isinstance(tree, Bin):
        return _meaningful(tree.left) or _meaningful(tree.right)
    if isinstance(tree, Call):
        return any(_meaningful(arg) for arg in tree.args)
    return isinstance(tree, Name) and tree.name in ("pi", "e")


def _shaped(style: Style) -> bool:
    return bool(style.form) or style.decimals is not None or style.significant is not None


def _trivial(tree: Node) -> bool:
    """A number or one quantity alone: no question is asked of it."""
    if isinstance(tree, Neg):
        return _trivial(tree.of)
    if isinstance(tree, Bin):
        return tree.op == "*" and isinstance(tree.right, UnitNode) and _trivial(tree.left)
    return isinstance(tree, (Num, UnitNode)) or (isinstance(tree, Call) and tree.fn == "percent")


def _converted(text: str, value: Value, target: _units.Unit, unit: str | None, style: Style) -> Outcome:
    if value.dimension != target.dimension:
        raise Undefined(f"the quantity cannot be written in {target.name}")
    factor = evaluate(UnitNode(target.name)).number
    number = (value.number - sympify_fraction(target.offset)) / factor
    signed = target.group in ("money", "euro money", "sterling", "angle", "temperature")
    shown: str | None = target.name
    if unit is None:
        shown = None
    elif not signed or target.name in ("cent", "penny"):
        shown = _unit_words(unit)
    style = replace(style, fractions=False)
    if not _shaped(style) and number.is_Rational and 10**4 % int(number.q):
        style = replace(style, significant=4) if abs(number) < 1000 else replace(style, decimals=2)
    return Outcome(write_value(number, shown, style), f"{text} in {target.name}")


def _to_compound(text: str, value: Value, target: Value, unit: str, style: Style) -> Outcome:
    if value.dimension != target.dimension:
        raise Undefined(f"the quantity cannot be written in {unit}")
    number = value.number / target.number
    return Outcome(f"{write_number(number, replace(style, fractions=False))} {unit.strip()}", f"{text} in {unit}")


def _plain_outcome(text: str, tree: Node, value: Value, style: Style) -> Outcome:
    if value.number.free_symbols:
        raise Undefined("an unknown without an equation")
    operations = _operations(tree)
    simple_division = operations == ["/"]
    shown_style = replace(style, fractions=style.fractions and not simple_division)
    if value.dimension:
        answer = write_in_base(value, _units_of(tree), style)
    elif value.percent and not style.form:
        answer = write_number(value.number * 100, style) + "%"
    else:
        answer = write_number(value.number, shown_style)
    confidence = 0.97 if value.number.is_Rational else 0.95
    return Outcome(answer, f"{text} = {answer}", confidence)


def _operations(tree: Node) -> list[str]:
    if isinstance(tree, Bin):
        return [*_operations(tree.left), tree.op, *_operations(tree.right)]
    if isinstance(tree, Neg):
        return _operations(tree.of)
    if isinstance(tree, Call):
        return [tree.fn, *(op for arg in tree.args for op in _operations(arg))]
    return []


def _units_of(tree: Node) -> list[str]:
    if isinstance(tree, UnitNode):
        return [tree.unit]
    if isinstance(tree, Bin):
        return [*_units_of(tree.left), *_units_of(tree.right)]
    if isinstance(tree, Neg):
        return _units_of(tree.of)
    if isinstance(tree, Call):
        return [name for arg in tree.args for name in _units_of(arg)]
    return []


def write_in_base(value: Value, used: list[str], style: Style) -> str:
    """A quantity in the units that the question used: directly, or as a product of them."""
    for name in used:
        unit = _units.unit(name)
        if unit.dimension == value.dimension and not unit.offset:
            number = value.number / evaluate(UnitNode(name)).number
            shown = name if unit.group in ("money", "euro money", "sterling", "angle") else unit.symbol
            return write_value(number, shown, style)
    number, parts = value.number, []
    for base, power in sorted(value.dimension, key=lambda item: item[1] < 0):
        for name in used:
            unit = _units.unit(name)
            if unit.dimension == ((base, 1),):
                number = number / evaluate(UnitNode(name)).number ** power
                parts.append((unit.symbol, power))
                break
        else:
            raise Undefined("the result has no unit of the table")
    return f"{write_number(number, replace(style, fractions=False))} {_compound_name(parts)}"


def _compound_name(parts: list[tuple[str, int]]) -> str:
    powers = {2: "²", 3: "³"}
    above = [symbol + powers.get(power, "" if power == 1 else f"^{power}") for symbol, power in parts if power > 0]
    below = [symbol + powers.get(-power, "" if power == -1 else f"^{-power}") for symbol, power in parts if power < 0]
    top = "·".join(above) or "1"
    return top + ("/" + "·".join(below) if below else "")

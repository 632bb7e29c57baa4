"""Text to expression trees: a tokenizer and a Pratt parser of our own over a closed set of words.

Nothing here evaluates, looks up an attribute or imports: a name is a function of `FUNCTIONS`, a constant, a unit
of the table, a variable of one letter, or the text is no expression. Length, depth and digits are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from maestro_graph.embedded.calculator import _units

__all__ = ["Bin", "Call", "Name", "Neg", "Node", "NotAnExpression", "Num", "UnitNode", "parse"]

MAX_LENGTH, MAX_TOKENS, MAX_DEPTH, MAX_DIGITS = 600, 240, 40, 60


class NotAnExpression(ValueError):
    """The text is not wholly an expression of the closed language."""


@dataclass(frozen=True, slots=True)
class Num:
    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class UnitNode:
    unit: str


@dataclass(frozen=True, slots=True)
class Neg:
    of: Node


@dataclass(frozen=True, slots=True)
class Bin:
    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    fn: str
    args: tuple[Node, ...]


Node: TypeAlias = Num | Name | UnitNode | Neg | Bin | Call

CONSTANTS = frozenset({"pi", "e"})
FUNCTIONS: dict[str, tuple[int, int]] = {
    "sqrt": (1, 1), "cbrt": (1, 1), "root": (2, 2), "log": (1, 2), "ln": (1, 1), "log10": (1, 1),
    "log2": (1, 1), "exp": (1, 1), "sin": (1, 1), "cos": (1, 1), "tan": (1, 1), "asin": (1, 1), "acos": (1, 1),
    "atan": (1, 1), "abs": (1, 1), "factorial": (1, 1), "floor": (1, 1), "ceil": (1, 1), "percent": (1, 1),
    "gcd": (2, 40), "lcm": (2, 40), "max": (2, 60), "min": (2, 60), "sum": (2, 60), "product": (2, 60),
    "mean": (2, 60), "median": (2, 60), "mode": (2, 60), "range": (2, 60), "difference": (2, 2),
    "quotient": (2, 2), "ratio": (2, 2), "choose": (2, 2), "permutations": (2, 2), "square": (1, 1),
    "cube": (1, 1), "double": (1, 1), "triple": (1, 1), "half": (1, 1), "reciprocal": (1, 1), "round": (1, 1),
    "count": (1, 60),
}  # fmt: skip
LISTS = frozenset(
    name for name, (_, most) in FUNCTIONS.items() if most > 2 or name in {"difference", "quotient", "ratio"}
)
# Phrases of words, longest first, each a symbol or the name of a function.
PHRASES: dict[str, str] = {
    "to the power of": "^", "raised to the power of": "^", "raised to the power": "^", "raised to": "^",
    "to the power": "^", "multiplied by": "*", "divided by": "/", "times": "*", "plus": "+",
    "minus": "-", "over": "/", "added to": "+", "squared": "^2", "cubed": "^3", "modulo": "mod", "mod": "mod",
    "per cent": "%", "percent": "%", "square root of": "sqrt", "square root": "sqrt", "cube root of": "cbrt",
    "cubic root of": "cbrt", "sum of": "sum", "sum": "sum", "total of": "sum", "product of": "product",
    "difference between": "difference", "difference of": "difference", "quotient of": "quotient",
    "average of": "mean", "average": "mean", "arithmetic mean of": "mean", "mean of": "mean", "mean": "mean",
    "average value of": "mean", "mean value of": "mean", "median of": "median", "median": "median",
    "mode of": "mode", "mode": "mode", "range of": "range", "maximum of": "max", "largest of": "max",
    "biggest of": "max", "greatest of": "max", "minimum of": "min", "smallest of": "min", "least of": "min",
    "greatest common divisor of": "gcd", "greatest common factor of": "gcd", "highest common factor of": "gcd",
    "largest common divisor of": "gcd", "gcd of": "gcd", "gcf of": "gcd", "hcf of": "gcd", "gcf": "gcd",
    "hcf": "gcd", "least common multiple of": "lcm", "lowest common multiple of": "lcm",
    "smallest common multiple of": "lcm", "lcm of": "lcm", "factorial of": "factorial",
    "absolute value of": "abs", "natural logarithm of": "ln", "natural log of": "ln", "logarithm of": "log",
    "log of": "log", "ln of": "ln", "sine of": "sin", "cosine of": "cos", "tangent of": "tan", "sin of": "sin",
    "cos of": "cos", "tan of": "tan", "square of": "square", "cube of": "cube", "double of": "double",
    "double": "double", "twice": "double", "triple": "triple", "thrice": "triple", "half of": "half",
    "half": "half", "reciprocal of": "reciprocal", "inverse of": "reciprocal", "ratio of": "ratio",
    "choose": "choose", "factorial": "!", "sum of numbers": "sum", "average of numbers": "mean",
    "mean of numbers": "mean", "median of numbers": "median", "and": ",", "by": "by", "of": "of", "to": ":",
    "per": "/", "subtracted from": "-from",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan",
}  # fmt: skip
_LONGEST = max(len(phrase.split()) for phrase in PHRASES)
_DROPPED = frozenset({"the", "numbers", "number", "value", "values", "following", "these"})
_PHRASES = {
    " ".join(word for word in phrase.split() if word not in _DROPPED): meant for phrase, meant in PHRASES.items()
}
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_TOKEN = re.compile(
    r"(?P<num>\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?P<ord>(?:st|nd|rd|th)\b)?"
    r"|(?P<op>\*\*|[-+*/^()\[\]{},;:!%|$€£°'\"])|(?P<word>[A-Za-zµμΩ]+(?:_[a-z]+)?\d*)|(?P<space>\s+)"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "num", "op", "fn", "const", "name", "unit", "end"
    text: str
    value: Fraction = Fraction(0)


def parse(text: str, *, variables: bool = False, units: bool = False, names: frozenset[str] = frozenset()) -> Node:
    """The tree of a whole text.

    Args:
        text: cleaned text (see `_numbers.clean`).
        variables: single letters are variables (equations).
        units: names of units and currency signs are units (quantities).
        names: further names that are variables (formulas of the relation tables).

    Raises:
        NotAnExpression: unless every character was understood.
    """
    if len(text) > MAX_LENGTH:
        raise NotAnExpression("too long")
    tokens = _tokens(text, _namer(variables, units, names))
    return _Pratt(tokens).whole()


def _namer(variables: bool, units: bool, names: frozenset[str]) -> Callable[[str], list[_Token]]:
    def resolve(word: str) -> list[_Token]:
        lower = word.lower()
        if word in names:
            return [_Token("name", word)]
        if lower in FUNCTIONS:
            return [_Token("fn", lower)]
        if units and (unit := _units.find(word)) is not None:
            return [_Token("unit", unit.name)]
        if lower == "pi" or (word == "e" and not names):
            return [_Token("const", lower)]
        if variables and len(word) <= 3 and word.isascii() and word.isalpha():
            return [_Token("name", letter) for letter in word]
        raise NotAnExpression(f"{word!r} is no part of an expression")

    return resolve


def _tokens(text: str, resolve: Callable[[str], list[_Token]]) -> list[_Token]:
    pieces = _pieces(text)
    tokens: list[_Token] = []
    position = 0
    while position < len(pieces):
        kind, piece = pieces[position]
        if kind != "word":
            tokens.extend(_plain(kind, piece))
            position += 1
        else:
            used, made = _phrase(pieces, position, resolve)
            tokens.extend(made)
            position += used
        if len(tokens) > MAX_TOKENS:
            raise NotAnExpression("too many parts")
    return [*tokens, _Token("end", "")]


def _pieces(text: str) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotAnExpression(f"{text[position]!r} is no part of an expression")
        position = match.end()
        if match.group("num"):
            in_call = _inside_call(text, match.start())
            if in_call and "," in match.group("num"):
                for index, part in enumerate(match.group("num").split(",")):
                    pieces.extend([("op", ",")] if index else [])
                    pieces.append(("num", part))
            else:
                pieces.append(("ord" if match.group("ord") else "num", match.group("num")))
        elif match.group("op"):
            pieces.append(("op", match.group("op")))
        elif match.group("word") and match.group("word").lower() not in _DROPPED:
            pieces.append(("word", match.group("word")))
    return pieces


def _inside_call(text: str, position: int) -> bool:
    """Whether the innermost open bracket before `position` belongs to a function: `gcd(120,180)`."""
    depth = 0
    for index in range(position - 1, -1, -1):
        if text[index] == ")":
            depth += 1
        elif text[index] == "(":
            if depth == 0:
                return index > 0 and text[index - 1].isalpha()
            depth -= 1
    return False


def _plain(kind: str, piece: str) -> list[_Token]:
    if kind in ("num", "ord"):
        if len(piece) > MAX_DIGITS:
            raise NotAnExpression("a number with too many digits")
        digits = piece.replace(",", "")
        return [_Token("ord" if kind == "ord" else "num", digits, Fraction(digits))]
    symbol = {"**": "^", "[": "(", "]": ")", "{": "(", "}": ")", ";": ","}.get(piece, piece)
    if symbol in "$€£°'\"":
        unit = _units.find(symbol)
        if unit is None:
            raise NotAnExpression(f"{symbol!r} is no part of an expression")
        return [_Token("unit", unit.name)]
    return [_Token("op", symbol)]


def _phrase(
    pieces: list[tuple[str, str]], position: int, resolve: Callable[[str], list[_Token]]
) -> tuple[int, list[_Token]]:
    words = [piece for kind, piece in pieces[position : position + _LONGEST] if kind == "word"]
    run = 0
    while run < len(words) and pieces[position + run][0] == "word":
        run += 1
    lowered = [word.lower() for word in words[:run]]
    for size in range(run, 0, -1):
        meant = _PHRASES.get(" ".join(lowered[:size]))
        if meant is None:
            continue
        if meant == "!":
            ends_operand = position > 0 and (pieces[position - 1][0] == "num" or pieces[position - 1][1] == ")")
            return size, [_Token("op", "!") if ends_operand else _Token("fn", "factorial")]
        if meant == "choose":
            return size, [_Token("op", "choose")]
        if meant in FUNCTIONS:
            return size, [_Token("fn", meant)]
        if meant in ("^2", "^3"):
            return size, [_Token("op", "^"), _Token("num", meant[1], Fraction(meant[1]))]
        return size, [_Token("op", meant)]
    if lowered[0] in _ORDINALS and lowered[1:3] == ["root", "of"]:
        return 3, [_Token("fn", "root"), _Token("num", "n", Fraction(_ORDINALS[lowered[0]]))]
    if lowered[0] == "root" and lowered[1:2] == ["of"]:
        return 2, [_Token("fn", "root of")]
    return 1, resolve(words[0])


# Binding powers of the infix operators: (left, right).
_INFIX: dict[str, tuple[int, int]] = {
    "+": (10, 11), "-": (10, 11), ":": (15, 16), "of": (18, 18), "*": (20, 21), "/": (20, 21), "mod": (20, 21),
    "choose": (20, 21), "^": (31, 30), "-from": (10, 11),
}  # fmt: skip
_UNARY, _JUXTAPOSED, _TIGHT = 22, 20, 26


class _Pratt:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def op(self, *symbols: str) -> bool:
        return self.next.kind == "op" and self.next.text in symbols

    def whole(self) -> Node:
        tree = self.expression(0)
        if self.next.kind != "end":
            raise NotAnExpression(f"{self.next.text!r} was not understood")
        return tree

    def expression(self, power: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotAnExpression("nested too deeply")
        left = self.prefix()
        while (longer := self.continued(left, power)) is not None:
            left = longer
        self.depth -= 1
        return left

    def continued(self, left: Node, power: int) -> Node | None:
        """`left` extended by what follows it, `None` where nothing binds tighter than `power`."""
        token = self.next
        if token.kind == "op" and token.text in ("!", "%"):
            return self.postfix(left)
        if token.kind == "op" and token.text in _INFIX:
            left_power, right_power = _INFIX[token.text]
            if left_power < power:
                return None
            self.take()
            return self.infix(token.text, left, right_power)
        if token.kind in ("unit",) and power <= _TIGHT:
            return Bin("*", left, self.tight_unit())
        starts = token.kind in ("name", "const", "fn") or (token.kind == "op" and token.text == "(")
        if starts and power <= _JUXTAPOSED:
            return Bin("*", left, self.expression(_JUXTAPOSED + 1))
        return None

    def tight_unit(self) -> Node:
        unit: Node = UnitNode(self.take().text)
        if self.op("^"):
            self.take()
            unit = Bin("^", unit, self.expression(30))
        return unit

    def infix(self, symbol: str, left: Node, right_power: int) -> Node:
        right = self.expression(right_power)
        if symbol == "of":
            return Bin("*", left, right)
        if symbol == ":":
            return Bin("/", left, right)
        if symbol == "-from":
            return Bin("-", right, left)
        if symbol == "choose":
            return Call("choose", (left, right))
        return Bin(symbol, left, right)

    def postfix(self, left: Node) -> Node:
        symbol = self.take().text
        if symbol == "!":
            return Call("factorial", (left,))
        if self.next.kind == "num" or self.op("("):
            return Bin("mod", left, self.expression(21))
        return Call("percent", (left,))

    def prefix(self) -> Node:
        token = self.take()
        if token.kind == "num":
            return Num(token.value, "." in token.text)
        if token.kind == "ord":
            return self.ordinal_root(token)
        if token.kind in ("name", "const"):
            return Name(token.text)
        if token.kind == "unit":
            return self.leading_unit(token)
        if token.kind == "fn":
            return self.call(token.text)
        if token.kind == "op" and token.text in "+-":
            inner = self.expression(_UNARY)
            return Neg(inner) if token.text == "-" else inner
        if token.kind == "op" and token.text == "(":
            inner = self.expression(0)
            self.close(")")
            return inner
        if token.kind == "op" and token.text == "|":
            inner = self.expression(0)
            self.close("|")
            return Call("abs", (inner,))
        raise NotAnExpression("an operand is missing")

    def leading_unit(self, token: _Token) -> Node:
        """`$5`, or a bare unit, which counts once."""
        if self.next.kind == "num" and _units.is_currency(token.text):
            return Bin("*", self.prefix(), UnitNode(token.text))
        self.at -= 1
        return self.tight_unit()

    def ordinal_root(self, token: _Token) -> Node:
        if self.next.kind == "fn" and self.next.text == "root of":
            self.take()
            return Call("root", (Num(token.value), self.expression(_UNARY)))
        raise NotAnExpression("an ordinal number")

    def call(self, name: str) -> Node:
        if name == "root of":
            raise NotAnExpression("a root without its degree")
        if name == "root" and self.next.text == "n":
            return Call("root", (Num(self.take().value), self.expression(_UNARY)))
        base: tuple[Node, ...] = ()
        if name == "log" and self.next.kind == "name" and self.next.text == "base":
            raise NotAnExpression("a logarithm's base in words")
        self.skip_of()
        if self.op("("):
            self.take()
            args = self.arguments()
            self.close(")")
        elif name in LISTS:
            args = self.arguments()
        else:
            args = (self.expression(_UNARY),)
        if name in LISTS and self.op(",") and len(args) == 1:
            self.take()  # "the sum of (2 + 3) and 4"
            args = (*args, *self.arguments())
        least, most = FUNCTIONS[name]
        if name in ("ratio", "quotient", "difference") and len(args) == 1 and isinstance(args[0], Bin):
            return args[0] if args[0].op in "/-" else self.wrong(name)
        if not least <= len(args) + len(base) <= most:
            self.wrong(name)
        return Call(name, args)

    def wrong(self, name: str) -> Node:
        raise NotAnExpression(f"{name} has the wrong number of arguments")

    def skip_of(self) -> None:
        if self.op("of", ":") and self.next.text in ("of", ":"):
            self.take()

    def arguments(self) -> tuple[Node, ...]:
        args = [self.expression(10)]
        while self.op(","):
            while self.op(","):
                self.take()
            args.append(self.expression(10))
        return tuple(args)

    def close(self, symbol: str) -> None:
        if not self.op(symbol):
            raise NotAnExpression("a bracket is not closed")
        self.take()

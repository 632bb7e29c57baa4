"""Expression trees to exact values: the only module of this package that imports `sympy` for arithmetic.

Every step is bounded before it is taken, so that `9**9**9**9` or `factorial(10**9)` end at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from maestro_graph.embedded.calculator import _units
from maestro_graph.embedded.calculator._parser import Bin, Call, Name, Neg, Node, Num, UnitNode

__all__ = ["TooLarge", "Undefined", "Value", "evaluate", "symbol", "sympify_fraction"]

MAX_BITS, MAX_EXPONENT, MAX_FACTORIAL, MAX_DEGREE = 4000, 4000, 500, 12
MAX_MAGNITUDE = 10.0**120
DIMENSIONLESS: tuple[tuple[str, int], ...] = ()

Expr = Any  # sympy ships no types


class TooLarge(ValueError):
    """The value would not fit into any answer."""


class Undefined(ValueError):
    """The value does not exist: division by zero, units that do not fit, a root of a list."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in base units. `dimension` holds exponents of base dimensions; `percent` marks 5 %."""

    number: Expr
    dimension: tuple[tuple[str, int], ...] = DIMENSIONLESS
    percent: bool = False
    offset_unit: str | None = None


@cache
def _sympy() -> Any:
    import sympy

    return sympy


def sympify_fraction(value: Fraction) -> Expr:
    return _sympy().Rational(value.numerator, value.denominator)


@cache
def symbol(name: str) -> Expr:
    return _sympy().Symbol(name, real=True)


def evaluate(node: Node, known: Mapping[str, Expr] | None = None) -> Value:
    """The value of a tree; names that are not `known` stay symbols.

    Raises:
        TooLarge, Undefined: where there is no value to give.
    """
    known = known or {}
    if isinstance(node, Num):
        return Value(sympify_fraction(node.value))
    if isinstance(node, Name):
        return Value(_name(node.name, known))
    if isinstance(node, UnitNode):
        return _unit(node.unit)
    if isinstance(node, Neg):
        inner = evaluate(node.of, known)
        return Value(-inner.number, inner.dimension, inner.percent, inner.offset_unit)
    if isinstance(node, Bin):
        return _bounded(_binary(node, evaluate(node.left, known), evaluate(node.right, known)))
    return _bounded(_call(node, [evaluate(arg, known) for arg in node.args]))


def _name(name: str, known: Mapping[str, Expr]) -> Expr:
    if name in known:
        return known[name]
    if name == "pi":
        return _sympy().pi
    if name == "e":
        return _sympy().E
    return symbol(name)


def _unit(name: str) -> Value:
    unit = _units.unit(name)
    factor = 180 / _sympy().pi if unit.factor is None else sympify_fraction(unit.factor)
    return Value(factor, unit.dimension, offset_unit=name if unit.offset else None)


def _bounded(value: Value) -> Value:
    number = value.number
    if number.is_Rational:
        if max(abs(int(number.p)), int(number.q)).bit_length() > MAX_BITS:
            raise TooLarge("the number has too many digits")
        return value
    if number.has(_sympy().zoo, _sympy().nan, _sympy().oo):
        raise Undefined("that is not defined (division by zero)")
    if _size(number) > 400:
        raise TooLarge("the expression is too long")
    if not number.free_symbols and abs(complex(number.evalf(6, maxn=200))) > MAX_MAGNITUDE:
        raise TooLarge("the number is too large")
    return value


def _size(number: Expr) -> int:
    count = 0
    for _ in _sympy().preorder_traversal(number):
        count += 1
        if count > 400:
            break
    return count


def _merge(left: Value, right: Value, sign: int) -> tuple[tuple[str, int], ...]:
    total = dict(left.dimension)
    for base, power in right.dimension:
        total[base] = total.get(base, 0) + sign * power
    return tuple(sorted((base, power) for base, power in total.items() if power))


def _binary(node: Bin, left: Value, right: Value) -> Value:
    op = node.op
    if op in "+-":
        return _plus(left, right, 1 if op == "+" else -1)
    if op == "*":
        temperature = _offset_times(node, left, right)
        if temperature is not None:
            return temperature
        if left.dimension == right.dimension == (("money", 1),) or left.offset_unit or right.offset_unit:
            raise Undefined("these units cannot be multiplied")
        return Value(left.number * right.number, _merge(left, right, 1))
    if op == "/":
        if right.number.is_zero:
            raise Undefined("division by zero is not defined")
        return Value(left.number / right.number, _merge(left, right, -1))
    if left.dimension and not (op == "^" and right.number.is_Integer and abs(right.number) <= 4):
        raise Undefined("this cannot be done with units")
    if op == "^":
        if left.dimension:
            power = int(right.number)
            return Value(left.number**power, tuple((base, count * power) for base, count in left.dimension))
        return Value(_power(left.number, right))
    if not (left.number.is_Rational and right.number.is_Rational) or right.number.is_zero:
        raise Undefined("a remainder needs two numbers")
    return Value(left.number % right.number)


def _offset_times(node: Bin, left: Value, right: Value) -> Value | None:
    """`20 °C` is a point on a scale, not twenty times something."""
    if right.offset_unit and isinstance(node.right, UnitNode) and not left.dimension:
        unit = _units.unit(right.offset_unit)
        return Value(
            left.number * sympify_fraction(unit.factor or Fraction(1)) + sympify_fraction(unit.offset),
            right.dimension,
        )
    return None


def _plus(left: Value, right: Value, sign: int) -> Value:
    if right.percent and not left.percent and not left.dimension == right.dimension == ():
        return Value(left.number * (1 + sign * right.number), left.dimension)
    if right.percent and not left.percent:
        return Value(left.number * (1 + sign * right.number))
    if left.dimension != right.dimension:
        raise Undefined("these units cannot be added")
    return Value(left.number + sign * right.number, left.dimension, left.percent and right.percent)


def _power(base: Expr, exponent: Value) -> Expr:
    power = exponent.number
    if exponent.dimension:
        raise Undefined("an exponent with a unit")
    if base.is_zero and power.is_negative:
        raise Undefined("division by zero is not defined")
    if base.is_Rational and power.is_Rational:
        bits = max(abs(int(base.p)), int(base.q)).bit_length()
        if abs(int(power.q)) > 64 or bits > 1200:
            raise TooLarge("the root is too deep")
        if base not in (0, 1, -1) and bits * abs(float(power)) > MAX_BITS + bits:
            raise TooLarge("the power is too large")
        return base**power
    if power.free_symbols:
        if _size(power) > 30 or (base.is_Rational and abs(int(base.p)).bit_length() > 64):
            raise TooLarge("the power is too complicated")
        return base**power
    if abs(complex(power.evalf(6))) > (MAX_DEGREE if base.free_symbols else 64):
        raise TooLarge("the power is too large")
    return base**power


def _plain(values: list[Value]) -> list[Expr]:
    if any(value.dimension for value in values):
        raise Undefined("this function takes plain numbers")
    return [value.number for value in values]


def _integers(values: list[Value]) -> list[int]:
    numbers = _plain(values)
    if not all(number.is_Integer for number in numbers):
        raise Undefined("this function takes whole numbers")
    return [int(number) for number in numbers]


def _call(node: Call, args: list[Value]) -> Value:
    if node.fn == "percent":
        return Value(args[0].number / 100, args[0].dimension, percent=True)
    if node.fn in _LIST:
        return _list(node.fn, args)
    if node.fn in ("sin", "cos", "tan"):
        return Value(_trigonometric(node.fn, args[0]))
    if node.fn in _INTEGER:
        return Value(_sympy().Integer(_INTEGER[node.fn](_integers(args))))
    return Value(_function(node.fn, args))


def _trigonometric(name: str, arg: Value) -> Expr:
    sympy = _sympy()
    number = arg.number
    if number.free_symbols:
        raise Undefined("a trigonometric equation")
    if arg.dimension not in (DIMENSIONLESS, (("angle", 1),)) or abs(complex(number.evalf(6))) > 10**9:
        raise Undefined("an angle is needed")
    # School convention: an angle without a sign is in degrees unless it is written with pi or small.
    degrees = bool(arg.dimension) or (number.is_Integer and abs(number) > 6)
    result = getattr(sympy, {"sin": "sin", "cos": "cos", "tan": "tan"}[name])(
        number * sympy.pi / 180 if degrees else number
    )
    if result.has(sympy.zoo):
        raise Undefined("the tangent is not defined there")
    return result


def _factorial(values: list[int]) -> int:
    import math

    if not 0 <= values[0] <= MAX_FACTORIAL:
        raise TooLarge("the factorial is too large")
    return math.factorial(values[0])


def _choose(values: list[int]) -> int:
    import math

    if not (0 <= values[0] <= 1000 and 0 <= values[1] <= 1000):
        raise TooLarge("the binomial is too large")
    return math.comb(values[0], values[1])


def _permutations(values: list[int]) -> int:
    import math

    if not (0 <= values[0] <= 300 and 0 <= values[1] <= 300):
        raise TooLarge("the number of arrangements is too large")
    return math.perm(values[0], values[1])


def _gcd(values: list[int]) -> int:
    import math

    return math.gcd(*values)


def _lcm(values: list[int]) -> int:
    import math

    return math.lcm(*values)


_INTEGER: dict[str, Callable[[list[int]], int]] = {
    "factorial": _factorial, "choose": _choose, "permutations": _permutations, "gcd": _gcd, "lcm": _lcm,
}  # fmt: skip
_LIST = frozenset({"max", "min", "sum", "product", "mean", "median", "mode", "range", "difference", "quotient",
                   "ratio", "count"})  # fmt: skip


def _list(name: str, args: list[Value]) -> Value:
    sympy = _sympy()
    dimension = args[0].dimension
    if any(value.dimension != dimension for value in args):
        raise Undefined("these units do not fit together")
    numbers = [value.number for value in args]
    if name == "product":
        if dimension:
            raise Undefined("a product of units")
        return Value(sympy.Mul(*numbers))
    if name in ("quotient", "ratio"):
        if numbers[1].is_zero:
            raise Undefined("division by zero is not defined")
        return Value(numbers[0] / numbers[1])
    if name == "sum":
        return Value(sympy.Add(*numbers), dimension)
    if name == "mean":
        return Value(sympy.Add(*numbers) / len(numbers), dimension)
    if any(number.free_symbols for number in numbers):
        raise Undefined("a list of unknowns")
    if name == "difference":
        return Value(abs(numbers[0] - numbers[1]), dimension)
    return Value(_ordered(name, sorted(numbers, key=float)), dimension)


def _ordered(name: str, ranked: list[Expr]) -> Expr:
    if name == "max":
        return ranked[-1]
    if name == "min":
        return ranked[0]
    if name == "range":
        return ranked[-1] - ranked[0]
    if name == "count":
        return _sympy().Integer(len(ranked))
    if name == "median":
        middle = len(ranked) // 2
        return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2
    counts = {number: ranked.count(number) for number in ranked}
    most = max(counts.values())
    winners = [number for number, count in counts.items() if count == most]
    if len(winners) > 1:
        raise Undefined("there is no single mode")
    return winners[0]


def _function(name: str, args: list[Value]) -> Expr:
    sympy = _sympy()
    if name == "abs" or name in ("double", "triple", "half"):
        number = _plain(args)[0]
        factor = {"double": 2, "triple": 3, "half": sympy.Rational(1, 2)}
        return abs(number) if name == "abs" else number * factor[name]
    number = _plain(args)[0]
    if name == "root":
        degree, radicand = _plain(args)
        if not (degree.is_Integer and 1 <= degree <= 20):
            raise Undefined("the degree of the root")
        return _root(radicand, int(degree))
    if name in ("sqrt", "cbrt"):
        return _root(number, 2 if name == "sqrt" else 3)
    if name in ("square", "cube"):
        return _power(number, Value(sympy.Integer(2 if name == "square" else 3)))
    if name == "reciprocal":
        return 1 / number if not number.is_zero else _zero_division()
    if number.free_symbols:
        raise Undefined("a function of an unknown")
    if name in ("floor", "ceil", "round"):
        return _rounded(name, number)
    if name in ("asin", "acos", "atan"):
        return getattr(sympy, {"asin": "asin", "acos": "acos", "atan": "atan"}[name])(number)
    return _logarithmic(name, _plain(args))


def _zero_division() -> Expr:
    raise Undefined("division by zero is not defined")


def _root(radicand: Expr, degree: int) -> Expr:
    sympy = _sympy()
    if radicand.is_Rational and max(abs(int(radicand.p)), int(radicand.q)).bit_length() > 1200:
        raise TooLarge("the root of a very long number")
    if radicand.is_negative and degree % 2:
        return -((-radicand) ** sympy.Rational(1, degree))
    return radicand ** sympy.Rational(1, degree)


def _rounded(name: str, number: Expr) -> Expr:
    sympy = _sympy()
    if not number.is_real:
        raise Undefined("a real number is needed")
    if name == "round":
        return sympy.sign(number) * sympy.floor(abs(number) + sympy.Rational(1, 2))
    return sympy.floor(number) if name == "floor" else sympy.ceiling(number)


def _logarithmic(name: str, numbers: list[Expr]) -> Expr:
    sympy = _sympy()
    number = numbers[0]
    if name == "exp":
        if abs(complex(number.evalf(6))) > 250:
            raise TooLarge("the power is too large")
        return sympy.exp(number)
    base = {"ln": sympy.E, "log10": sympy.Integer(10), "log2": sympy.Integer(2)}.get(name)
    if base is None:
        base = numbers[1] if len(numbers) > 1 else sympy.Integer(10)
    if not (number.is_positive and base.is_positive) or base == 1:
        raise Undefined("the logarithm is not defined there")
    return sympy.log(number, base)

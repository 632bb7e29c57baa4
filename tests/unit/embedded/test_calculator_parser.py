"""The calculator's parser: a closed language, bounded, that agrees with exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro_graph.embedded.calculator._evaluate import TooLarge, Undefined, evaluate
from maestro_graph.embedded.calculator._parser import NotAnExpression, parse

OUTCOMES = (NotAnExpression, TooLarge, Undefined)


def value(text: str) -> Fraction:
    number = evaluate(parse(text)).number
    return Fraction(int(number.p), int(number.q))


@st.composite
def sums(draw: st.DrawFn, depth: int = 4) -> tuple[str, Fraction]:
    if depth == 0 or draw(st.booleans()):
        number = draw(st.integers(0, 999))
        return str(number), Fraction(number)
    left, left_value = draw(sums(depth=depth - 1))
    right, right_value = draw(sums(depth=depth - 1))
    signs = ["+", "-", "*"] + (["/"] if right_value else [])
    sign = draw(st.sampled_from(signs))
    result = {
        "+": left_value + right_value,
        "-": left_value - right_value,
        "*": left_value * right_value,
    }.get(sign)
    return f"({left}) {sign} ({right})", left_value / right_value if result is None else result


@given(sums())
@settings(max_examples=150, deadline=None)
def test_sums_agree_with_fractions(case: tuple[str, Fraction]) -> None:
    text, expected = case
    assert value(text) == expected


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 99)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_precedence_agrees_with_python(parts: list[tuple[str, int]]) -> None:
    text = "7" + "".join(f" {sign} {number}" for sign, number in parts)
    assert value(text) == eval(text)


@given(
    st.one_of(st.text(max_size=200), st.text("0123456789+-*/^()!%,.x ", max_size=80), st.text("()[]{}|", max_size=300))
)
@settings(max_examples=300, deadline=None)
def test_any_text_ends_in_a_value_or_a_refusal(text: str) -> None:
    for variables in (False, True):
        try:
            evaluate(parse(text, variables=variables, units=not variables))
        except OUTCOMES:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "lambda: 1", "().__class__.__bases__", "open('x')", "exec(1)", "a.b",
        "x.__class__", "[].append(1)", "import os", "sympify(1)", "globals()", "1 if 1 else 2",
    ],
)  # fmt: skip
def test_code_is_no_expression(text: str) -> None:
    for variables in (False, True):
        with pytest.raises(NotAnExpression):
            parse(text, variables=variables, units=True)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9", "10**10**10", "factorial(10**9)", "(10^300)^300", "2^(2^(2^(2^(2^9))))", "99999!", "9!!!!",
        "exp(exp(exp(exp(9))))", "sqrt(2)^(10^9)", "1000 choose 1000000", "(sqrt(2)+1)^1000", "2^(1/1000003)",
    ],
)  # fmt: skip
def test_values_beyond_all_bounds_are_refused(text: str) -> None:
    with pytest.raises((TooLarge, Undefined)):
        evaluate(parse(text))


@pytest.mark.parametrize("text", ["(" * 500, "(" * 60 + "1" + ")" * 60, "-" * 300 + "1", "1+" * 400 + "1", "1" * 100])
def test_deep_or_long_text_is_no_expression(text: str) -> None:
    with pytest.raises(NotAnExpression):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2^2", "-4"), ("2^3^2", "512"), ("1/2 of 30", "15"), ("17% of 250", "42.5"), ("200 + 10%", "220"),
        ("17 % 5", "2"), ("square root of 144", "12"), ("sum of 3, 4 and 5", "12"), ("5!", "120"), ("6/2(1+2)", "9"),
        ("gcd(120,180)", "60"), ("1,250 + 3,750", "5000"), ("10 choose 3", "120"), ("3 squared plus 4 squared", "25"),
        ("4th root of 81", "3"), ("20% of 50 + 10", "20"), ("median of 5, 1 and 3", "3"), ("10 over 4", "2.5"),
    ],
)  # fmt: skip
def test_meanings(text: str, expected: str) -> None:
    assert value(text) == Fraction(expected)


@pytest.mark.parametrize("text", ["1/0", "0^-1", "5 mod 0", "log(0)", "mode of 1 and 2", "tan(90)"])
def test_undefined_values(text: str) -> None:
    with pytest.raises(Undefined):
        evaluate(parse(text))

"""Equations in one or two unknowns: "Solve 2x + 3 = 11", "x + y = 10 and x - y = 2", "If x = 3, what is 2x + 1?"."""

from __future__ import annotations

import re
from typing import Any

from maestro_graph.embedded.calculator._evaluate import TooLarge, Undefined, evaluate, symbol
from maestro_graph.embedded.calculator._format import Outcome, Style, write_number
from maestro_graph.embedded.calculator._parser import NotAnExpression, parse

__all__ = ["solve_equations"]

Expr = Any

MAX_EQUATIONS, MAX_DEGREE = 4, 6
_FILLER = re.compile(
    r"\b(?:please|(?:the )?(?:following )?(?:linear |quadratic |simultaneous )?(?:system|pair) of equations"
    r"|(?:the )?(?:following )?(?:linear |quadratic |simultaneous |cubic )*equations?|holds?"
    r"|(?:the )?(?:solutions?|roots?|zeros?|values?) (?:of|to|for)|(?:the )?(?:solutions?|roots?|zeros?|values?)"
    r"|all|real|both|unknown|variables?|can you|the|help me|must|should|be true|true)\b",
    re.IGNORECASE,
)
_TARGETS = re.compile(
    r"\b(?:solve for|find|determine|calculate|compute|evaluate|what(?:'s| is| are| does| do)?|solving for|work out"
    r"|how much is|for|give|get|state)\s+(?P<what>[a-zA-Z](?:\s*(?:,|and)\s*[a-zA-Z])*|[^,;=:]*?)"
    r"(?:\s+(?:equal|be|is))?\s*(?=$|[,;?:.](?:\s|$)|\s(?:if|when|given|where|in|from)\b)",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"[;?]|,(?!\d{3}\b)|:|\.(?=\s|$)|\b(?:and|if|when|given|where|with|while|then|solve|let|also|suppose|at|from|so|in)\b",
    re.IGNORECASE,
)
_FUNCTION = re.compile(
    r"\b([fghp])\s*\(\s*([a-z])\s*\)\s*=\s*([^,;?=]+?)(?=\s*(?:,|;|\?|$|\.\s|\band\b|\bwhat\b|\bfind\b|\bcalculate\b))"
)


def solve_equations(question: str, style: Style) -> Outcome | None:
    """The unknowns of the equations that the question states, `None` where it states none."""
    if "=" not in question and not re.search(r"\bequals?\b|\bis equal to\b", question):
        return None
    text = re.sub(r"\b(?:is equal to|equals to|equals)\b", "=", question)
    if outcome := _function_value(text, style):
        return outcome
    text = re.sub(r"\b(?:such that|so that|that|which|satisf(?:y|ies)|makes?|for which)\b", " , ", text, flags=re.I)
    text = re.sub(r"\b([a-z]|\d+(?:\.\d+)?)( ?):\2(?=(?:[a-z]|\d+(?:\.\d+)?)(?: ?=|$|[ ?.,]))", r"\1/", text)
    text = re.sub(
        r"\bfor (?:which|what) (?:values? of )?([a-z]) (?:is|does|do) (.+?) (?:=|equal to|equal) (.+?)(?=[?,.]|$)",
        r"\2 = \3 , \1 ", text, flags=re.I,
    )  # fmt: skip
    text = re.sub(r"([a-z]) ?= ?\?", r" , \1 ", text)
    sign = re.search(r"\b(positive|negative|larger|largest|greater|smaller|smallest)\b", text, re.I)
    if sign:
        text = text[: sign.start()] + text[sign.end() :]
    targets, rest = _take_targets(re.sub(r"\s+", " ", _FILLER.sub(" ", text)))
    equations: list[tuple[Expr, Expr]] = []
    for clause in _SPLIT.split(rest):
        clause = re.sub(
            r"^(?:(?:find|determine|calculate|what|is|are|of|then|for|to)\s+)+", "", clause.strip(" ."), flags=re.I
        )
        if not clause or clause.lower() in ("find", "what", "is"):
            continue
        if clause.count("=") != 1:
            if re.fullmatch(r"[a-zA-Z]", clause):
                targets.append(clause)
                continue
            return None
        sides = [_expression(side) for side in clause.split("=")]
        if sides[0] is None or sides[1] is None:
            return None
        equations.append((sides[0], sides[1]))
    if not equations or len(equations) > MAX_EQUATIONS:
        return None
    return _solve(equations, targets, style, sign.group(1).lower() if sign else "")


def _take_targets(text: str) -> tuple[list[str], str]:
    targets: list[str] = []

    def take(match: re.Match[str]) -> str:
        what = re.sub(r"^(?:the )?(?:value|values|solution|root)s? (?:of|for)\s*", "", match.group("what")).strip()
        what = what.removeprefix("the ").strip()
        if not what or what.lower() in ("what", "them", "it", "solutions", "solution", "roots", "value", "values"):
            return " , "
        parts = re.split(r"\s*(?:,|\band\b)\s*", what)
        if all(_expression(part) is not None for part in parts):
            targets.extend(parts)
            return " , "
        return match.group(0)

    return targets, re.sub(
        r"\b(?:solve|find|determine|calculate)\b(?=\s*(?:,|:|$|the\b))", " ", _TARGETS.sub(take, text)
    )


def _expression(text: str) -> Expr | None:
    try:
        value = evaluate(parse(text.strip(), variables=True))
    except NotAnExpression:
        return None
    return value.number


def _function_value(text: str, style: Style) -> Outcome | None:
    """`f(x) = 2x + 1, what is f(3)?`"""
    match = _FUNCTION.search(text)
    if match is None:
        return None
    name, variable, body = match.groups()
    asked = re.search(rf"\b{name}\s*\(\s*([^()]+)\s*\)", text[: match.start()] + " ; " + text[match.end() :])
    rest = text[: match.start()] + " " + text[match.end() :]
    rest = re.sub(rf"\b{name}\s*\([^()]+\)", " ", rest)
    if (
        asked is None
        or re.sub(
            r"\b(?:if|what|is|the|value|of|find|calculate|evaluate|given|let|for|function|compute|determine|then|and)\b|[,?.;:]",
            "",
            rest,
            flags=re.I,
        ).strip()
    ):
        return None
    tree, argument = _expression(body), _expression(asked.group(1))
    if tree is None or argument is None:
        return None
    try:
        value = evaluate(parse(body, variables=True), {variable: argument}).number
    except NotAnExpression:
        return None
    answer = write_number(value, style) if not value.free_symbols else str(value)
    return Outcome(answer, f"{name}({asked.group(1)}) = {answer}")


def _solve(equations: list[tuple[Expr, Expr]], targets: list[str], style: Style, sign: str) -> Outcome | None:
    from sympy.polys.polyerrors import BasePolynomialError

    differences = [left - right for left, right in equations]
    unknowns = sorted(set().union(*(item.free_symbols for item in differences)), key=str)
    if not unknowns or len(unknowns) > 3:
        return None
    wanted = [expression for expression in (_expression(target) for target in targets) if expression is not None]
    if len(unknowns) > len(equations):
        return _for_one(equations, unknowns, wanted)
    try:
        solutions = _solutions(differences, unknowns)
    except (TooLarge, Undefined):
        raise
    except (NotImplementedError, ArithmeticError, TypeError, ValueError, BasePolynomialError) as error:
        raise TooLarge("the equation is too hard") from error  # what sympy's solvers raise where they give up
    working = "; ".join(f"{_plain(left)} = {_plain(right)}" for left, right in equations)
    if not solutions:
        return Outcome("no real solution", working, 0.85)
    if not wanted:
        wanted = list(unknowns)
    rows = [[item.subs(solution) for item in wanted] for solution in solutions]
    if any(number.free_symbols for row in rows for number in row):
        raise Undefined("the equations do not determine the unknowns")
    if sign:
        rows = _chosen(rows, sign)
    return Outcome(_write(rows, wanted, style), working, 0.95)


def _chosen(rows: list[list[Expr]], sign: str) -> list[list[Expr]]:
    """The solutions that "the positive solution", "the larger root" mean."""
    if sign in ("positive", "negative"):
        kept = [row for row in rows if (row[0].is_positive if sign == "positive" else row[0].is_negative)]
    else:
        ranked = sorted(rows, key=lambda row: float(row[0]))
        kept = ranked[:1] if sign.startswith("small") else ranked[-1:]
    if not kept:
        raise Undefined(f"there is no {sign} solution")
    return kept


def _plain(expression: Expr) -> str:
    return str(expression).replace("**", "^")


def _for_one(equations: list[tuple[Expr, Expr]], unknowns: list[Expr], wanted: list[Expr]) -> Outcome | None:
    """`Solve 2x + y = 5 for y`: one letter by the others."""
    import sympy

    if len(equations) != 1 or len(wanted) != 1 or wanted[0] not in unknowns:
        return None
    difference = sympy.together(equations[0][0] - equations[0][1])
    poly = sympy.numer(difference)
    if not poly.is_polynomial(wanted[0]) or sympy.degree(poly, wanted[0]) != 1:
        return None
    solution = sympy.solve(poly, wanted[0])[0]
    return Outcome(f"{wanted[0]} = {_plain(sympy.expand(solution))}", f"solved for {wanted[0]}", 0.85)


def _solutions(differences: list[Expr], unknowns: list[Expr]) -> list[dict[Expr, Expr]]:
    import sympy

    numerators = []
    for difference in differences:
        numerator = sympy.numer(sympy.together(difference))
        if not numerator.is_polynomial(*unknowns):
            return _transcendental(differences, unknowns)
        if sympy.Poly(numerator, *unknowns).total_degree() > MAX_DEGREE:
            raise TooLarge("the degree of the equation is too high")
        numerators.append(numerator)
    if len(unknowns) == 1:
        return _one_unknown(numerators, differences, unknowns[0])
    if max(sympy.Poly(item, *unknowns).total_degree() for item in numerators) > 2:
        raise TooLarge("the system of equations is too hard")
    return [
        solution
        for solution in sympy.solve(numerators, unknowns, dict=True)
        if all(value.is_real is not False for value in solution.values())
    ]


def _one_unknown(numerators: list[Expr], differences: list[Expr], unknown: Expr) -> list[dict[Expr, Expr]]:
    import sympy

    common = sympy.gcd_list([sympy.expand(item) for item in numerators])
    if common.is_number:
        if all(item == 0 for item in numerators):
            raise Undefined("every number is a solution")
        return []
    poly = sympy.Poly(common, unknown)
    exact = sympy.roots(poly) if poly.degree() <= 2 else {}
    found = list(exact) if sum(exact.values()) == poly.degree() else sympy.real_roots(poly)
    real = [root for root in found if abs(complex(root.evalf(20)).imag) < 1e-12]
    kept = [root for root in real if all(_holds(item, unknown, root) for item in differences)]
    if not kept and poly.degree() == 2:
        return [{unknown: sympy.simplify(root)} for root in sorted(found, key=lambda r: complex(r.evalf(20)).imag)]
    return [{unknown: root} for root in sorted(kept, key=lambda root: complex(root.evalf(20)).real)]


def _holds(difference: Expr, unknown: Expr, root: Expr) -> bool:
    """Whether the root is one of the equation before it was multiplied out."""
    value = difference.subs(unknown, root)
    return bool(value.is_finite is not False) and not value.has(symbol("nan")) and abs(complex(value.evalf(20))) < 1e-6


def _transcendental(differences: list[Expr], unknowns: list[Expr]) -> list[dict[Expr, Expr]]:
    """Roots, absolute values and powers of one unknown, where sympy's solver is quick."""
    import sympy

    if len(differences) != 1 or len(unknowns) != 1 or sympy.count_ops(differences[0]) > 12:
        raise TooLarge("the equation is too hard")
    parts = list(sympy.preorder_traversal(differences[0]))
    occurrences = sum(part == unknowns[0] for part in parts)
    in_exponent = any(part.is_Pow and part.exp.has(unknowns[0]) for part in parts)
    powers = [part.exp for part in parts if part.is_Pow and part.base.has(unknowns[0])]
    simple = all(power in (sympy.Rational(1, 2), 1, 2, -1) for power in powers)
    if occurrences > (2 if simple and not in_exponent else 1):
        raise TooLarge("the equation has no closed solution")
    found = sympy.solve(differences[0], unknowns[0])
    kept = [{unknowns[0]: root} for root in found if root.is_real and _holds(differences[0], unknowns[0], root)]
    if not kept:
        raise TooLarge("no solution of the equation was found")
    return kept


def _write(rows: list[list[Expr]], wanted: list[Expr], style: Style) -> str:
    if len(wanted) == 1:
        answers = list(dict.fromkeys(write_number(row[0], _exact_style(row[0], style)) for row in rows))
        name = wanted[0]
        if len(answers) == 1:
            return answers[0]
        return " or ".join(f"{name} = {answer}" for answer in answers) if name.is_Symbol else " or ".join(answers)
    lines = [
        ", ".join(
            f"{_plain(item)} = {write_number(value, _exact_style(value, style))}"
            for item, value in zip(wanted, row, strict=True)
        )
        for row in rows
    ]
    return " or ".join(dict.fromkeys(lines))


def _exact_style(number: Expr, style: Style) -> Style:
    """Roots of equations are better as fractions where their decimal does not end soon."""
    from dataclasses import replace

    if number.is_Rational and not style.form and style.decimals is None and style.significant is None:
        denominator = int(number.q)
        if denominator > 1 and 10**4 % denominator:
            return replace(style, fractions=True)
        return replace(style, fractions=False)
    return style

"""Angles: in triangles, at parallels and in circles."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from maestro_evaluation.synthetic._canvas import Point
from maestro_evaluation.synthetic._generator import Rejected
from maestro_evaluation.synthetic.geometry._figure import figure, triangle
from maestro_evaluation.synthetic.geometry._task import GeometryTask

__all__ = ["ANGLE_TASKS"]

SMALLEST = 32


def _label(at: str, text: str) -> dict[str, str]:
    return {"of": at, "label": text}


def _three(rng: Random) -> tuple[int, int, int]:
    first, second = rng.randint(SMALLEST, 105), rng.randint(SMALLEST, 105)
    third = 180 - first - second
    if third < SMALLEST or third in (first, second):
        raise Rejected
    return first, second, third


def _sum(rng: Random) -> dict[str, Any]:
    a, b, _ = _three(rng)
    marks = [_label("BAC", f"{a}°"), _label("ABC", f"{b}°"), _label("ACB", "x°")]
    drawn = figure(triangle(a, b, 10), ["AB", "BC", "CA"], angles=marks)
    return {"figure": drawn, "given": {"a": a, "b": b}, "measure": {"kind": "angle", "of": "ACB"}}


def _solve_sum(given: dict[str, Any]) -> Any:
    return _root(lambda x: given["a"] + given["b"] + x - 180)


def _exterior(rng: Random) -> dict[str, Any]:
    a, b, c = _three(rng)
    points = triangle(a, c, 10)
    points = {"A": points["A"], "B": points["C"], "C": points["B"], "D": (15.0, 0.0)}
    marks = [_label("BAC", f"{a}°"), _label("ABC", f"{b}°"), _label("BCD", "x°")]
    drawn = figure(points, ["AD", "AB", "BC"], angles=marks)
    return {"figure": drawn, "given": {"a": a, "b": b}, "measure": {"kind": "angle", "of": "BCD"}}


def _solve_exterior(given: dict[str, Any]) -> Any:
    return _root(lambda x: (180 - x) + given["a"] + given["b"] - 180)


def _isosceles(rng: Random) -> dict[str, Any]:
    base = rng.randint(36, 74)
    apex = 180 - 2 * base
    upwards = rng.random() < 0.5
    marks = (
        [_label("ACB", f"{apex}°"), _label("BAC", "x°")]
        if upwards
        else [_label("BAC", f"{base}°"), _label("ACB", "x°")]
    )
    drawn = figure(triangle(base, base, 10), ["AB", "BC", "CA"], angles=marks, ticks=[["AC", 1], ["BC", 1]])
    given = {"apex": apex} if upwards else {"base": base}
    return {"figure": drawn, "given": given, "measure": {"kind": "angle", "of": "BAC" if upwards else "ACB"}}


def _solve_isosceles(given: dict[str, Any]) -> Any:
    if "apex" in given:
        return _root(lambda x: 2 * x + given["apex"] - 180)
    return _root(lambda x: 2 * given["base"] + x - 180)


def _parallels(rng: Random) -> dict[str, Any]:
    turn = rng.choice([*range(40, 80), *range(101, 141)])
    lean = 4 / math.tan(math.radians(turn))
    crossing: dict[str, Point] = {"M": (lean, 4.0), "N": (0.0, 0.0)}
    points: dict[str, Point] = {
        "A": (min(lean, 0) - 4.5, 4.0), "B": (max(lean, 0) + 4.5, 4.0),
        "C": (min(lean, 0) - 4.5, 0.0), "D": (max(lean, 0) + 4.5, 0.0),
        "E": (lean * 1.7, 6.8), "F": (-lean * 0.7, -2.8), **crossing,
    }  # fmt: skip
    upper, lower = ["BME", "EMA", "AMN", "NMB"], ["DNM", "MNC", "CNF", "FND"]
    one, other = rng.randrange(4), rng.randrange(4)
    shown = turn if one % 2 == 0 else 180 - turn
    marks = [_label(upper[one], f"{shown}°"), _label(lower[other], "x°")]
    drawn = figure(points, ["AB", "CD", "EF"], angles=marks, arrows=["AB", "CD"], hidden=["M", "N"])
    given = {"shown": shown, "turned": (other - one) % 2}
    return {"figure": drawn, "given": given, "measure": {"kind": "angle", "of": lower[other]}}


def _solve_parallels(given: dict[str, Any]) -> Any:
    if given["turned"]:
        return _root(lambda x: x + given["shown"] - 180)
    return _root(lambda x: x - given["shown"])


def _algebra(rng: Random) -> dict[str, Any]:
    a, b, c = _three(rng)
    x = rng.randint(6, 30)
    p, r = rng.randint(2, 4), rng.randint(1, 4)
    q, s = a - p * x, b - r * x
    if p == r or not 0 < abs(q) < 60 or not 0 < abs(s) < 60:
        raise Rejected
    texts = [f"({'' if k == 1 else k}x {'+' if m > 0 else '−'} {abs(m)})°" for k, m in ((p, q), (r, s))]
    marks = [_label("BAC", texts[0]), _label("ABC", texts[1]), _label("ACB", f"{c}°")]
    drawn = figure(triangle(a, b, 10), ["AB", "BC", "CA"], angles=marks)
    given = {"p": p, "q": q, "r": r, "s": s, "c": c}
    return {"figure": drawn, "given": given, "measure": {"kind": "angle", "of": "BAC", "minus": q, "over": p}}


def _solve_algebra(given: dict[str, Any]) -> Any:
    return _root(lambda x: given["p"] * x + given["q"] + given["r"] * x + given["s"] + given["c"] - 180)


def _round(degrees: float, radius: float = 5.0) -> Point:
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))


def _inscribed(rng: Random) -> dict[str, Any]:
    half = rng.randint(28, 74)
    start = 270 - half
    points = {
        "O": (0.0, 0.0),
        "A": _round(start),
        "B": _round(start + 2 * half),
        "C": _round(90 + rng.uniform(-25, 25)),
    }
    outwards = rng.random() < 0.5
    marks = [_label("AOB", "x°" if outwards else f"{2 * half}°"), _label("ACB", f"{half}°" if outwards else "x°")]
    drawn = figure(points, ["AO", "OB", "AC", "CB"], circles=[["O", 5.0]], angles=marks)
    given = {"inscribed": half} if outwards else {"central": 2 * half}
    return {"figure": drawn, "given": given, "measure": {"kind": "angle", "of": "AOB" if outwards else "ACB"}}


def _solve_inscribed(given: dict[str, Any]) -> Any:
    if "inscribed" in given:
        return _root(lambda x: x - 2 * given["inscribed"])
    return _root(lambda x: 2 * x - given["central"])


def _thales(rng: Random) -> dict[str, Any]:
    a = rng.choice([*range(30, 45), *range(46, 61)])
    points = {"A": (-5.0, 0.0), "B": (5.0, 0.0), "C": _round(2 * a), "O": (0.0, 0.0)}
    points["C"] = _round(180 - (180 - 2 * a))
    marks = [_label("BAC", f"{a}°"), _label("ABC", "x°")]
    drawn = figure(points, ["AB", "BC", "CA"], circles=[["O", 5.0]], angles=marks)
    return {"figure": drawn, "given": {"a": a}, "measure": {"kind": "angle", "of": "ABC"}}


def _solve_thales(given: dict[str, Any]) -> Any:
    return _root(lambda x: given["a"] + x + 90 - 180)


def _cyclic(rng: Random) -> dict[str, Any]:
    arcs = [rng.randint(56, 124) for _ in range(3)]
    arcs.append(360 - sum(arcs))
    if not 56 <= arcs[3] <= 124 or (arcs[0] + arcs[1]) % 2 or arcs[0] + arcs[1] == 180:
        raise Rejected
    turns = [sum(arcs[:place]) + 200 for place in range(4)]
    points = {name: _round(turn) for name, turn in zip("ABCD", turns, strict=True)}
    known = (arcs[2] + arcs[3]) // 2
    marks = [_label("ABC", f"{known}°"), _label("CDA", "x°")]
    drawn = figure(
        {**points, "O": (0.0, 0.0)}, ["AB", "BC", "CD", "DA"], circles=[["O", 5.0]], angles=marks, hidden=["O"]
    )
    return {"figure": drawn, "given": {"b": known}, "measure": {"kind": "angle", "of": "CDA"}}


def _solve_cyclic(given: dict[str, Any]) -> Any:
    return _root(lambda x: given["b"] + x - 180)


def _root(equation: Any) -> Any:
    """The unknown for which the expression is zero."""
    import sympy

    unknown = sympy.Symbol("x")
    (found,) = sympy.solve(equation(unknown), unknown)
    return found


ANGLE_TASKS = (
    GeometryTask("angle-sum", "angle", _sum, _solve_sum),
    GeometryTask("exterior-angle", "angle", _exterior, _solve_exterior),
    GeometryTask("isosceles", "angle", _isosceles, _solve_isosceles),
    GeometryTask("parallel-lines", "angle", _parallels, _solve_parallels),
    GeometryTask("angle-equation", "unknown", _algebra, _solve_algebra),
    GeometryTask("inscribed-angle", "angle", _inscribed, _solve_inscribed),
    GeometryTask("semicircle", "angle", _thales, _solve_thales),
    GeometryTask("cyclic-quadrilateral", "angle", _cyclic, _solve_cyclic),
)

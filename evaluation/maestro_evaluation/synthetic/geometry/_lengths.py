"""Lengths and areas."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from maestro_evaluation.synthetic._generator import Rejected
from maestro_evaluation.synthetic.geometry._figure import figure
from maestro_evaluation.synthetic.geometry._task import GeometryTask

__all__ = ["LENGTH_TASKS"]

TRIPLES = ((3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29))


def _side(of: str, label: object, **more: Any) -> dict[str, Any]:
    return {"of": of, "label": str(label), **more}


def _triple(rng: Random, largest: int = 60) -> tuple[int, int, int]:
    a, b, c = rng.choice(TRIPLES[:4])
    factor = rng.randint(1, largest // c)
    if rng.random() < 0.5:
        a, b = b, a
    return a * factor, b * factor, c * factor


def _pythagoras(rng: Random) -> dict[str, Any]:
    if rng.random() < 0.75:
        a, b, _ = _triple(rng)
    else:
        a, b = rng.sample(range(3, 13), 2)
    square = a * a + b * b
    points = {"A": (0.0, 0.0), "B": (float(a), 0.0), "C": (0.0, float(b))}
    whole = math.isqrt(square) ** 2 == square
    asked = rng.choice(["BC", "AB", "AC"]) if whole else "BC"
    if max(a, b) > 3.2 * min(a, b):
        raise Rejected
    lengths = {"AB": a, "AC": b, "BC": math.isqrt(square)}
    sides = [_side(name, "x" if name == asked else length) for name, length in lengths.items()]
    drawn = figure(points, ["AB", "BC", "CA"], sides=sides, rights=["BAC"])
    if asked == "BC":
        given: dict[str, Any] = {"legs": [a, b]}
    else:
        given = {"hypotenuse": lengths["BC"], "leg": lengths["AC" if asked == "AB" else "AB"]}
    return {"figure": drawn, "given": given, "measure": {"kind": "length", "of": asked}}


def _solve_pythagoras(given: dict[str, Any]) -> Any:
    if "legs" in given:
        return _positive(lambda x: given["legs"][0] ** 2 + given["legs"][1] ** 2 - x**2)
    return _positive(lambda x: x**2 + given["leg"] ** 2 - given["hypotenuse"] ** 2)


def _similar(rng: Random) -> dict[str, Any]:
    ratio, below = rng.randint(1, 4), rng.randint(1, 4)
    left, right = (rng.randint(3, 9) for _ in range(2))
    ad, db, ae, ec = left * ratio, left * below, right * ratio, right * below
    if ratio == below or left == right or not 0.6 < left / right < 1.7 or max(ad + db, ae + ec) > 48:
        raise Rejected
    half = math.radians(rng.randint(26, 36))
    ends = [(-math.sin(half), -math.cos(half)), (math.sin(half), -math.cos(half))]
    points = {"A": (0.0, 0.0)}
    for name, far, end in (("D", ad, ends[0]), ("B", ad + db, ends[0]), ("E", ae, ends[1]), ("C", ae + ec, ends[1])):
        points[name] = (end[0] * far, end[1] * far)
    sides = [_side("AD", ad), _side("DB", db), _side("AE", ae), _side("EC", "x")]
    drawn = figure(points, ["AB", "AC", "DE", "BC"], sides=sides, arrows=["DE", "BC"])
    given = {"ad": ad, "db": db, "ae": ae}
    return {"figure": drawn, "given": given, "measure": {"kind": "length", "of": "EC"}}


def _solve_similar(given: dict[str, Any]) -> Any:
    return _positive(lambda x: given["ad"] * x - given["db"] * given["ae"])


def _tangent(rng: Random) -> dict[str, Any]:
    radius, tangent, distance = _triple(rng, 52)
    if not 0.45 < radius / tangent < 2.1:
        raise Rejected
    points = {"O": (0.0, 0.0), "T": (0.0, float(radius)), "P": (float(tangent), float(radius))}
    asked = rng.choice(["TP", "OP"])
    lengths = {"OT": radius, "TP": tangent, "OP": distance}
    sides = [_side(name, "x" if name == asked else length) for name, length in lengths.items()]
    sides[2]["share"] = (radius / distance + 1) / 2
    drawn = figure(points, ["OT", "TP", "OP"], circles=[["O", radius]], sides=sides, rights=["OTP"])
    given = {"radius": radius, "tangent": tangent} if asked == "OP" else {"radius": radius, "distance": distance}
    return {"figure": drawn, "given": given, "measure": {"kind": "length", "of": asked}}


def _solve_tangent(given: dict[str, Any]) -> Any:
    if "tangent" in given:
        return _positive(lambda x: given["radius"] ** 2 + given["tangent"] ** 2 - x**2)
    return _positive(lambda x: given["radius"] ** 2 + x**2 - given["distance"] ** 2)


def _chord(rng: Random) -> dict[str, Any]:
    away, half, radius = _triple(rng, 52)
    if not 0.4 < away / radius < 0.9:
        raise Rejected
    points = {
        "O": (0.0, 0.0),
        "A": (-float(half), -float(away)),
        "B": (float(half), -float(away)),
        "M": (0.0, -float(away)),
    }
    sides = [_side("OA", radius, inner="B"), _side("OM", away, inner="A"), _side("AB", "x", inner="O")]
    drawn = figure(points, ["OA", "OM", "AB"], circles=[["O", radius]], sides=sides, rights=["OMB"], hidden=["M"])
    return {"figure": drawn, "given": {"radius": radius, "away": away}, "measure": {"kind": "length", "of": "AB"}}


def _solve_chord(given: dict[str, Any]) -> Any:
    return _positive(lambda x: (x / 2) ** 2 + given["away"] ** 2 - given["radius"] ** 2)


def _special(rng: Random) -> dict[str, Any]:
    short = rng.randint(2, 24)
    points = {"A": (0.0, 0.0), "B": (float(short), 0.0), "C": (0.0, short * math.sqrt(3))}
    sides = [_side("BC", 2 * short), _side("AC", "x")]
    marks = [{"of": "ABC", "label": "60°"}]
    drawn = figure(points, ["AB", "BC", "CA"], sides=sides, angles=marks, rights=["BAC"])
    return {"figure": drawn, "given": {"hypotenuse": 2 * short}, "measure": {"kind": "length", "of": "AC"}}


def _solve_special(given: dict[str, Any]) -> Any:
    import sympy

    return given["hypotenuse"] * sympy.sin(sympy.pi / 3)


def _triangle_area(rng: Random) -> dict[str, Any]:
    base, height = rng.randint(6, 30), rng.randint(4, 24)
    foot = rng.randint(2, base - 2)
    if base * height % 2 or not 0.4 < height / base < 1.5:
        raise Rejected
    points = {"A": (0.0, 0.0), "B": (float(base), 0.0), "C": (float(foot), float(height)), "H": (float(foot), 0.0)}
    sides = [_side("AB", base, span=True), _side("CH", height, inner="A" if foot < base / 2 else "B")]
    drawn = figure(points, ["AB", "BC", "CA"], dashes=["CH"], sides=sides, rights=["CHB"])
    words = ["triangle ", "A", "B", "C"]
    return {
        "figure": drawn, "given": {"base": base, "height": height}, "words": words,
        "measure": {"kind": "area", "of": "ABC"},
    }  # fmt: skip


def _solve_triangle_area(given: dict[str, Any]) -> Any:
    import sympy

    return sympy.Rational(given["base"] * given["height"], 2)


def _parallelogram(rng: Random) -> dict[str, Any]:
    base, height, lean = rng.randint(6, 24), rng.randint(3, 16), rng.randint(2, 6)
    if not 0.35 < height / base < 1.1 or lean >= base - 2:
        raise Rejected
    points = {
        "A": (0.0, 0.0), "B": (float(base), 0.0), "C": (float(base + lean), float(height)),
        "D": (float(lean), float(height)), "H": (float(lean), 0.0),
    }  # fmt: skip
    sides = [_side("AB", base, span=True), _side("DH", height, inner="A")]
    drawn = figure(points, ["AB", "BC", "CD", "DA"], dashes=["DH"], sides=sides, rights=["DHB"], arrows=["AB", "DC"])
    words = ["parallelogram ", "A", "B", "C", "D"]
    return {
        "figure": drawn, "given": {"base": base, "height": height}, "words": words,
        "measure": {"kind": "area", "of": "ABCD"},
    }  # fmt: skip


def _solve_parallelogram(given: dict[str, Any]) -> Any:
    import sympy

    return sympy.Integer(given["base"]) * given["height"]


def _trapezoid(rng: Random) -> dict[str, Any]:
    base, top, height = rng.randint(9, 26), rng.randint(4, 18), rng.randint(4, 16)
    shift = rng.randint(1, 5)
    if top + shift > base - 1 or (base + top) * height % 2 or not 0.3 < height / base < 1.1:
        raise Rejected
    points = {
        "A": (0.0, 0.0), "B": (float(base), 0.0), "C": (float(shift + top), float(height)),
        "D": (float(shift), float(height)), "H": (float(shift), 0.0),
    }  # fmt: skip
    sides = [_side("AB", base, span=True), _side("DC", top), _side("DH", height, inner="A")]
    drawn = figure(points, ["AB", "BC", "CD", "DA"], dashes=["DH"], sides=sides, rights=["DHB"], arrows=["AB", "DC"])
    words = ["trapezoid ", "A", "B", "C", "D"]
    return {
        "figure": drawn, "given": {"base": base, "top": top, "height": height}, "words": words,
        "measure": {"kind": "area", "of": "ABCD"},
    }  # fmt: skip


def _solve_trapezoid(given: dict[str, Any]) -> Any:
    import sympy

    return sympy.Rational((given["base"] + given["top"]) * given["height"], 2)


def _positive(equation: Any) -> Any:
    """The positive unknown for which the expression is zero."""
    import sympy

    unknown = sympy.Symbol("x", positive=True)
    (found,) = sympy.solve(equation(unknown), unknown)
    return found


LENGTH_TASKS = (
    GeometryTask("pythagoras", "length", _pythagoras, _solve_pythagoras),
    GeometryTask("similar-triangles", "length", _similar, _solve_similar),
    GeometryTask("tangent", "length", _tangent, _solve_tangent),
    GeometryTask("chord", "length", _chord, _solve_chord),
    GeometryTask("special-triangle", "length", _special, _solve_special),
    GeometryTask("triangle-area", "area", _triangle_area, _solve_triangle_area),
    GeometryTask("parallelogram-area", "area", _parallelogram, _solve_parallelogram),
    GeometryTask("trapezoid-area", "area", _trapezoid, _solve_trapezoid),
)

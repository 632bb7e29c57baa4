"""How far a count can be trusted: what a countable picture has and a page, a texture or a street does not.

The figures below are weighed by a logistic score, one for drawings and one for photos, fitted by
scripts/fit_counter.py. The sign of each weight is fixed beforehand, so that no chance of the fitted pictures can make
clutter or text count in favour of an answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.counter._split import solidity
from maestro_graph.embedded.counter._things import Scene
from maestro_graph.embedded.counter._tree import edge_map
from maestro_graph.embedded.preview import Preview

__all__ = ["SIGNS", "repeats", "signals", "trust"]

SIDE = 600  # edges are weighed on a copy of this size
SIGNS: Mapping[str, int] = {
    "score": 1,
    "agreement": 1,
    "unlike sizes": -1,
    "unlike forms": -1,
    "ragged": -1,
    "unexplained edges": -1,
    "contrast": 1,
    "many": -1,
    "few": -1,
    "covered": 1,
    "text": -1,
    "letters": -1,
    "photo": -1,
    "grain": -1,
}
"""Whether more of a figure speaks for a count (1) or against it (-1)."""


def signals(pixels: NDArray[Any], scene: Scene, grain: float, glance: Preview) -> dict[str, float]:
    """The figures of `SIGNS`, each from about 0 to a few.

    Args:
        pixels: the working copy (H, W, 3), in which the things of `scene` are.
        grain: deviation of its pixel noise, in 8-bit levels.
        glance: the preview of the picture.
    """
    areas = np.array([t.area for t in scene.things])
    unexplained, contrast = _edges(pixels, scene)
    kind, figures = glance.kind, glance.figures
    return {
        "score": scene.score,
        "agreement": scene.support,
        "unlike sizes": float(np.std(np.log(areas))),
        "unlike forms": float(np.mean([min(t.distance, 0.3) for t in scene.things])) * 10,
        "ragged": _ragged(scene),
        "unexplained edges": unexplained,
        "contrast": contrast,
        "many": max(0.0, math.log10(len(areas) / 30)),
        "few": max(0.0, 1.0 - len(areas) / 4) if not scene.drawn else 0.0,
        "covered": min(1.0, float(areas.sum()) / (pixels.shape[0] * pixels.shape[1]) / 0.1),
        "text": kind["page"] + kind["chart"] + kind["sign"],
        "letters": figures["letters"] + figures["rows"],
        "photo": kind["photo"] + kind["scene"],
        "grain": min(2.0, grain / 10),
    }


def _ragged(scene: Scene) -> float:
    """How far outlines are from their convex hulls, on average; lines and outlines have none."""
    solid = [1.0 - solidity(t.contour) for t in scene.things if t.filled and t.form not in ("star", "cross")]
    return 5.0 * float(np.mean(solid)) if solid else 0.0


def _edges(pixels: NDArray[Any], scene: Scene) -> tuple[float, float]:
    """The share of the picture's edges outside of the things, and the strength of their outlines over what is outside.

    Colour counts as brightness does; the second figure is a logarithm.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.GaussianBlur(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), (0, 0), 1.2)
    strength, level = np.zeros(size[::-1], np.float32), 1.0
    for plane in cv2.split(small):
        own, own_level = edge_map(plane.astype(np.float32))
        strength, level = np.maximum(strength, own), max(level, own_level)
    scaled = [np.round(t.contour * scale).astype(np.int32) for t in scene.things]
    inside, rims = np.zeros(strength.shape, np.uint8), np.zeros(strength.shape, np.uint8)
    for outline in scaled:  # one by one: filling them together would take overlaps out
        cv2.drawContours(inside, [outline], -1, 1, cv2.FILLED)
    cv2.drawContours(rims, scaled, -1, 1, 1)
    near = cv2.dilate(inside, np.ones((9, 9), np.uint8)) > 0
    near[:3], near[-3:], near[:, :3], near[:, -3:] = True, True, True, True
    weight = np.where(strength > level, np.minimum(strength, 25.0), 0.0)
    total = float(weight.sum())
    outside = strength[~near]
    loud = float(np.percentile(outside, 90)) if outside.size > 50 else 1.0
    rim = float(np.median(strength[rims > 0])) if rims.any() else 0.0
    return float(weight[~near].sum()) / max(total, 1e-6), float(np.clip(math.log((rim + 1) / (loud + 1)), -2.0, 2.5))


@dataclass(frozen=True, slots=True)
class _Weights:
    bias: float
    weights: Mapping[str, float]


@cache
def _weights() -> Mapping[bool, _Weights]:
    read = json.loads(Path(__file__).with_name("trust.json").read_text(encoding="utf-8"))
    return {drawn: _Weights(**read[name]) for drawn, name in ((True, "drawn"), (False, "photo"))}


def trust(figures: Mapping[str, float], *, drawn: bool) -> float:
    """The likelihood (0 to 1) that a count from a picture with these figures is right."""
    known = _weights()[drawn]
    raw = known.bias + sum(weight * figures[name] for name, weight in known.weights.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, raw))))


def repeats(figures: Mapping[str, float], scene: Scene) -> bool:
    """Whether the picture clearly shows several things of one kind on a calm ground, whatever they are called."""
    return (
        len(scene.things) >= 4
        and figures["agreement"] > 0.75
        and figures["unlike sizes"] < 0.4
        and figures["unexplained edges"] < 0.25
        and figures["contrast"] > 0.5
        and figures["text"] < 0.5
        and trust(figures, drawn=scene.drawn) > 0.6
    )

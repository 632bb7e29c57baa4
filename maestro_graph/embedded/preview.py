"""A glance at a picture: a sentence about it and soft scores of its kind, in milliseconds, without OCR.

The router reads this before anything has been asked about the picture. It is a hint, not evidence: kinds come from a
linear score over a few dozen figures (`_look`), fitted by scripts/fit_preview.py.
"""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from maestro_graph.errors import MissingExtraError
from maestro_graph.images import MaestroImage

__all__ = ["TASKS", "Preview", "preview"]

CACHE_SIZE = 256
LARGE_SIDE = 2600  # pixels: past about here, details are lost on a copy that fits an expert

NAMES = {
    "chart": "a chart or plot",
    "diagram": "a line drawing, such as a geometric figure or a diagram",
    "page": "a printed page, such as a document, a receipt or a form",
    "photo": "a photograph",
    "scene": "a large scene with small details",
    "shapes": "a drawn picture of coloured objects",
    "sign": "a sign or a few large words",
}

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "chart": "Reading a chart, a plot with bars, lines or a pie.",
        "diagram": "Calculating angles and lengths in a geometric figure.",
        "page": "Reading printed text on a page, receipt or form.",
        "photo": "Looking at or counting things in a photograph.",
        "scene": "Finding small things in a large scene.",
        "shapes": "Looking at or counting coloured shapes and objects.",
        "sign": "Reading the words on a sign.",
        "none": "Calculating with numbers stated in words, without a picture.",
    }
)
"""What one does with a picture of each kind, and with none: closer to what cards say than what a picture looks like.

A router weighs the likeness of a card to each by the preview's scores; likenesses are compared with the card's mean
over all, since some cards are near to everything.
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a glance tells.

    Attributes:
        width, height: pixels of the picture.
        kind: how likely each kind is, summing to 1: chart, diagram (thin strokes, geometry), page (printed rows of
            text), photo, scene (a large photo or drawing, in which details are small), shapes (drawn objects), sign
            (few large letters).
        figures: what was measured, by name: shares and damped counts from 0 to about 1.
    """

    width: int
    height: int
    kind: Mapping[str, float]
    figures: Mapping[str, float]

    @property
    def likely(self) -> str:
        """The kind with the highest score."""
        return max(self.kind, key=lambda name: self.kind[name])

    @property
    def text(self) -> str:
        """One or two sentences for a router that reads text only."""
        size = f"{self.width}x{self.height} pixels"
        if self.figures["background share"] > 0.999:
            return f"A blank {self._ground()} picture, {size}."
        details = self._details()
        with_details = f", with {_listed(details)}" if details else ""
        return f"{self._called()}, {size}, {self._on()}{with_details}."

    def _called(self) -> str:
        first, second = sorted(self.kind, key=lambda name: -self.kind[name])[:2]
        name = NAMES[first]
        if self.kind[first] < 2 * self.kind[second]:
            name = f"{name}, or perhaps {NAMES[second]}"
        return name[0].upper() + name[1:]

    def _ground(self) -> str:
        brightness, saturation = (
            self.figures["background brightness"],
            self.figures["background saturation"],
        )
        if brightness < 0.25:
            return "black" if brightness < 0.08 else "dark"
        if saturation > 0.25:
            return "coloured"
        return "white" if brightness > 0.97 else "light" if brightness > 0.8 else "grey"

    def _on(self) -> str:
        if self.figures["background share"] < 0.2:
            return "full of varied detail" if self.figures["flat"] < 0.4 else "of many colours"
        return f"on a {self._ground()} background"

    def _details(self) -> list[str]:
        f, likely = self.figures, self.likely
        rules = (
            (likely == "chart" and f["axes corner"] > 0.5, "straight axis lines"),
            (likely == "chart" and f["bars on a line"] > 0.4, "flat bars on a common line"),
            (likely == "chart" and f["disc"] > 0.3 and f["axes corner"] < 0.5, "a disc cut into coloured sectors"),
            (likely == "chart" and f["rows"] > 0.2, "short text labels"),
            (likely == "diagram" and f["oblique lines"] > 0.3, "slanting lines"),
            (likely == "diagram" and f["letters"] > 0.15, "a few letters and numbers"),
            (likely == "page" and f["rows"] > 0.7, "many rows of small text"),
            (likely == "page" and 0 < f["rows"] <= 0.7, "some rows of text"),
            (likely == "page" and f["level lines"] > 0.5, "ruled lines"),
            (likely in ("shapes", "photo", "scene") and f["objects"] > 0.5, self._objects()),
            (likely in ("shapes", "scene") and f["hues"] > 0.6, "many colours"),
            (likely in ("photo", "scene", "shapes") and f["rows"] > 0.75, "what may be text"),
        )
        return [words for applies, words in rules if applies]

    def _objects(self) -> str:
        how_many = "many" if self.figures["objects"] > 0.75 else "several"
        alike = " similar" if self.figures["object sizes alike"] > 0.65 else ""
        round_ones = " round" if self.figures["round objects"] > 0.6 else ""
        return f"{how_many}{alike}{round_ones} separate objects"


@dataclass(frozen=True, slots=True)
class _Weights:
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    bias: Mapping[str, float]
    weights: Mapping[str, tuple[float, ...]]


_cache: OrderedDict[str, Preview] = OrderedDict()
_lock = threading.Lock()


def preview(image: MaestroImage) -> Preview:
    """Glance at `image`; cached by its content.

    Raises:
        MissingExtraError: the extra `embedded` is not installed.
    """
    with _lock:
        if image.sha256 in _cache:
            _cache.move_to_end(image.sha256)
            return _cache[image.sha256]
    glance = _glance(image)
    with _lock:
        _cache[image.sha256] = glance
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return glance


def _glance(image: MaestroImage) -> Preview:
    try:
        from maestro_graph.embedded._look import look, small_copy
    except ImportError as error:
        raise MissingExtraError("the preview of pictures", "embedded", error.name or "cv2") from error
    figures = look(small_copy(image.rgb()))
    kind = _with_scene(_scores(tuple(figures.values())), max(image.width, image.height))
    return Preview(image.width, image.height, MappingProxyType(kind), MappingProxyType(figures))


@cache
def _weights() -> _Weights:
    read = json.loads(Path(__file__).with_name("preview.json").read_text(encoding="utf-8"))
    rows = {kind: tuple(row) for kind, row in read["weights"].items()}
    return _Weights(tuple(read["mean"]), tuple(read["scale"]), read["bias"], rows)


def _scores(values: tuple[float, ...]) -> dict[str, float]:
    """Softmax of the linear scores. Figures are kept within 4 deviations, so that none alone decides."""
    w = _weights()
    scaled = [max(-4.0, min(4.0, (v - m) / s)) for v, m, s in zip(values, w.mean, w.scale, strict=True)]
    raw = {kind: w.bias[kind] + sum(a * b for a, b in zip(row, scaled, strict=True)) for kind, row in w.weights.items()}
    top = max(raw.values())
    powers = {kind: math.exp(score - top) for kind, score in raw.items()}
    total = sum(powers.values())
    return {kind: power / total for kind, power in powers.items()}


def _with_scene(kind: dict[str, float], longest: int) -> dict[str, float]:
    """A photo or a drawing is a scene by its size alone: the share of both that goes over grows with it."""
    share = 1 / (1 + math.exp(-4 * math.log2(longest / LARGE_SIDE)))
    moved = {name: kind[name] * share for name in ("photo", "shapes")}
    return kind | {name: kind[name] - moved[name] for name in moved} | {"scene": sum(moved.values())}


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

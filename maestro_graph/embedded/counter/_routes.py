"""Routes of a map: which two labelled stations each coloured line connects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded._ocr_models import recognise
from maestro_graph.embedded.counter._ground import Ink, find_ink, noise_of
from maestro_graph.embedded.counter._scene import bridged
from maestro_graph.embedded.counter._strokes import tips
from maestro_graph.embedded.ocr import read_text
from maestro_graph.images import MaestroImage

__all__ = ["Network", "routes"]

Mask = NDArray[Any]
Point = tuple[float, float]
REACH = 0.42  # of the least distance between two stations: farther from every station no route ends
STRAIGHT = 1.2  # widths of another line that are bridged; a wider bridge would close the bends of a route
MOST_BLOBS = 40  # of one colour that are read
LEAST_LENGTH = 0.05  # of the picture's side: a shorter line is no route


@dataclass(frozen=True, slots=True)
class Network:
    """Stations by label, and the two stations of each route, in the order of the alphabet."""

    stations: dict[str, Point]
    pairs: tuple[tuple[str, str], ...]
    confidence: float

    def between(self, start: str, end: str) -> int:
        """How many routes connect two stations; refuses labels that were not found."""
        for label in (start, end):
            if label not in self.stations:
                raise refuse(f"no station {label!r} was found; there are {', '.join(sorted(self.stations)) or 'none'}")
        return self.pairs.count((min(start, end), max(start, end)))


def routes(pixels: NDArray[Any], image: MaestroImage, scale: float) -> Network:
    """Trace the coloured lines of a map between its labelled stations."""
    ink = find_ink(pixels, noise_of(pixels))
    stations = _stations(pixels, ink, image, scale)
    if len(stations) < 2:
        raise refuse(f"fewer than two labelled stations were found ({', '.join(stations) or 'none'})")
    places = list(stations.values())
    apart = min(np.hypot(a[0] - b[0], a[1] - b[1]) for i, a in enumerate(places) for b in places[:i])
    fore = ink.labels >= 0
    pairs: list[tuple[str, str]] = []
    lines = odd = 0
    for index in range(len(ink.colours)):
        for part in _lines_of(
            bridged(ink.labels == index, fore, slant=STRAIGHT), stations, scale * image.height * 0.02
        ):
            lines += 1
            ends = sorted((_nearest(tip, stations) for tip in tips(part)), key=lambda end: end[1])
            if len(ends) != 2:
                odd += 1
            if len(ends) >= 2 and ends[1][1] < REACH * apart and ends[0][0] != ends[1][0]:
                first, second = sorted((ends[0][0], ends[1][0]))
                pairs.append((first, second))
            else:
                odd += 1
    if not pairs:
        raise refuse("no coloured line from one station to another was found")
    return Network(stations, tuple(sorted(pairs)), max(0.3, 0.9 - 0.4 * odd / lines))


def _nearest(point: Point, stations: dict[str, Point]) -> tuple[str, float]:
    away = {label: float(np.hypot(point[0] - x, point[1] - y)) for label, (x, y) in stations.items()}
    label = min(away, key=lambda key: away[key])
    return label, away[label]


def _lines_of(own: Mask, stations: dict[str, Point], letter: float) -> list[Mask]:
    """The connected lines of one colour that are long enough for a route and no label."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=8)
    least = LEAST_LENGTH * max(own.shape)
    out = []
    for region in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[region])
        label = any(x - letter <= sx <= x + w + letter and y - letter <= sy <= y + h + letter
                    for sx, sy in stations.values()) and max(w, h) < 2 * least  # fmt: skip
        if max(w, h) >= least and not label:
            out.append(regions == region)
    return out


def _stations(pixels: NDArray[Any], ink: Ink, image: MaestroImage, scale: float) -> dict[str, Point]:
    """Labels of one letter (with a digit, at most) and their places in working pixels.

    The text detector overlooks letters that stand alone, so that blobs of a letter's size are read too. What has the
    colour of a line is no label: a bend of it may look like a letter.
    """
    lines = _line_colours(ink)
    found: dict[str, Point] = {}
    for box in read_text(image):
        text = box.text.strip().upper()
        left, top, right, bottom = (round(v * scale) for v in box.box)
        inside = ink.labels[max(0, top) : bottom + 1, max(0, left) : right + 1]
        inside = inside[inside >= 0]
        main = int(np.bincount(inside).argmax()) if inside.size else -1
        if _is_label(text) and box.score > 0.6 and main not in lines:
            found[text] = (box.center[0] * scale, box.center[1] * scale)
    crops, places = _blobs(pixels, ink, lines)
    for line, place in zip(recognise(crops) if crops else [], places, strict=True):
        text = line.text.strip().upper()
        if _is_label(text) and line.score > 0.5:
            found.setdefault(text, place)
    return found


def _line_colours(ink: Ink) -> set[int]:
    """Indices of the colours in which there is something long."""
    least = 3 * LEAST_LENGTH * max(ink.labels.shape)
    out = set()
    for index in range(len(ink.colours)):
        _, _, stats, _ = cv2.connectedComponentsWithStats((ink.labels == index).astype(np.uint8), connectivity=8)
        if (stats[1:, 2:4] > least).any():
            out.add(index)
    return out


def _is_label(text: str) -> bool:
    return 0 < len(text) <= 2 and text[0].isalpha() and text.isascii() and (len(text) == 1 or text[1].isdigit())


def _blobs(pixels: NDArray[Any], ink: Ink, lines: set[int]) -> tuple[list[NDArray[Any]], list[Point]]:
    """Cut-outs of what has the size of a letter, without the inks of other colours, and their middles."""
    height, width = ink.labels.shape
    ground = np.median(pixels[ink.labels < 0], axis=0)
    crops, places = [], []
    for index in set(range(len(ink.colours))) - lines:
        own = (ink.labels == index).astype(np.uint8)
        count, _, stats, centres = cv2.connectedComponentsWithStats(own, connectivity=8)
        for region in range(1, min(count, MOST_BLOBS)):
            x, y, w, h = (int(v) for v in stats[region, :4])
            if not (0.008 * height < h < 0.12 * height and 0.1 < w / h < 1.6):
                continue
            pad = max(3, h // 3)
            window = (slice(max(0, y - pad), min(height, y + h + pad)), slice(max(0, x - pad), min(width, x + w + pad)))
            alone = pixels[window].copy()
            alone[(ink.labels[window] >= 0) & (ink.labels[window] != index)] = ground
            crops.append(alone)
            places.append((float(centres[region][0]), float(centres[region][1])))
    return crops, places

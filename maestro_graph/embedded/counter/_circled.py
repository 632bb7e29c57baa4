"""Which letter of a word an oval surrounds.

The oval is found by its colour and taken out of the picture; the word is read without it; the glyph in the oval's
middle is looked up in the word by counting glyphs, and by where the recogniser saw each character.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded._ocr_models import ReadLine, recognise
from maestro_graph.embedded.colours import colour_distance, oklab
from maestro_graph.images import MaestroImage

__all__ = ["CircledLetter", "circled"]

Pixels = NDArray[Any]
Mask = NDArray[Any]
MAX_SIDE = 2000
CHROMA = 0.1  # OKLab chroma from which ink is coloured
SHARE = 0.25  # of the oval's chroma from which a pixel is tinted by it
SAME_HUE = 0.5  # radians
SAME_NAME = 0.12  # colour distance up to which an oval has the colour that is asked for
INK = 0.25  # OKLab distance from the background from which a pixel is writing
LINE = 56  # pixels: height of the word that is read
WORD_GAP = 0.55  # of the height of the writing: a wider gap ends the word


LOOK_ALIKE = {"1": "l", "|": "l", "0": "o", "5": "s"}  # what a recogniser takes letters for


@dataclass(frozen=True, slots=True)
class CircledLetter:
    """The letter, its place in its word (from 0), the oval's box in original pixels, how sure it is."""

    letter: str
    word: str
    index: int
    box: tuple[float, float, float, float]
    confidence: float


def circled(image: MaestroImage, colour: str | None) -> CircledLetter:
    """Find the letter in the oval of a picture; the oval has the colour that is named, if one is."""
    picture = image.rgb()
    scale = min(1.0, MAX_SIDE / max(picture.size))
    if scale < 1.0:
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    pixels = np.asarray(picture)
    mark, tinted = _oval(pixels, colour)
    x, y, w, h = cv2.boundingRect(mark.astype(np.uint8))
    clean = cv2.inpaint(pixels, cv2.dilate(tinted.astype(np.uint8), np.ones((3, 3), np.uint8)), 3, cv2.INPAINT_TELEA)
    spans, band = _glyphs(clean, (x, y, x + w, y + h))
    left, right = spans[0][0], spans[-1][1]
    line = _read(clean, (left, band[0], right, band[1]))
    middle = x + w / 2
    glyph = min(range(len(spans)), key=lambda i: abs(sum(spans[i]) / 2 - middle))
    index, sure = _character(line, spans, glyph, (middle - left) / max(1, right - left))
    box = (x / scale, y / scale, (x + w) / scale, (y + h) / scale)
    letter = LOOK_ALIKE.get(line.text[index], line.text[index]) if _wordly(line.text) else line.text[index]
    return CircledLetter(letter, line.text, index, box, sure)


def _wordly(text: str) -> bool:
    """Whether a text is a word, in which a digit is a misread letter."""
    return sum(c.isalpha() for c in text) >= max(3, 0.7 * len(text))


def _oval(pixels: Pixels, colour: str | None) -> tuple[Mask, Mask]:
    """The stroke of the oval, and all pixels that are tinted by it."""
    lab = oklab(pixels)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.arctan2(lab[..., 2], lab[..., 1])
    count, regions, stats, _ = cv2.connectedComponentsWithStats((chroma > CHROMA).astype(np.uint8), connectivity=8)
    best, most = None, 0.0
    for region in range(1, count):
        x, y, w, h = (int(v) for v in stats[region, :4])
        if min(w, h) < 5 or not 0.12 < w / h < 5:
            continue
        own = regions[y : y + h, x : x + w] == region
        around = _surrounded(own) / (w * h)
        rgb = np.median(pixels[y : y + h, x : x + w][own], axis=0)
        if around < 0.35 or (colour is not None and colour_distance(rgb, colour) > SAME_NAME):
            continue
        if around * w * h > most:
            best, most = region, around * w * h
    if best is None:
        raise refuse(f"no {colour + ' ' if colour else 'coloured '}oval around a letter was found")
    stroke = regions == best
    strongest = float(np.percentile(chroma[stroke], 80))
    turn = float(np.median(hue[stroke & (chroma >= strongest)]))
    away = np.abs(np.angle(np.exp(1j * (hue - turn))))
    near = cv2.dilate(stroke.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return stroke, stroke | (near & (chroma > SHARE * strongest) & (away < SAME_HUE))


def _surrounded(own: Mask) -> int:
    """Pixels that a stroke encloses."""
    outside = np.pad((~own).astype(np.uint8), 1, constant_values=1)
    _, regions = cv2.connectedComponents(outside, connectivity=4)
    return int(((regions > 0) & (regions != regions[0, 0])).sum())


def _glyphs(clean: Pixels, oval: tuple[int, int, int, int]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Horizontal spans of the glyphs of the word that the oval is on, and the rows of the word."""
    lab = oklab(clean)
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    ink = np.linalg.norm(lab - np.median(border, axis=0), axis=2) > INK
    left, top, right, bottom = oval
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    boxes = [tuple(int(v) for v in stats[i, :4]) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= 3]
    high = bottom - top
    row = [(x, y, x + w, y + h) for x, y, w, h in boxes if y < bottom and y + h > top and h < 2.0 * high]
    spans = _merged(sorted((x0, x1) for x0, _, x1, _ in row))
    middle = (left + right) / 2
    if not spans or not any(a - high < middle < b + high for a, b in spans):
        raise refuse("the oval is around nothing that looks like writing")
    heights = [y1 - y0 for _, y0, _, y1 in row]
    gap = WORD_GAP * float(np.percentile(heights, 75))
    centre = min(range(len(spans)), key=lambda i: abs(sum(spans[i]) / 2 - middle))
    first = last = centre
    while first > 0 and spans[first][0] - spans[first - 1][1] < gap:
        first -= 1
    while last + 1 < len(spans) and spans[last + 1][0] - spans[last][1] < gap:
        last += 1
    word = spans[first : last + 1]
    rows = [(y0, y1) for x0, y0, x1, y1 in row if x0 >= word[0][0] and x1 <= word[-1][1]]
    return word, (min(r[0] for r in rows), max(r[1] for r in rows))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of which one covers most of the other (the dot of an i) as one."""
    out: list[tuple[int, int]] = []
    for low, high in spans:
        if out and min(high, out[-1][1]) - low > 0.5 * min(high - low, out[-1][1] - out[-1][0]):
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return out


def _read(clean: Pixels, box: tuple[int, int, int, int]) -> ReadLine:
    """Read the word in a box; positions are shares of the box's width."""
    left, top, right, bottom = box
    margin = max(2, round(0.15 * (bottom - top)))
    height, width = clean.shape[:2]
    x0, y0 = max(0, left - margin), max(0, top - margin)
    crop = clean[y0 : min(height, bottom + margin), x0 : min(width, right + margin)]
    factor = LINE / crop.shape[0]
    way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    large = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=way)
    line = recognise([np.asarray(large, np.uint8)])[0]
    if not line.text.strip():
        raise refuse("the word with the oval cannot be read")
    at = tuple((share * crop.shape[1] + x0 - left) / max(1, right - left) for share in line.at)
    return ReadLine(line.text, line.score, at)


def _character(line: ReadLine, spans: list[tuple[int, int]], glyph: int, middle: float) -> tuple[int, float]:
    """Index of the circled character in the text that was read, and how sure it is."""
    seen = min(range(len(line.text)), key=lambda i: abs(line.at[i] - middle)) if line.at else None
    if len(spans) == len(line.text):
        return glyph, line.score * (0.95 if seen in (None, glyph) else 0.8)
    if seen is None:
        raise refuse(f"the oval's place in the word {line.text!r} is not clear")
    left, right = spans[0][0], spans[-1][1]
    centre = (sum(spans[glyph]) / 2 - left) / max(1, right - left)
    by_glyph = min(range(len(line.text)), key=lambda i: abs(line.at[i] - centre))
    return seen, line.score * (0.75 if by_glyph == seen else 0.6)  # neighbours that touch are one glyph

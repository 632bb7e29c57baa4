"""The lines of text as a chart needs them: rubbish out, tick marks off, neighbouring labels apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.chart._labels import RUBBISH, height_of
from maestro_graph.embedded.chart._numbers import parse_number
from maestro_graph.embedded.ocr import TextBox

__all__ = ["stand_up", "tidy_texts"]

_SHORT = 4  # letters
_LEAST_SCORE = 0.6
_INK = 70  # contrast to the page from which a pixel is ink
_GREY = 60  # span of its channels up to which ink is letters rather than a swatch
_NUMBER_GAP = 0.3  # numbers side by side are never one label
_GAP = 0.75  # a gap of this many text heights parts two labels; words of one label are a third as far apart


def tidy_texts(rgb: NDArray[np.uint8], boxes: tuple[TextBox, ...]) -> tuple[TextBox, ...]:
    """The texts of a chart, in pixels of `rgb`."""
    if not boxes:
        return ()
    side = min(rgb.shape[:2])
    usual = float(np.median([height_of(box) for box in boxes]))
    out: list[TextBox] = []
    for box in boxes:
        text = box.text.strip()
        if not any(c.isalnum() for c in text):
            continue
        if len(text) <= 2 and height_of(box) > max(3 * usual, 0.1 * side):
            continue  # a ring that looks like an O
        out.extend(_parted(rgb, _trimmed(box)))
    return tuple(out)


def stand_up(rgb: NDArray[np.uint8], boxes: tuple[TextBox, ...]) -> tuple[TextBox, ...]:
    """Short texts that were read as turned, read again upright: axis numbers stand upright beside turned labels."""
    from maestro_graph.embedded._ocr_models import recognise

    short = [k for k, b in enumerate(boxes) if b.turn and len(b.text.strip()) <= _SHORT and _is_squat(b)]
    crops = []
    for k in short:
        left, top, right, bottom = boxes[k].box
        crops.append(np.ascontiguousarray(rgb[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]))
    if not crops:
        return boxes
    out = list(boxes)
    for k, line in zip(short, recognise(crops), strict=True):
        if line.score >= _LEAST_SCORE and parse_number(line.text) is not None:
            out[k] = _part(
                replace(boxes[k], turn=0, score=line.score), line.text, *(boxes[k].box[i] for i in (0, 2, 1, 3))
            )
    return tuple(out)


def _is_squat(box: TextBox) -> bool:
    left, top, right, bottom = box.box
    (x0, y0), (x1, y1) = box.quad[0], box.quad[1]
    return (right - left) > 0.55 * (bottom - top) and abs(x1 - x0) < 0.2 * abs(y1 - y0) + 1


def _is_level(box: TextBox) -> bool:
    quad = box.quad
    wide = abs(quad[1][0] - quad[0][0])
    return wide > 0.8 * height_of(box) and abs(quad[1][1] - quad[0][1]) < 0.12 * wide + 1


def _trimmed(box: TextBox) -> TextBox:
    """Without tick marks and bar ends that were read as dashes and blocks at either end."""
    text = box.text.strip()
    before = len(text) - len(text.lstrip("■▪·•_| "))
    after = len(text) - len(text.rstrip(RUBBISH.replace("'", "")))
    if (before == 0 and after == 0) or not _is_level(box) or after + before >= len(text):
        return box
    left, top, right, bottom = box.box
    step = (right - left) / len(text)
    return _part(box, text[before : len(text) - after], left + before * step, right - after * step, top, bottom)


def _part(box: TextBox, text: str, left: float, right: float, top: float, bottom: float) -> TextBox:
    return TextBox(text, ((left, top), (right, top), (right, bottom), (left, bottom)), box.score)


def _parted(rgb: NDArray[np.uint8], box: TextBox) -> list[TextBox]:
    """A line that holds several labels, cut at its wide gaps."""
    words = box.text.split()
    if len(words) < 2 or not _is_level(box):
        return [box]
    left, top, right, bottom = (round(v) for v in box.box)
    patch = rgb[max(0, top) : bottom, max(0, left) : right].astype(int)
    if patch.size == 0:
        return [box]
    page = np.median(patch.reshape(-1, 3), axis=0)
    ink = (np.abs(patch - page).max(axis=2) > _INK) & (np.ptp(patch, axis=2) < _GREY)
    columns = np.flatnonzero(ink.sum(axis=0) > 0)
    tall = height_of(box)
    numbers = len(words) >= 2 and all(parse_number(word) is not None for word in words)
    least = (_NUMBER_GAP if numbers else _GAP) * tall
    cuts = [(int(a) + 1, int(b)) for a, b in pairwise(columns) if b - a > least]
    if numbers and len(cuts) != len(words) - 1:
        return [box]
    if len(columns) < 4 or not cuts or len(cuts) >= len(words):
        return [box]
    starts = [int(columns[0]), *(b for _, b in cuts)]
    ends = [*(a for a, _ in cuts), int(columns[-1]) + 1]
    texts = words if len(words) == len(starts) else _dealt(words, starts, ends)
    if any(not text for text in texts):
        return [box]
    left = max(0, left)
    return [
        _part(box, text, left + a - 1, left + b + 1, box.box[1], box.box[3])
        for text, a, b in zip(texts, starts, ends, strict=True)
    ]


def _dealt(words: list[str], starts: list[int], ends: list[int]) -> list[str]:
    """Words to pieces by the room that each piece has for letters."""
    ink = sum(b - a for a, b in zip(starts, ends, strict=True))
    letters = sum(len(word) for word in words) + len(words) - len(starts)
    per_letter = ink / max(1, letters)
    pieces: list[list[str]] = [[] for _ in starts]
    at = 0
    for k, word in enumerate(words):
        have = sum(len(w) + 1 for w in pieces[at])
        room = (ends[at] - starts[at]) / per_letter
        rest = len(words) - k
        if pieces[at] and at + 1 < len(pieces) and (have + len(word) / 2 > room or rest <= len(pieces) - at - 1):
            at += 1
        pieces[at].append(word)
    return [" ".join(piece) for piece in pieces]

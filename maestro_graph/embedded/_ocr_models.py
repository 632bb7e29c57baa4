"""The OCR networks: text detection and line recognition on plain ONNX Runtime sessions.

RapidOCR ships the weights (PP-OCR, Apache-2.0). They are run directly since the pipeline of `rapidocr` does not say
where in a line a character stands or which way a line was turned, its sessions are not meant to be shared between
threads, and a process reads its first page after 2.4 instead of 3.1 s of CPU time.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._cores import threads
from maestro_graph.errors import MissingExtraError

__all__ = ["ReadLine", "clockwise", "detect", "recognise", "upside_down"]

Pixels = NDArray[np.uint8]

LINE_HEIGHT = 48  # the recogniser's input height
MIN_LINE_WIDTH = 320
MAX_LINE_WIDTH = 3200  # longer lines are squeezed: memory grows with the width
BATCH = 6
PROBABILITY = 0.3  # of a pixel to be text
BOX_PROBABILITY = 0.5  # mean over a box
UNCLIP = 1.6  # the network marks shrunken lines; boxes grow by area x UNCLIP / perimeter
MAX_BOXES = 600


@dataclass(frozen=True, slots=True)
class ReadLine:
    """What the recogniser read in one crop. `at[i]` is where `text[i]` stands, 0 (left) to 1 (right)."""

    text: str
    score: float
    at: tuple[float, ...]


def _model_path(part: str) -> Path:
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        raise MissingExtraError("reading text from pictures", "embedded", "rapidocr")
    paths = sorted((Path(found.origin).parent / "models").glob(f"*_{part}_*.onnx"))
    if not paths:
        raise MissingExtraError("reading text from pictures", "embedded", f"rapidocr (its {part} model)")
    return paths[0]


@cache
def _session(part: str) -> Any:
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtraError("reading text from pictures", "embedded", "onnxruntime") from error
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads()
    options.enable_cpu_mem_arena = False  # an arena keeps the largest picture's memory for good
    return ort.InferenceSession(str(_model_path(part)), options, providers=["CPUExecutionProvider"])


@cache
def _alphabet() -> tuple[str, ...]:
    """Characters by class index: 0 is CTC's blank, the last one the space."""
    listed = _session("rec").get_modelmeta().custom_metadata_map["character"].splitlines()
    return ("", *listed, " ")


def _run(part: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    session = _session(part)
    result: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return result


def _normal(pixels: Pixels) -> NDArray[np.float32]:
    """RGB (H, W, 3) to BGR channels first in -1 to 1."""
    out: NDArray[np.float32] = pixels[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
    out /= 127.5
    out -= 1.0
    return out


def detect(pixels: Pixels, scale: float) -> list[NDArray[np.float32]]:
    """Quads (4, 2) of text lines, in pixels of the array, clockwise from the corner at the top left.

    Args:
        pixels: RGB (H, W, 3).
        scale: the picture is resized by this before detection.
    """
    import cv2

    height, width = pixels.shape[:2]
    size = tuple(max(32, round(side * scale / 32) * 32) for side in (width, height))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(pixels, size, interpolation=shrink), np.uint8)
    heat = _run("det", _normal(resized)[None])[0, 0]
    mask = cv2.dilate((heat > PROBABILITY).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]
    factor = np.array([width / size[0], height / size[1]], np.float32)
    quads = []
    for contour in contours[:MAX_BOXES]:
        quad = _box_of(contour, heat)
        if quad is not None:
            quads.append(np.clip(quad * factor, 0, [width, height]).astype(np.float32))
    return quads


def _box_of(contour: Any, heat: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The grown rotated rectangle around a contour, or None where it is too small or too unsure."""
    import cv2

    (cx, cy), (w, h), angle = cv2.minAreaRect(contour)
    if min(w, h) < 3:
        return None
    left, top, wide, high = cv2.boundingRect(contour)
    inside = np.zeros((high, wide), np.uint8)
    cv2.fillPoly(inside, [contour - np.array([left, top])], 1)
    if cv2.mean(heat[top : top + high, left : left + wide], inside)[0] < BOX_PROBABILITY:
        return None
    grow = w * h * UNCLIP / (2 * (w + h)) * 2
    corners = cv2.boxPoints(((cx, cy), (w + grow, h + grow), angle))
    return clockwise(np.asarray(corners, np.float32))


def clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners from top left, clockwise on the screen, so that the first edge is the one nearest to horizontal."""
    centre = corners.mean(axis=0)
    around = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    ordered = corners[np.argsort(around)]
    starts = [(abs(math.atan2(*(ordered[(i + 1) % 4] - ordered[i])[::-1])), i) for i in range(4)]
    first = min(starts)[1]
    return np.asarray(np.roll(ordered, -first, axis=0), np.float32)


def _line_batch(crops: Sequence[Pixels], height: int, width: int) -> tuple[NDArray[np.float32], list[int]]:
    import cv2

    batch = np.zeros((len(crops), 3, height, width), np.float32)
    widths = []
    for row, crop in zip(batch, crops, strict=True):
        wide = min(width, max(1, math.ceil(crop.shape[1] * height / crop.shape[0])))
        row[:, :, :wide] = _normal(np.asarray(cv2.resize(crop, (wide, height)), np.uint8))
        widths.append(wide)
    return batch, widths


def recognise(crops: Sequence[Pixels]) -> list[ReadLine]:
    """Read upright line crops (RGB). The result is in the order of the crops."""
    order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1] / crops[i].shape[0])
    lines: list[ReadLine] = [ReadLine("", 0.0, ())] * len(crops)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        ratio = max(crops[i].shape[1] / crops[i].shape[0] for i in chosen)
        width = min(MAX_LINE_WIDTH, max(MIN_LINE_WIDTH, math.ceil(LINE_HEIGHT * ratio)))
        batch, widths = _line_batch([crops[i] for i in chosen], LINE_HEIGHT, width)
        for index, wide, classes in zip(chosen, widths, _run("rec", batch), strict=True):
            lines[index] = _decode(classes, wide / width)
    return lines


def _decode(classes: NDArray[np.float32], used: float) -> ReadLine:
    """Greedy CTC. `used` is the share of the columns that the crop fills; the rest is padding."""
    best = classes.argmax(axis=1)
    new = best != 0
    new[1:] &= best[1:] != best[:-1]
    columns = np.flatnonzero(new)
    if not columns.size:
        return ReadLine("", 0.0, ())
    alphabet = _alphabet()
    chars = [alphabet[best[c]] for c in columns]
    at = [min(1.0, (c + 0.5) / (len(best) * used)) for c in columns]
    return ReadLine("".join(chars), float(classes[columns, best[columns]].mean()), tuple(at))


def upside_down(crops: Sequence[Pixels]) -> list[float]:
    """Probability that each line crop stands on its head."""
    if not crops:
        return []
    batch, _ = _line_batch(crops, 48, 192)
    return [float(p[1]) for p in _run("cls", batch)]

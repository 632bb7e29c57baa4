"""Boards without rules: fields of two tones in turn, as on a chessboard."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["checkered"]

SIDE = 600  # of the copy that is looked at
STEP = 40  # grey levels of an edge between two fields
ALONG = 0.55  # share of a board's length that an edge between its fields runs along
LEAST_EDGES = 2
UNEVEN = 0.15  # of a field: how far edges may be from even distances


def checkered(pixels: NDArray[Any]) -> tuple[int, int] | None:
    """Rows and columns of a board whose neighbouring fields differ in tone; `None` where there is none.

    An edge between two rows of a board runs all along it, changing its sign from field to field; the outer border
    shows only where dark fields lie on it, so that the number of fields comes from their size and the board's.
    """
    gray: NDArray[Any] = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    scale = min(1.0, SIDE / max(gray.shape))
    gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = _fields(np.diff(gray, axis=0), axis=1), _fields(np.diff(gray, axis=1), axis=0)
    return None if rows is None or columns is None else (rows, columns)


def _fields(steps: NDArray[Any], axis: int) -> int | None:
    """Fields across the edges that run along an axis."""
    strong = np.abs(steps) > STEP
    span = np.flatnonzero(strong.any(axis=1 - axis))
    if len(span) < 2:
        return None
    board = np.take(steps, range(span[0], span[-1] + 1), axis=axis)
    thick = cv2.dilate((np.abs(board) > STEP).astype(np.uint8), np.ones((3, 1) if axis == 1 else (1, 3), np.uint8))
    up, down = (board > STEP).mean(axis=axis), (board < -STEP).mean(axis=axis)
    both = np.minimum(_wide(up), _wide(down)) > 0.25 * ALONG  # a rule or a shape's side goes one way only
    on = (thick.mean(axis=axis) > ALONG) & both
    edges = _middles(on)
    if len(edges) < LEAST_EDGES:
        return None
    gaps = np.diff(edges)
    field = float(np.median(gaps))
    if field < 4 or float(np.abs(gaps - field).max()) > UNEVEN * field + 1.5:
        return None
    across = np.flatnonzero((np.abs(steps) > STEP).any(axis=axis))
    low, high = min(across[0], edges[0]), max(across[-1], edges[-1])
    # A board that fills the picture has no outer border.
    low = 0 if edges[0] - low < 0.5 * field and edges[0] < 1.3 * field else low
    length = steps.shape[1 - axis]
    high = length if high - edges[-1] < 0.5 * field and length - edges[-1] < 1.3 * field else high
    before, after = round(float(edges[0] - low) / field), round(float(high - edges[-1]) / field)
    return len(edges) - 1 + max(0, before) + max(0, after)


def _wide(share: NDArray[Any]) -> NDArray[Any]:
    """Each share with those of its neighbours: a blurred edge spreads over three pixels."""
    padded = np.pad(share, 1)
    return np.asarray(np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:]))


def _middles(on: NDArray[Any]) -> NDArray[Any]:
    bounded = np.concatenate([[False], on, [False]])
    starts, ends = np.flatnonzero(bounded[1:] & ~bounded[:-1]), np.flatnonzero(~bounded[1:] & bounded[:-1])
    return np.asarray((starts + ends - 1) / 2)

"""Which text is what: category labels, axis titles, the title of the chart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maestro_graph.embedded.ocr import TextBox

RUBBISH = " \t-–—_|■▪·•'`"


def clean_name(text: str) -> str:
    """A label without the tick marks that the text finder took for letters."""
    return text.strip().strip(RUBBISH) or text.strip()


__all__ = ["RUBBISH", "Label", "assign_labels", "clean_name", "height_of", "is_upright", "label_row", "merge_lines"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text along an axis: what it says, and the pixels along the axis where its tick may be."""

    text: str
    anchors: tuple[float, float, float]
    box: tuple[float, float, float, float]
    score: float


def height_of(box: TextBox) -> float:
    """Height of a line of text, however it is turned."""
    quad = np.array(box.quad)
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return float(max(4.0, min((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2)))


def is_upright(box: TextBox) -> bool:
    """Whether a text of several letters runs up or down."""
    left, top, right, bottom = box.box
    return (bottom - top) > 1.4 * (right - left) and len(box.text.strip()) >= 2


def label_row(
    boxes: list[TextBox], edge: float, *, below: bool, span: tuple[float, float], reach: float
) -> list[TextBox]:
    """The texts that begin nearest to the plot's edge, in one row (or, for `below=False`, one column at its left).

    Args:
        edge: pixel of the plot's lower (or left) edge.
        span: where the plot begins and ends along the axis; texts may stick out by a little.
        reach: how far from the edge labels may begin, in pixels.
    """
    slack = 0.06 * (span[1] - span[0]) + 12
    candidates = []
    for box in boxes:
        left, top, right, bottom = box.box
        gap = top - edge if below else edge - right
        low, high = (left, right) if below else (top, bottom)
        tall = height_of(box)
        inside = (
            span[0] - slack - (right - left if below else 0)
            <= (low + high) / 2
            <= span[1] + slack + (right - left if below else 0)
        )
        if -0.8 * tall <= gap <= reach and inside:
            candidates.append((gap, box))
    if not candidates:
        return []
    candidates.sort(key=lambda item: item[0])
    heights = float(np.median([height_of(box) for _, box in candidates]))
    best: list[TextBox] = []
    for start, (first, _) in enumerate(candidates[:6]):
        row = [box for gap, box in candidates[start:] if gap - first <= (0.75 if below else 1.0) * heights]
        if len(row) > len(best) * 1.5:
            best = row
        if len(best) >= 3:
            break
    return best


def merge_lines(row: list[TextBox], others: list[TextBox], *, below: bool) -> list[Label]:
    """Labels of several lines put together: texts right under (or over) one of the row, centred on it."""
    labels = []
    used: set[int] = {id(box) for box in row}
    for box in row:
        text, bounds, score = box.text.strip(), list(box.box), box.score
        if below and not is_upright(box) and abs(box.quad[0][1] - box.quad[1][1]) < 0.3 * height_of(box) + 2:
            grown = True
            while grown:
                grown = False
                for other in others:
                    gap = other.box[1] - bounds[3]
                    centred = abs(other.center[0] - (bounds[0] + bounds[2]) / 2) < 0.35 * height_of(box) + 2
                    if id(other) not in used and centred and -3 <= gap < 0.45 * height_of(box):
                        text += " " + other.text.strip()
                        bounds = [min(bounds[0], other.box[0]), bounds[1], max(bounds[2], other.box[2]), other.box[3]]
                        used.add(id(other))
                        grown = True
        labels.append(_label(box, clean_name(text), (bounds[0], bounds[1], bounds[2], bounds[3]), score, below=below))
    labels.sort(key=lambda label: label.anchors[1])
    return labels


def _label(box: TextBox, text: str, bounds: tuple[float, float, float, float], score: float, *, below: bool) -> Label:
    if not below:
        middle = (bounds[1] + bounds[3]) / 2
        return Label(text, (middle, middle, middle), bounds, score)
    quad = np.array(box.quad)
    middle = (bounds[0] + bounds[2]) / 2
    start, end = quad[[0, 3]].mean(axis=0), quad[[1, 2]].mean(axis=0)
    slanted = abs(end[1] - start[1]) > 0.25 * abs(end[0] - start[0]) and not is_upright(box)
    if not slanted or is_upright(box):
        return Label(text, (middle, middle, middle), bounds, score)
    top_end = start if start[1] < end[1] else end
    other = end if start[1] < end[1] else start
    half = height_of(box) / 2 * np.sign(other[0] - top_end[0])
    return Label(text, (float(top_end[0]), middle, float(top_end[0] + half * 0.5)), bounds, score)


def assign_labels(labels: list[Label], middles: list[float]) -> list[Label | None]:
    """One label for each place: by the kind of anchor (end, middle) that fits best, each label used once."""
    if not labels or not middles:
        return [None] * len(middles)
    pitch = float(np.median(np.diff(sorted(middles)))) if len(middles) > 1 else float("inf")
    best: list[Label | None] = [None] * len(middles)
    score: tuple[int, float] = (0, 0.0)
    for kind in range(3):
        placed: list[Label | None] = [None] * len(middles)
        total, miss = 0, 0.0
        pairs = sorted(
            (abs(label.anchors[kind] - middle), j, i)
            for i, label in enumerate(labels)
            for j, middle in enumerate(middles)
        )
        used: set[int] = set()
        for far, j, i in pairs:
            if far > 0.55 * pitch or placed[j] is not None or i in used:
                continue
            placed[j] = labels[i]
            used.add(i)
            total += 1
            miss += far
        if (total, -miss) > (score[0], -score[1]) or score[0] == 0:
            best, score = placed, (total, miss)
    return best

"""Text of a picture with its boxes, behind one cached function.

Every expert that needs text calls `read_text`; one picture is read once in a process, however many experts and
concurrent runs ask.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded._cores import cores
from maestro_graph.embedded._ocr_models import ReadLine, clockwise, detect, recognise, upside_down
from maestro_graph.images import MaestroImage

__all__ = ["TextBox", "ocr_array", "read_text"]

Pixels = NDArray[np.uint8]
Quad32 = NDArray[np.float32]
Quad = tuple[tuple[float, float], ...]

CACHE_SIZE = 64
MAX_SIDE = 2000  # of what the detector sees; lines are cut from the picture at its full size
SMALL_SIDE = 736  # smaller pictures are enlarged until their shorter side has this
MAX_ENLARGED = 1600
MAX_ENLARGEMENT = 4.0
MIN_SCORE = 0.5  # lines read with less are noise
GOOD_SCORE = 0.8
SMALLEST = 5  # pixels: no writing is lower
TALL = 1.5  # height over width from which a box may be turned text
SHORT = 3  # characters
SURE_GAIN = 0.2  # of score a line, from which short lines are turned: 90 is 06 on its head
SAMPLE = 3  # lines that are read both ways to find which way a page is turned
MARGIN = 12  # of the frame laid around a picture: text that touches the border is not detected


@dataclass(frozen=True, slots=True)
class TextBox:
    """One line of text.

    Attributes:
        text: what is written.
        quad: four corners (x, y) in pixels of the original picture, clockwise from the text's top left.
        score: recognition confidence, 0 to 1.
        turn: degrees by which the text is turned clockwise against upright: 0, 90, 180 or 270.
        at: position of every character of `text` along the line, 0 (start) to 1 (end); may be empty.
    """

    text: str
    quad: Quad
    score: float
    turn: int = 0
    at: tuple[float, ...] = ()

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Axis-aligned bounds (left, top, right, bottom)."""
        xs, ys = [p[0] for p in self.quad], [p[1] for p in self.quad]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def center(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


_cache: OrderedDict[str, Future[tuple[TextBox, ...]]] = OrderedDict()
_lock = threading.Lock()
# Detection of one large picture takes some 400 MB: no more at once than cores can work on.
_slots = threading.BoundedSemaphore(max(1, min(4, cores() // 2)))


def read_text(image: MaestroImage) -> tuple[TextBox, ...]:
    """All lines of text in the picture, in the detector's order; cached by content hash.

    Concurrent calls for one picture share one reading.
    """
    with _lock:
        future = _cache.get(image.sha256)
        mine = future is None
        if future is None:
            future = _cache[image.sha256] = Future()
            while len(_cache) > CACHE_SIZE:
                _cache.popitem(last=False)
        else:
            _cache.move_to_end(image.sha256)
    if mine:
        try:
            future.set_result(_read(np.asarray(image.rgb())))
        except BaseException as error:
            with _lock:
                _cache.pop(image.sha256, None)
            future.set_exception(error)
            raise
    return future.result()


def ocr_array(pixels: Pixels) -> tuple[TextBox, ...]:
    """Read an RGB array (H, W, 3), uncached: for crops and rotated copies."""
    with _slots:
        return _one_pass(pixels)


def _read(pixels: Pixels) -> tuple[TextBox, ...]:
    """One pass, and a second one on an enhanced copy where the first one found little that it is sure of."""
    with _slots:
        boxes = _one_pass(pixels)
        if _weight(boxes) < GOOD_SCORE and _flat(pixels):
            again = _one_pass(_enhanced(pixels))
            boxes = max(boxes, again, key=lambda found: sum((b.score - 0.5) * len(b.text) for b in found))
    return boxes


def _weight(boxes: Sequence[TextBox]) -> float:
    letters = sum(len(b.text) for b in boxes)
    return sum(b.score * len(b.text) for b in boxes) / letters if letters else 0.0


def _flat(pixels: Pixels) -> bool:
    """Whether the picture has little contrast, so that stretching may help."""
    sample = pixels[:: max(1, pixels.shape[0] // 400), :: max(1, pixels.shape[1] // 400)]
    low, high = np.percentile(sample, (1, 99))
    return bool(2 < high - low < 140)


def _enhanced(pixels: Pixels) -> Pixels:
    import cv2

    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    light = lab[:, :, 0]
    low, high = np.percentile(light, (0.5, 99.5))
    stretched = np.clip((light.astype(np.float32) - low) * 255 / max(1.0, high - low), 0, 255).astype(np.uint8)
    stretched = cv2.medianBlur(stretched, 3)
    return np.repeat(stretched[:, :, None], 3, axis=2)


def _scale(height: int, width: int) -> float:
    longest, shortest = max(height, width), min(height, width)
    if longest > MAX_SIDE:
        return MAX_SIDE / longest
    if shortest >= SMALL_SIDE:
        return 1.0
    return max(1.0, min(SMALL_SIDE / shortest, MAX_ENLARGED / longest, MAX_ENLARGEMENT))


def _one_pass(pixels: Pixels) -> tuple[TextBox, ...]:
    import cv2

    if min(pixels.shape[:2]) < SMALLEST:
        return ()
    framed: Pixels = np.asarray(
        cv2.copyMakeBorder(pixels, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=_border_colour(pixels)),
        np.uint8,
    )
    quads = detect(framed, _scale(*framed.shape[:2]))
    tall = [q for q in quads if _ratio(q) >= TALL]
    wide = _joined([q for q in quads if _ratio(q) < TALL])
    height, width = pixels.shape[:2]
    read = [*zip(_read_wide(framed, wide), wide, strict=True), *zip(_read_tall(framed, tall), tall, strict=True)]
    out = []
    for box in _alike_turned(framed, read):
        if box.score >= MIN_SCORE and box.text.strip():
            quad = tuple((min(max(x - MARGIN, 0.0), width), min(max(y - MARGIN, 0.0), height)) for x, y in box.quad)
            out.append(replace(box, quad=quad))
    return tuple(sorted(out, key=lambda b: (b.box[1], b.box[0])))


def _alike_turned(pixels: Pixels, read: list[tuple[TextBox, Quad32]]) -> list[TextBox]:
    """Read the shortest texts again the way most of the page runs: a single digit does not show which way is up."""
    letters = {turn: sum(len(b.text) for b, _ in read if b.turn == turn) for turn in (0, 90, 180, 270)}
    main = max(letters, key=lambda turn: letters[turn])
    out = []
    for box, quad in read:
        if box.turn != main and len(box.text) <= SHORT and 1 / 3 < _ratio(quad) < 3:
            line = recognise([np.rot90(_crop(pixels, quad), main // 90)])[0]
            if line.text.strip() and line.score >= max(0.7, box.score - 0.15):
                box = _box(line, quad, main)
        out.append(box)
    return out


def _joined(quads: list[Quad32]) -> list[Quad32]:
    """Put the halves of a line together that the detector cut in two: same height and level, ends overlapping."""
    import cv2

    out: list[Quad32] = []
    for quad in sorted(quads, key=lambda q: float(q[0, 0])):
        for index, other in enumerate(out):
            if _overlap(other, quad):
                corners = cv2.boxPoints(cv2.minAreaRect(np.concatenate([other, quad])))
                out[index] = clockwise(np.asarray(corners, np.float32))
                break
        else:
            out.append(quad)
    return out


def _overlap(a: Quad32, b: Quad32) -> bool:
    """Whether `b` begins within the end of `a` on the same line."""
    along = a[1] - a[0]
    run = float(np.linalg.norm(along))
    high_a, high_b = float(np.linalg.norm(a[3] - a[0])), float(np.linalg.norm(b[3] - b[0]))
    if run < 1 or max(high_a, high_b) > 1.35 * min(high_a, high_b):
        return False
    along = along / run
    end, start = (a[1] + a[2]) / 2, (b[0] + b[3]) / 2
    ahead = float((end - start) @ along)
    off = abs(float(along[0] * (end - start)[1] - along[1] * (end - start)[0]))
    return 0.3 * high_a < ahead < 1.5 * high_a and off < 0.25 * high_a


def _border_colour(pixels: Pixels) -> tuple[int, int, int]:
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(edge, axis=0)
    return int(red), int(green), int(blue)


def _ratio(quad: Quad32) -> float:
    wide = float(np.linalg.norm(quad[1] - quad[0]))
    return float(np.linalg.norm(quad[3] - quad[0])) / max(1.0, wide)


def _crop(pixels: Pixels, quad: Quad32) -> Pixels:
    """The quad's content, its first corner at the top left."""
    import cv2

    wide = max(1, round(float(np.linalg.norm(quad[1] - quad[0]))))
    high = max(1, round(float(np.linalg.norm(quad[3] - quad[0]))))
    target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    crop = cv2.warpPerspective(pixels, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def _box(line: ReadLine, quad: Quad32, turn: int) -> TextBox:
    """The box of a line that was read after turning it back by `turn` degrees."""
    corners = np.roll(quad, -(turn // 90), axis=0)
    return TextBox(line.text, tuple((float(x), float(y)) for x, y in corners), line.score, turn, line.at)


def _read_wide(pixels: Pixels, quads: list[Quad32]) -> list[TextBox]:
    """Lines that run from left to right, or all of them from right to left on a page that is upside down."""
    crops = [_crop(pixels, q) for q in quads]
    turn = 180 if _stand_on_their_heads(crops) else 0
    lines = recognise([np.rot90(c, turn // 90) for c in crops])
    return [_box(line, quad, turn) for line, quad in zip(lines, quads, strict=True)]


def _stand_on_their_heads(crops: list[Pixels]) -> bool:
    """A vote of the longest lines, confirmed by reading them both ways: single short lines mislead."""
    longest = sorted(crops, key=lambda c: c.shape[1] / c.shape[0], reverse=True)[:6]
    votes = upside_down(longest)
    if not votes or sum(v > 0.5 for v in votes) * 2 < len(votes):
        return False
    sample = longest[:3]
    upright, turned = recognise(sample), recognise([np.rot90(c, 2) for c in sample])
    gain = sum(line.score for line in turned) - sum(line.score for line in upright)
    few = sum(len(line.text.strip()) for line in upright) <= SHORT * len(sample)
    return gain > (SURE_GAIN * len(sample) if few else 0.0)


def _read_tall(pixels: Pixels, quads: list[Quad32]) -> list[TextBox]:
    """Lines that run down or up, single tall characters, and letters stacked in a column: the best reading."""
    crops = [_crop(pixels, q) for q in quads]
    longest = sorted(range(len(quads)), key=lambda i: -_ratio(quads[i]))
    out: dict[int, TextBox] = {}
    for index in longest[:SAMPLE]:
        out[index] = _best_turn(crops[index], quads[index], (0, 90, 270))
    turns = {box.turn for box in out.values()}
    if len(turns) == 1:  # a turned page: its other lines run the same way
        turn = turns.pop()
        lines = recognise([np.rot90(crops[i], turn // 90) for i in longest[SAMPLE:]])
        for index, line in zip(longest[SAMPLE:], lines, strict=True):
            if line.score >= GOOD_SCORE:
                out[index] = _box(line, quads[index], turn)
    for index in longest:
        if index not in out:
            out[index] = _best_turn(crops[index], quads[index], (0, 90, 270))
    return [out[i] for i in range(len(quads))]


def _best_turn(crop: Pixels, quad: Quad32, turns: tuple[int, ...]) -> TextBox:
    lines = recognise([np.rot90(crop, turn // 90) for turn in turns])
    readings = dict(zip(turns, lines, strict=True))
    if _ratio(quad) > 2 * TALL and max(line.score for line in lines) < GOOD_SCORE:
        readings[0] = _stacked(crop)
    turn, line = max(readings.items(), key=lambda r: (r[1].score - MIN_SCORE) * max(1, len(r[1].text)) ** 0.5)
    return _box(line, quad, turn)


def _stacked(crop: Pixels) -> ReadLine:
    """Read letters that stand one above the other."""
    import cv2

    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if ink.mean() > 0.5:
        ink = 1 - ink
    rows = np.flatnonzero(np.diff(np.concatenate([[0], ink.any(axis=1).astype(np.int8), [0]])))
    spans = [(int(a), int(b)) for a, b in zip(rows[::2], rows[1::2], strict=True) if b - a > crop.shape[1] / 4]
    if not 2 <= len(spans) <= 40:
        return ReadLine("", 0.0, ())
    pad = max(2, crop.shape[1] // 8)
    letters = recognise([crop[max(0, a - pad) : b + pad] for a, b in spans])
    if any(len(letter.text) != 1 for letter in letters):
        return ReadLine("", 0.0, ())
    text = "".join(letter.text for letter in letters)
    return ReadLine(text, sum(letter.score for letter in letters) / len(letters), ())

"""From text boxes to a page: upright cells, rows across the page, and lines in reading order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median

from maestro_graph.embedded.ocr import TextBox

__all__ = ["Cell", "Page", "Row", "lay_out"]

COLUMN_GAP = 1.8  # a gap within a line, in line heights, from which it separates two columns
ROW_SLACK = 0.5  # vertical distance of neighbours in a row, in line heights
PROSE = 14  # characters: columns of text have at least as many a line, columns of tables usually have not
PARAGRAPH_GAP = 0.9  # of white between lines, in line heights, from which a paragraph ends

LEADERS = re.compile(r"\s*(?:[.·•…_]{3,}|(?:\s[.·•_]){3,}|-{3,}|={3,})\s*")


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of text with no wide gap in it. Lengths in pixels, in the upright, straightened page.

    Attributes:
        source: index of the text box that it was cut from.
        slope: of the baseline, from the box's edges.
    """

    text: str
    left: float
    right: float
    middle: float
    height: float
    score: float
    source: int
    slope: float = 0.0

    @property
    def top(self) -> float:
        return self.middle - self.height / 2

    @property
    def bottom(self) -> float:
        return self.middle + self.height / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    def above(self, other: Cell) -> bool:
        """Whether the two overlap horizontally and `other` is lower."""
        return (
            other.middle - self.middle > 0.6 * min(self.height, other.height)
            and min(self.right, other.right) - max(self.left, other.left) > 0
        )


@dataclass(frozen=True)
class Row:
    """Cells side by side, from left to right."""

    cells: tuple[Cell, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @cached_property
    def top(self) -> float:
        return min(cell.top for cell in self.cells)

    @cached_property
    def bottom(self) -> float:
        return max(cell.bottom for cell in self.cells)

    @cached_property
    def height(self) -> float:
        return max(cell.height for cell in self.cells)

    @cached_property
    def size(self) -> float:
        """Of the letters: boxes are loose in height, so that the letters' pitch counts as much."""
        longest = max(self.cells, key=lambda cell: len(cell.text))
        pitch = (longest.right - longest.left) / max(1, len(longest.text))
        return math.sqrt(longest.height * 2 * pitch)

    @cached_property
    def middle(self) -> float:
        return sum(cell.middle for cell in self.cells) / len(self.cells)

    @cached_property
    def score(self) -> float:
        letters = sum(len(cell.text) for cell in self.cells)
        return sum(cell.score * len(cell.text) for cell in self.cells) / max(1, letters)


@dataclass(frozen=True)
class Page:
    """One picture's text.

    Attributes:
        boxes: as they were read.
        rows: over the whole width, from the top down (what a table or a receipt needs).
        lines: in reading order, column after column (what prose needs).
        width, height: of the picture, in the page's frame.
    """

    boxes: tuple[TextBox, ...]
    rows: tuple[Row, ...]
    lines: tuple[Row, ...]
    width: float
    height: float

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for row in self.rows for cell in row.cells)

    @cached_property
    def line_height(self) -> float:
        return median([cell.height for cell in self.cells]) if self.cells else 1.0

    @cached_property
    def paragraphs(self) -> tuple[tuple[Row, ...], ...]:
        """Lines in reading order, grouped where they follow each other closely in the same size."""
        groups: list[list[Row]] = []
        pitches = [b.middle - a.middle for a, b in pairwise(self.lines) if _continues(a, b)]
        usual = median(pitches) if pitches else 0.0
        for line in self.lines:
            last = groups[-1][-1] if groups else None
            if last is not None and _continues(last, line) and line.middle - last.middle < 1.25 * usual:
                groups[-1].append(line)
            else:
                groups.append([line])
        return tuple(tuple(group) for group in groups)

    @cached_property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def row_of(self, cell: Cell) -> Row:
        return next(row for row in self.rows if cell in row.cells)


def _continues(last: Row, line: Row) -> bool:
    size = min(last.height, line.height)
    gap = line.top - last.bottom
    alike = max(last.height, line.height) < 1.6 * size
    return alike and -size < gap < PARAGRAPH_GAP * size and line.cells[0].left < last.cells[-1].right


def lay_out(boxes: Sequence[TextBox], width: int, height: int) -> Page:
    """The page of one picture's text boxes; `width` and `height` are the picture's, in pixels."""
    turn = _dominant_turn(boxes)
    frame = _Frame.of([b for b in boxes if b.turn == turn], turn, width, height)
    main: list[Cell] = []
    other: list[Cell] = []
    for index, box in enumerate(boxes):
        target = main if box.turn == turn else other
        target.extend(_split(frame.cell(box, index), box.at))
    rows = _rows(main)
    lines = [line for block in _blocks(main) for line in _rows(block)]
    sideways = [Row((cell,)) for cell in sorted(other, key=lambda c: (c.left, c.top))]
    wide, high = (width, height) if turn in (0, 180) else (height, width)
    return Page(tuple(boxes), (*rows, *sideways), (*lines, *sideways), wide, high)


def _dominant_turn(boxes: Sequence[TextBox]) -> int:
    letters: dict[int, int] = {0: 0}
    for box in boxes:
        letters[box.turn] = letters.get(box.turn, 0) + len(box.text)
    return max(letters, key=lambda turn: letters[turn])


@dataclass(frozen=True, slots=True)
class _Frame:
    """Turns picture coordinates so that most lines are level and upright."""

    turn: int
    skew: float
    width: int
    height: int

    @classmethod
    def of(cls, boxes: Sequence[TextBox], turn: int, width: int, height: int) -> _Frame:
        flat = cls(turn, 0.0, width, height)
        angles = []
        for box in boxes:
            start, end, tall = flat.baseline(box)
            run = math.dist(start, end)
            if run > 3 * tall:
                angles.append((math.atan2(end[1] - start[1], end[0] - start[0]), run))
        return cls(turn, _weighted_median(angles), width, height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        if self.turn == 90:
            x, y = y, self.width - x
        elif self.turn == 180:
            x, y = self.width - x, self.height - y
        elif self.turn == 270:
            x, y = self.height - y, x
        cos, sin = math.cos(-self.skew), math.sin(-self.skew)
        return x * cos - y * sin, x * sin + y * cos

    def baseline(self, box: TextBox) -> tuple[tuple[float, float], tuple[float, float], float]:
        """Middle of the line's start, middle of its end, and its height."""
        a, b, c, d = (self.point(x, y) for x, y in box.quad)
        start = ((a[0] + d[0]) / 2, (a[1] + d[1]) / 2)
        end = ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2)
        return start, end, max(1.0, (math.dist(a, d) + math.dist(b, c)) / 2)

    def cell(self, box: TextBox, index: int) -> Cell:
        start, end, tall = self.baseline(box)
        run = end[0] - start[0]
        slope = (end[1] - start[1]) / run if run > 5 * tall else 0.0
        left, right = min(start[0], end[0]), max(start[0], end[0])
        return Cell(_letters(box.text.strip()), left, right, (start[1] + end[1]) / 2, tall, box.score, index, slope)


def _letters(text: str) -> str:
    """A nought among letters only is an O."""
    return re.sub(
        r"(?<![\w])0(?=[a-z]{2,}\b)|(?<=[A-Z])0(?=[A-Z]{2,}\b)|(?<=\b[A-Z]{2})0(?=[A-Z]\b)",
        "O",
        text,
    )


def _weighted_median(values: list[tuple[float, float]]) -> float:
    half = sum(weight for _, weight in values) / 2
    for value, weight in sorted(values):
        half -= weight
        if half <= 0:
            return value
    return 0.0


def _split(cell: Cell, at: tuple[float, ...]) -> Iterable[Cell]:
    """Cut a line at wide gaps and leaders, and put back the spaces that narrower gaps stand for."""
    if not at or len(at) < len(cell.text):
        yield cell
        return
    width = cell.right - cell.left
    chars = list(zip(cell.text, at, strict=False))
    cuts = _cuts(chars, width / cell.height)
    for start, end in zip([0, *cuts], [*cuts, len(chars)], strict=True):
        part = chars[start:end]
        yield from _without_leaders(cell, _spaced(part, width / cell.height), part, width)


def _cuts(chars: list[tuple[str, float]], heights: float) -> list[int]:
    cuts = []
    solid = [i for i, (char, _) in enumerate(chars) if not char.isspace()]
    for a, b in pairwise(solid):
        if (chars[b][1] - chars[a][1]) * heights > COLUMN_GAP + 0.5:
            cuts.append(b)
    return cuts


def _spaced(chars: list[tuple[str, float]], heights: float) -> str:
    """The text with a space wherever two characters stand twice as far apart as usual."""
    pitches = [(b[1] - a[1]) * heights for a, b in pairwise(chars) if not a[0].isspace() and not b[0].isspace()]
    if len(pitches) < 4:
        return "".join(char for char, _ in chars).strip()
    usual = median(pitches)
    out = [chars[0][0]]
    for (last, x), (char, y) in pairwise(chars):
        gap = (y - x) * heights
        joint = (char.isupper() or char.isdigit()) and re.search(r"[a-z]{3}$", "".join(out)) is not None
        if last.isalnum() and char.isalnum() and gap > (1.35 * usual if joint else max(2.2 * usual, 0.9)):
            out.append(" ")
        out.append(char)
    return "".join(out).strip()


def _without_leaders(cell: Cell, text: str, part: list[tuple[str, float]], width: float) -> Iterable[Cell]:
    """`Total ........ 12.50` is two cells."""
    if not part:
        return
    left, right = cell.left + part[0][1] * width, cell.left + part[-1][1] * width
    if part[0][1] < 0.2 and len(part) > 1:
        left = min(left, cell.left) if part[0][1] * width < cell.height * 1.5 else left
    right = max(right, left + 1.0)
    if right > cell.right - 1.5 * cell.height:
        right = max(right, cell.right)
    pieces = [(m.start(), m.end()) for m in LEADERS.finditer(text)]
    bounds = [0, *(x for piece in pieces for x in piece), len(text)]
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        piece = text[start:end].strip()
        if piece:
            scale = (right - left) / max(1, len(text))
            slack = cell.slope * (left + start * scale - cell.left - (cell.right - cell.left) / 2)
            yield replace(
                cell,
                text=piece,
                left=left + start * scale,
                right=left + end * scale,
                middle=cell.middle + (slack if len(bounds) > 2 else 0.0),
            )


def _rows(cells: Sequence[Cell]) -> list[Row]:
    """Chain every cell to its nearest neighbour on the right at the same height."""
    after: dict[int, int] = {}
    order = sorted(range(len(cells)), key=lambda i: cells[i].left)
    taken: set[int] = set()
    links = []
    for position, a in enumerate(order):
        for b in order[position + 1 :]:
            gap = _same_row(cells[a], cells[b])
            if gap is not None:
                links.append((gap, a, b))
    for _, a, b in sorted(links):
        if a not in after and b not in taken:
            after[a] = b
            taken.add(b)
    rows = []
    for start in order:
        if start in taken:
            continue
        chain = [start]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        rows.append(Row(tuple(cells[i] for i in chain)))
    return sorted(rows, key=lambda row: (row.middle, row.cells[0].left))


def _same_row(a: Cell, b: Cell) -> float | None:
    """The horizontal gap between two cells of one row, None where they are not in one."""
    gap = b.left - a.right
    small = min(a.height, b.height)
    if gap < -0.5 * small or max(a.height, b.height) > 2.5 * small:
        return None
    weight_a, weight_b = a.right - a.left, b.right - b.left
    slope = (a.slope * weight_a + b.slope * weight_b) / max(1.0, weight_a + weight_b)
    apart = abs((b.middle - a.middle) - slope * (b.centre - a.centre))
    return max(gap, 0.0) + apart if apart < ROW_SLACK * small else None


def _blocks(cells: list[Cell], depth: int = 0) -> list[list[Cell]]:
    """Cells grouped into columns of prose, in reading order; a table stays one block."""
    gutter = _gutter(cells) if depth < 4 and len(cells) >= 6 else None
    if gutter is None:
        return [cells] if cells else []
    crossing = sorted((c for c in cells if c.left < gutter < c.right), key=lambda c: c.middle)
    blocks: list[list[Cell]] = []
    edges = [-math.inf, *(c.middle for c in crossing), math.inf]
    for index, (top, bottom) in enumerate(pairwise(edges)):
        band = [c for c in cells if top < c.middle < bottom and c not in crossing]
        for side in ([c for c in band if c.right <= gutter], [c for c in band if c.left >= gutter]):
            blocks += _blocks(side, depth + 1)
        if index < len(crossing):
            blocks.append([crossing[index]])
    return blocks


def _gutter(cells: list[Cell]) -> float | None:
    """The x of a white strip between two columns of prose, which few wide lines (headings) cross."""
    best: tuple[float, float] | None = None
    for x in sorted({c.left - 1.0 for c in cells}):
        left = [c for c in cells if c.right <= x]
        right = [c for c in cells if c.left >= x]
        crossing = len(cells) - len(left) - len(right)
        if min(len(left), len(right)) < 3 or crossing > 0.2 * len(cells):
            continue
        if any(median([len(c.text) for c in side]) < PROSE for side in (left, right)):
            continue
        width = min(c.left for c in right) - max(c.right for c in left)
        key = (-float(crossing), width)
        if best is None or key > best[:2]:
            best = key
            where = (min(c.left for c in right) + max(c.right for c in left)) / 2
    return where if best is not None else None

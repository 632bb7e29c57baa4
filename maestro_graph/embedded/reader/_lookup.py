"""Field lookup: the value of a label, of a row and a column, or the only value of a type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from maestro_graph.embedded.reader._layout import Cell, Page, Row
from maestro_graph.embedded.reader._questions import Field
from maestro_graph.embedded.reader._values import Kind, find_values, fit
from maestro_graph.embedded.reader._words import STOP, alike, concepts_of, is_label, phrase_match, tokens, word_set

__all__ = ["Found", "item_rows", "look_up"]

MIN_LABEL = 0.55  # label matches below this are somebody else's label
GENERIC = word_set("price cost amount quantity qty number value fee charge count much name code time date")
DOCUMENT = word_set(
    "order invoice receipt bill purchase meal document letter form ticket event item meeting this it "
    "customer person page"
)
MODIFIERS = word_set(
                "sub before excl excluding without previous past last first old tax vat items item savings saved "
                "discount "
                      "points qty count fax due birth expiry")  # fmt: skip
WORD = re.compile(r"[^\W_]+(?:['’\-/&.][^\W_]+)*")
JOINT = re.compile(r"^[\s:;=.,\-–—#|)]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A value, where it came from and how sure it is: OCR score x label match x type fit."""

    text: str
    confidence: float
    label: str
    source: int
    how: str


@dataclass(frozen=True, slots=True)
class _Label:
    cell: Cell
    row: int
    match: float
    rest: str  # the cell's text behind the label
    before: str


def look_up(page: Page, field: Field) -> Found | None:
    """The best value for a field, or None where no label of the page matches."""
    found: list[Found] = []
    if field.label and field.item:
        found += _crossing(page, field)
        found += _in_row(page, field.item, field.kind)
        found += _by_label(page, (*field.item, *field.label), field.kind, 1.0)
        found += _by_label(page, (*field.label, *field.item), field.kind, 1.0)
        generic = all(word in GENERIC for word in field.label)
        vague = all(word in DOCUMENT for word in field.item)
        if not generic or vague:
            found += _by_label(page, field.label, field.kind, 0.97 if vague else 0.75)
        if generic or not found:
            found += _by_label(page, field.item, field.kind, 0.97 if generic else 0.7)
    elif field.item or field.label:
        found += _by_label(page, field.item or field.label, field.kind, 1.0)
    if any("sender" in alternative for alternative, _ in concepts_of(field.label)):
        found += _closing(page)
    if max((f.confidence for f in found), default=0.0) < 0.5:
        for part, weight in _parts((*field.item, *field.label)):
            found += _by_label(page, part, field.kind, weight)
    if max((f.confidence for f in found), default=0.0) < 0.5:
        found += _of_kind(page, field)
    if max((f.confidence for f in found), default=0.0) < 0.5:
        found += _in_prose(page, field)
    return max(found, key=lambda f: f.confidence) if found else None


def _parts(words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Runs of a label's words, the longer the likelier; a run of general words alone says too little."""
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length + 1):
            part = words[start : start + length]
            if not all(word in GENERIC or word in DOCUMENT for word in part):
                yield part, 0.55 + 0.35 * length / len(words)


def _by_label(page: Page, label: Sequence[str], kind: Kind | None, weight: float) -> list[Found]:
    best: dict[tuple[int, str], Found] = {}
    for place in _labels(page, label):
        for how, prior, cells in _values(page, place):
            for text, source, score in cells:
                quality, value = fit(text, kind)
                if kind in (None, "text", "name", "address") and is_label(text) and how != "inline":
                    quality *= 0.6
                if quality <= 0.25 or not value:
                    continue
                lower = 1.0 + 0.0005 * place.row
                sure = min(1.0, weight * place.match * prior * quality * score * lower)
                entry = Found(value, sure, place.cell.text, source, how)
                key = (source, value)
                if key not in best or best[key].confidence < sure:
                    best[key] = entry
    return list(best.values())


def _labels(page: Page, label: Sequence[str]) -> Iterator[_Label]:
    """Cells that may be the label, each with its best match."""
    phrases = concepts_of(label)
    for index, row in enumerate(page.rows):
        for cell in row.cells:
            spans = [(m.start(), m.end()) for m in WORD.finditer(cell.text)]
            words = [cell.text[a:b].lower() for a, b in spans]
            best: _Label | None = None
            for phrase, weight in phrases:
                score, start, end = phrase_match(phrase, words)
                if score < 0.7:
                    continue
                match = score * weight * _purity(words, start, end, cell.text, spans)
                if best is None or match > best.match:
                    rest = cell.text[spans[end - 1][1] :]
                    best = _Label(cell, index, match, rest, cell.text[: spans[start][0]])
            if best is not None and best.match >= MIN_LABEL:
                yield best


def _purity(words: list[str], start: int, end: int, text: str, spans: list[tuple[int, int]]) -> float:
    """1 where the phrase is the whole label; less with every word of the label that the phrase lacks."""
    colon = text.find(":", spans[end - 1][1])
    stop = len(words)
    for index in range(end, len(words)):
        if any(c.isdigit() for c in words[index]) or (colon >= 0 and spans[index][0] > colon):
            stop = index
            break
    before = [w for w in words[:start] if w not in STOP and not w.isdigit()]
    after = [w for w in words[end:stop] if w not in STOP]
    purity = 1.0 - 0.12 * len(before) - (0.05 if colon >= 0 or stop < len(words) else 0.1) * len(after)
    if any(w in MODIFIERS for w in (*before, *after)):
        purity -= 0.2
    if len(before) + len(after) > 4:
        purity -= 0.2
    return max(0.0, purity)


def _values(page: Page, label: _Label) -> Iterator[tuple[str, float, list[tuple[str, int, float]]]]:
    """Candidates (how, prior, [(text, source, score)]): behind the label, to its right, below it."""
    cell, row = label.cell, page.rows[label.row]
    rest = label.rest
    colon = re.match(r"[^:\d]{0,24}:", rest)
    if colon:
        rest = rest[colon.end() :]
    rest = re.sub(r"^\s*(?:no|nr|number|#)\b\.?", "", JOINT.sub("", rest), flags=re.IGNORECASE)
    rest = JOINT.sub("", rest)
    if rest:
        yield "inline", 1.0 if colon else 0.93, [(rest, cell.source, cell.score)]
    at = row.cells.index(cell)
    right = row.cells[at + 1 :]
    head = not rest and _heads_a_column(page, label.row, cell)
    for step, other in enumerate(right):
        yield "right", (0.97 - 0.02 * step) * (0.6 if head else 1.0), [(other.text, other.source, other.score)]
        if is_label(other.text):
            break
    if not rest:
        below = _below(page, label.row, cell)
        if below is not None:
            prior = 0.96 if head or not (right or at) else 0.75 if not at else 0.5
            yield "below", prior, [(below.text, below.source, below.score)]
        over = page.rows[label.row - 1].cells if label.row else ()
        for other in over:
            if other.above(cell) and abs(other.centre - cell.centre) < 2 * cell.height and not right and below is None:
                yield "above", 0.6, [(other.text, other.source, other.score)]
    if not right and label.before.strip() and not rest:
        yield "before", 0.6, [(label.before, cell.source, cell.score)]


def _heads_a_column(page: Page, row: int, cell: Cell) -> bool:
    """Whether the row is a table's header: labels only, with cells of the next row under at least two of them."""
    cells = page.rows[row].cells
    if len(cells) < 2 or row + 1 >= len(page.rows):
        return False
    if any(any(c.isdigit() for c in other.text) for other in cells):
        return False
    labels = sum(is_label(other.text) and not other.text.rstrip().endswith(":") for other in cells)
    if labels * 2 < len(cells) or (len(cells) == 2 and labels < 2):
        return False
    under = page.rows[row + 1].cells
    return sum(any(_overlap(a, b) for b in under) for a in cells) >= 2


def _overlap(a: Cell, b: Cell) -> bool:
    return min(a.right, b.right) - max(a.left, b.left) > -0.5 * min(a.height, b.height)


def _below(page: Page, row: int, cell: Cell) -> Cell | None:
    """The nearest cell under a label, no further than three lines away."""
    for other in page.rows[row + 1 : row + 4]:
        under = [c for c in other.cells if cell.above(c) or (_overlap(cell, c) and c.middle > cell.bottom)]
        if under:
            best = min(under, key=lambda c: abs(c.left - cell.left))
            return best if best.top - cell.bottom < 3.0 * max(cell.height, best.height) else None
    return None


def _crossing(page: Page, field: Field) -> list[Found]:
    """Row times column of a table, whichever of the two words of the question names the row."""
    found = []
    for item, column in ((field.item, field.label), (field.label, field.item)):
        heads = list(_labels(page, column))
        if not heads:
            continue
        for row_label in _rows_of(page, item):
            row = page.rows[row_label.row]
            for head in heads:
                if head.row >= row_label.row or head.cell is row_label.cell or len(page.rows[head.row].cells) < 2:
                    continue
                cell = _in_column(page, row, head)
                if cell is None or cell is row_label.cell:
                    continue
                quality, value = fit(cell.text, field.kind)
                if field.kind == "money" and quality < 0.5:
                    quality = max(quality, 0.6 if value else 0.0)
                if quality > 0.25:
                    near = 1.0 - 0.003 * (row_label.row - head.row)
                    sure = row_label.match * head.match * quality * cell.score * near
                    found.append(Found(value, sure, f"{row_label.cell.text} / {head.cell.text}", cell.source, "table"))
    return found


def _rows_of(page: Page, item: tuple[str, ...]) -> list[_Label]:
    """Cells that name a row: by all words of the item, or by some of them where no cell has all."""
    whole = list(_labels(page, item))
    if whole:
        return whole
    some = []
    for part, weight in _parts(item):
        some += [replace(label, match=label.match * weight) for label in _labels(page, part)]
    return some


TYPED: frozenset[Kind] = frozenset({"time", "date", "money", "percent", "phone", "email", "measure"})


def _in_row(page: Page, item: tuple[str, ...], kind: Kind | None) -> list[Found]:
    """The only value of a type in the row that names the item, also to the left of the name."""
    if kind not in TYPED:
        return []
    found = []
    for label in _rows_of(page, item):
        values = [
            (v, cell) for cell in page.rows[label.row].cells for v in find_values(cell.text, kind) if v.sure >= 0.8
        ]
        if len(values) == 1:
            value, cell = values[0]
            sure = 0.85 * label.match * value.sure * cell.score
            found.append(Found(value.text, sure, label.cell.text, cell.source, "row"))
    return found


CLOSINGS = re.compile(
    r"\b(?:sincerely|regards|faithfully|truly|wishes|cordially|respectfully|yours|love|cheers|greetings)\b,?\s*$", re.I
)


def _closing(page: Page) -> list[Found]:
    """The name under a letter's closing words."""
    for index, line in enumerate(page.lines):
        if not CLOSINGS.search(line.text) or len(line.text.split()) > 5:
            continue
        for below in page.lines[index + 1 : index + 3]:
            quality, name = fit(below.text, "name")
            if quality > 0.8:
                return [Found(name, 0.85 * quality * below.score, line.text, below.cells[0].source, "closing")]
    return []


def _in_column(page: Page, row: Row, head: _Label) -> Cell | None:
    """The row's cell in the column of a header: the one nearest to it and to no other header."""
    heads = page.rows[head.row].cells

    def apart(cell: Cell, other: Cell) -> float:
        return min(abs(cell.left - other.left), abs(cell.right - other.right), abs(cell.centre - other.centre))

    best = [c for c in row.cells if min(heads, key=lambda h: apart(c, h)) is head.cell]
    return min(best, key=lambda c: apart(c, head.cell)) if best else None


SPECIFIC: dict[Kind, float] = {
    "phone": 0.9,
    "email": 0.95,
    "url": 0.92,
    "date": 0.85,
    "percent": 0.8,
    "year": 0.8,
    "time": 0.8,
    "address": 0.8,
    "money": 0.5,
    "number": 0.6,
    "code": 0.0,
}
KIND_WORDS = word_set(
    "phone telephone number email e-mail mail website url web address date time year price "
    "percentage percent day contact "
    "page site cost amount deadline hour call mobile link homepage value deal digit numeral figure "
    "code order much fee"
)


def _of_kind(page: Page, field: Field) -> list[Found]:
    """Values of the asked type, where the question names nothing but the type (or its label is not printed)."""
    kind = field.kind
    if kind is None or kind not in SPECIFIC:
        return []
    named = [w for w in (*field.label, *field.item) if w not in KIND_WORDS and w not in DOCUMENT]
    if named and kind not in ("email", "url", "phone"):
        return []
    values = [(v, cell) for cell in page.cells for v in find_values(cell.text, kind) if v.sure >= 0.7]
    if kind == "number" and len({v.text for v, _ in values}) > 1:
        tallest = max(cell.height for _, cell in values)
        values = [(v, cell) for v, cell in values if cell.height > 0.8 * tallest]
    distinct = {v.text for v, _ in values}
    if not values:
        return []
    share = 1.0 if len(distinct) == 1 else 0.6 if kind != "money" else 0.45
    value, cell = values[0]
    sure = SPECIFIC[kind] * share * value.sure * cell.score * (0.6 if named else 1.0)
    return [Found(value.text, sure, "", cell.source, "type")]


def _in_prose(page: Page, field: Field) -> list[Found]:
    """The value in the sentence that shares most words with the question."""
    wanted = [w for w in tokens(field.question) if w not in STOP and w not in UNITS_ASKED]
    if not wanted:
        return []
    sentences = []
    for paragraph in page.paragraphs:
        score = sum(line.score for line in paragraph) / len(paragraph)
        for sentence in re.split(r"(?<=[a-z0-9)][.!?])\s+(?=[A-Z0-9])", _joined(paragraph)):
            words = tokens(sentence)
            hits = sum(max((alike(w, other) for other in words), default=0.0) for w in wanted)
            sentences.append((hits / len(wanted), score, sentence))
    for share, score, sentence in sorted(sentences, key=lambda s: -s[0]):
        if share < 0.4:
            break
        value = _prose_value(sentence, field, wanted)
        if value:
            return [Found(value, 0.65 * share * score, sentence, -1, "prose")]
    return []


UNITS_ASKED = word_set("many much year")
FALLBACKS: dict[Kind, tuple[Kind, ...]] = {
    "date": ("date", "year"),
    "money": ("money",),
    "number": ("number", "spelled"),
}


def _prose_value(sentence: str, field: Field, wanted: list[str]) -> str | None:
    spans = list(WORD.finditer(sentence))
    hits = [m for m in spans if any(alike(w, m.group().lower()) > 0.8 for w in wanted)]
    if field.kind is not None and field.kind not in ("name", "text"):
        for kind in FALLBACKS.get(field.kind, (field.kind,)):
            values = [v for v in find_values(sentence, kind) if v.sure > 0.5]
            if values:
                return min(values, key=lambda v: _off(v.start, v.end, hits)).text
        return None
    fresh = [v for v in find_values(sentence, "name") if not any(v.start <= m.start() < v.end for m in hits)]
    if field.kind == "name":
        return min(fresh, key=lambda v: _off(v.start, v.end, hits)).text if fresh else None
    if not hits or len(spans) < 4:
        return None
    last = hits[-1]
    rest = sentence[last.end() :] if last is not spans[-1] else sentence[: hits[0].start()]
    rest = re.sub(r"^\W*(?:(?:is|was|are|were|will be|has|have|of|:)\s+)?", "", rest).strip(" .,;:")
    return re.split(r"[;,.](?:\s|$)", rest)[0].strip() or None


def _off(start: int, end: int, hits: list[re.Match[str]]) -> int:
    """Characters between a value and the nearest word of the question."""
    return min((max(m.start() - end, start - m.end(), 0) for m in hits), default=0)


def _joined(lines: Sequence[Row]) -> str:
    """Lines of a paragraph as one text, with words that were hyphenated at line ends put together."""
    out = ""
    for line in lines:
        text = line.text
        out = out[:-1] + text if re.search(r"[a-z]-$", out) and text[:1].islower() else f"{out} {text}".strip()
    return out


NOT_ITEMS = word_set(
    "total subtotal tax vat gst change cash card visa balance due amount tip discount paid payment "
    "tendered net sum service "
    "rounding mastercard debit credit savings shipping delivery price sub gratuity grand hst mwst deposit"
)


def item_rows(page: Page) -> list[tuple[str, str, float, Cell]]:
    """Items of a receipt, menu or price list: (name, printed price, amount, the name's cell)."""
    from maestro_graph.embedded.reader._values import amount

    items = []
    for row in page.rows:
        last = row.cells[-1]
        values = [v for v in find_values(last.text, "money") if v.sure >= 0.9]
        if not values:
            continue
        inline = last.text[: values[-1].start].strip(" .:-")
        name_cell = row.cells[0]
        name = name_cell.text if len(row.cells) > 1 else inline
        words = tokens(name)
        if not any(c.isalpha() for c in name) or any(alike(w, n) > 0.9 for w in words for n in NOT_ITEMS if len(n) > 2):
            continue
        number = amount(values[-1].text)
        if number is not None:
            items.append(
                (re.sub(r"^\d+\s*[x×]?\s+|\s*[x×]\s?\d+$", "", name).strip(" .:"), values[-1].text, number, name_cell)
            )
    return items

"""Layout and lookup on hand-made text boxes: no OCR runs here."""

from __future__ import annotations

import math

import pytest
from PIL import Image

from maestro_graph.embedded.ocr import TextBox
from maestro_graph.embedded.reader import Reader, _expert
from maestro_graph.embedded.reader._layout import lay_out
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

READER = Reader(ExpertCard(name="reader", description="reads"))


def box(text: str, left: float, top: float, *, height: float = 20, turn: float = 0.0) -> TextBox:
    """A line of text whose letters are half as wide as high, turned by degrees around the origin."""
    right, bottom = left + len(text) * height / 2, top + height
    angle = math.radians(turn)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    quad = tuple(
        (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)) for x, y in corners
    )
    return TextBox(text, quad, 0.98)


def receipt(turn: float = 0.0) -> list[TextBox]:
    lines = [
        ("CORNER BAKERY", "", 34), ("Date: 14 March 2024", "18:42", 20), ("Latte", "$3.40", 20),
        ("Green Tea", "$2.75", 20),
        ("Apple Pie", "$5.10", 20), ("Subtotal", "$11.25", 20), ("Tax 8%", "$0.90", 20), ("TOTAL", "$12.15", 20),
        ("Cash", "$20.00", 20), ("Change", "$7.85", 20), ("Tel: (555) 018-2267", "", 20),
    ]  # fmt: skip
    out, top = [], 20.0
    for left, right, height in lines:
        out.append(box(left, 30, top, height=height, turn=turn))
        if right:
            out.append(box(right, 420 - len(right) * 10, top, height=height, turn=turn))
        top += height * 1.5
    return out


def invoice_table() -> list[TextBox]:
    columns = (30, 300, 400, 520)
    rows = [
        ("Item", "Qty", "Unit price", "Amount"),
        ("Desk lamp", "3", "24.90", "74.70"),
        ("Oak shelf", "1", "89.00", "89.00"),
    ]
    return [box(cell, x, 20 + 40 * y) for y, row in enumerate(rows) for x, cell in zip(columns, row, strict=True)]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def run(question: str, boxes: list[TextBox], size: tuple[int, int] = (460, 420)) -> str:
        monkeypatch.setattr(_expert, "read_text", lambda image: tuple(boxes))
        picture = Image.new("RGB", size, "white")
        image = MaestroImage(ref="x", sha256="x", width=size[0], height=size[1], notes=(), load=lambda: picture)
        reply = READER.answer(ExpertRequest(question=question, images=(image,)))
        assert reply.answer is not None
        assert reply.confidence is not None and 0 <= reply.confidence <= 1
        return reply.answer

    return run


@pytest.mark.parametrize("turn", [0.0, 4.0, -4.0])
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the total?", "$12.15"),
        ("What is the amount due?", "$12.15"),
        ("What is the subtotal?", "$11.25"),
        ("How much tax was charged?", "$0.90"),
        ("What is the tax rate?", "8%"),
        ("What is the date on the receipt?", "14 March 2024"),
        ("What is the price of the green tea?", "$2.75"),
        ("How much change was given?", "$7.85"),
        ("Which item is the cheapest?", "Green Tea"),
        ("Which item costs $5.10?", "Apple Pie"),
        ("How many items were bought?", "3"),
        ("What is the phone number?", "(555) 018-2267"),
        ("What is the name of the shop?", "CORNER BAKERY"),
        ("Does the receipt mention lattes?", "yes"),
        ("Does the receipt mention salmon?", "no"),
        ("Is the total $12.15?", "yes"),
        ("Is the total $13.15?", "no"),
    ],
)
def test_receipt(ask, question: str, expected: str, turn: float) -> None:  # type: ignore[no-untyped-def]
    assert ask(question, receipt(turn)) == expected


@pytest.mark.parametrize(
    "question", ["What is the licence plate of the car?", "What is the e-mail address?", "Who is the sender?"]
)
def test_what_the_text_does_not_hold_is_refused(ask, question: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CallFailure) as failure:
        ask(question, receipt())
    assert failure.value.kind == "refused"


def test_without_text_or_picture_the_call_is_refused(ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CallFailure, match="no text"):
        ask("Read the text", [])
    with pytest.raises(CallFailure, match="no picture"):
        READER.answer(ExpertRequest(question="Read the text"))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the unit price of the desk lamp?", "24.90"),
        ("What is the quantity of desk lamp?", "3"),
        ("What is the amount for the oak shelf?", "89.00"),
        ("How many desk lamps were ordered?", "3"),
    ],
)
def test_rows_and_columns(ask, question: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    assert ask(question, invoice_table(), (640, 180)) == expected


@pytest.mark.parametrize(
    "boxes",
    [
        [box("Full name", 20, 20), box("Maria Rossi", 300, 20), box("City", 20, 60), box("Lyon", 300, 60)],
        [
            box("Full name", 20, 20, height=14),
            box("City", 300, 20, height=14),
            box("Maria Rossi", 20, 40),
            box("Lyon", 300, 40),
        ],
        [box("Full name: Maria Rossi", 20, 20), box("City: Lyon", 20, 60)],
    ],
    ids=["value right of the label", "value under the label", "label and value in one line"],
)
def test_forms(ask, boxes: list[TextBox]) -> None:  # type: ignore[no-untyped-def]
    assert ask("What is the full name?", boxes) == "Maria Rossi"
    assert ask("Which city is given?", boxes) == "Lyon"


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    left = [box(f"left column line {i} of text", 20, 60 + 30 * i) for i in range(4)]
    right = [box(f"right column line {i} of text", 400, 60 + 30 * i) for i in range(4)]
    page = lay_out([box("A heading over both columns of this page here", 40, 10), *right, *left], 800, 220)
    texts = [line.text for line in page.lines]
    assert texts[0].startswith("A heading")
    assert [t.split()[0] for t in texts[1:]] == ["left"] * 4 + ["right"] * 4


def test_a_wide_gap_in_one_line_separates_two_cells() -> None:
    text = "Total12.50"
    at = (*[0.02 + 0.03 * i for i in range(5)], *[0.86 + 0.03 * i for i in range(5)])
    line = TextBox(text, ((0, 0), (400, 0), (400, 20), (0, 20)), 0.9, 0, at)
    page = lay_out([line], 400, 40)
    assert [cell.text for cell in page.rows[0].cells] == ["Total", "12.50"]


def test_leaders_separate_label_and_value() -> None:
    page = lay_out([TextBox("Coffee ........ 2.50", ((0, 0), (400, 0), (400, 20), (0, 20)), 0.9, 0,
                            tuple((i + 0.5) / 20 for i in range(20)))], 400, 40)  # fmt: skip
    assert [cell.text for cell in page.rows[0].cells] == ["Coffee", "2.50"]


def test_a_page_on_its_side_is_read_upright() -> None:
    lines = ["first line of the page", "second line of the page"]
    boxes = []
    for index, text in enumerate(lines):  # turned by 90 degrees: x is down the page, y is along the line
        x = 200.0 - 30 * index
        boxes.append(TextBox(text, ((x, 10), (x, 300), (x - 20, 300), (x - 20, 10)), 0.9, 90))
    assert lay_out(boxes, 240, 320).text.splitlines() == lines

"""Simple diagrams: what is asked, contact of circles, crossings of shallow lines, hairline outlines."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded.counter import Counter
from maestro_graph.embedded.counter._diagram_question import Circled, Contact, DiagramQuery, Routes, parse_diagram
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

FACTOR = 4  # drawings are smoothed by reducing them


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter(ExpertCard(name="counter", description="counts", abilities=frozenset({"count"})))


def ask(counter: Counter, picture: Image.Image, question: str) -> ExpertReply:
    small = picture.resize((picture.width // FACTOR, picture.height // FACTOR), Image.Resampling.LANCZOS)
    image = MaestroImage(
        ref="x", sha256=str(hash(small.tobytes())), width=small.width, height=small.height, notes=(), load=lambda: small
    )
    return counter.answer(ExpertRequest(question=question, images=(image,)))


def canvas(width: int = 600, height: int = 500, ground: str = "white") -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (width * FACTOR, height * FACTOR), ground)
    return picture, ImageDraw.Draw(picture)


def ring(x: float, y: float, r: float) -> tuple[float, float, float, float]:
    return tuple(FACTOR * v for v in (x - r, y - r, x + r, y + r))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Are the two circles touching each other? Answer with Yes/No.", Contact("touch")),
        ("Do the circles overlap?", Contact("overlap")),
        ("Does the green disc reach into the yellow ring?", Contact("overlap", ("green", "yellow"))),
        ("Are the two rings tangent?", Contact("tangent")),
        ("Is there space between both circles?", Contact("apart")),
        ("How many circles overlap?", None),
        ("Do the lines touch?", None),
        ("Which letter is being circled?", Circled()),
        ("Which character is being highlighted with a red oval?", Circled("red")),
        ("What letter did somebody draw a ring around?", Circled()),
        ("How many letters are circled?", None),
        ("Which letter comes after B?", None),
        ("How many single-colored paths go from A to C?", Routes("A", "C")),
        ("Count the one-colored routes that go from station B to station D.", Routes("B", "D")),
        ("What is the number of lines connecting A and B?", Routes("A", "B")),
        ("How many red lines go from top to bottom?", None),
        ("How many coins are there?", None),
    ],
)
def test_questions(question: str, expected: DiagramQuery | None) -> None:
    assert parse_diagram(question) == expected


@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize(
    ("gap", "touch", "overlap"), [(-30, "yes", "yes"), (-8, "yes", "yes"), (0, "yes", "no"), (7, "no", "no")]
)
def test_circles_meet(counter: Counter, filled: bool, gap: float, touch: str, overlap: str) -> None:
    picture, draw = canvas()
    first, second = 70.0, 100.0
    slope = 0.0 if filled else 0.8
    away = first + second + gap
    x, y = 180.0, 150.0
    for place, radius, colour in (
        ((x, y), first, "royalblue"),
        ((x + away * math.cos(slope), y + away * math.sin(slope)), second, "crimson"),
    ):
        if filled:
            draw.ellipse(ring(*place, radius), fill=colour)
        else:
            draw.ellipse(ring(*place, radius), outline=colour, width=3 * FACTOR)
    assert ask(counter, picture, "Do the two circles touch?").answer == touch
    assert ask(counter, picture, "Do the two circles overlap?").answer == overlap


def test_a_ring_inside_another_does_not_touch_it(counter: Counter) -> None:
    picture, draw = canvas()
    draw.ellipse(ring(300, 250, 200), outline="black", width=3 * FACTOR)
    draw.ellipse(ring(280, 250, 90), outline="black", width=3 * FACTOR)
    assert ask(counter, picture, "Do the circles touch?").answer == "no"
    assert ask(counter, picture, "Is there a gap between the circles?").answer == "yes"


def test_colours_choose_the_circles(counter: Counter) -> None:
    picture, draw = canvas()
    for x, colour in ((100, "red"), (220, "green"), (470, "blue")):
        draw.ellipse(ring(x, 250, 60), fill=colour)
    assert ask(counter, picture, "Does the red circle touch the green circle?").answer == "yes"
    assert ask(counter, picture, "Does the red circle touch the blue one, both discs being drawn?").answer == "no"
    with pytest.raises(CallFailure, match="no orange circle"):
        ask(counter, picture, "Does the orange circle touch the blue circle?")


def test_one_circle_meets_nothing(counter: Counter) -> None:
    picture, draw = canvas()
    draw.ellipse(ring(300, 250, 80), fill="red")
    with pytest.raises(CallFailure, match="two circles are needed"):
        ask(counter, picture, "Do the circles touch?")


@pytest.mark.parametrize("width", [2, 6])
@pytest.mark.parametrize(
    ("red", "blue", "crossings"),
    [
        ((100, 120, 140), (300, 310, 330), "0"),
        ((100, 300, 350), (300, 120, 100), "1"),
        ((100, 380, 90), (160, 180, 170), "2"),
        ((60, 380, 400), (90, 340, 450), "2"),  # both at small angles
    ],
)
def test_polylines_cross(
    counter: Counter, red: tuple[int, ...], blue: tuple[int, ...], crossings: str, width: int
) -> None:
    picture, draw = canvas()
    for ys, colour in ((blue, "blue"), (red, "red")):
        points = [(FACTOR * x, FACTOR * y) for x, y in zip((60, 300, 540), ys, strict=True)]
        draw.line(points, fill=colour, width=width * FACTOR, joint="curve")
    assert ask(counter, picture, "How many times do the red and blue lines cross?").answer == crossings


def hexagon(draw: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    corners = [(math.cos(t * math.pi / 3), math.sin(t * math.pi / 3)) for t in range(7)]
    draw.line([(FACTOR * (x + r * a), FACTOR * (y + r * b)) for a, b in corners], fill="black", width=FACTOR)


def circle(draw: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    draw.ellipse(ring(x, y, r), outline="teal", width=FACTOR)


@pytest.mark.parametrize(("form", "what"), [(hexagon, "hexagons"), (circle, "circles")])
def test_hairline_outlines_are_counted(
    counter: Counter, form: Callable[[ImageDraw.ImageDraw, float, float, float], None], what: str
) -> None:
    picture, draw = canvas()
    for column in range(4):
        form(draw, 180 + 62 * column, 200, 30)
    for column in range(3):
        form(draw, 211 + 62 * column, 228, 30)
    reply = ask(counter, picture, f"How many {what} are in the picture?")
    assert reply.answer == "7"
    assert json.loads(json.dumps(reply.details))["objects"][0]["box"][0] in range(140, 400)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many rows and columns are in the table? Answer with a pair (row, column), e.g., (5,6)", "(3, 4)"),
        ("Count the rows and columns. For example, rows={5} columns={6}", "rows={3} columns={4}"),
        ("How many rows and columns does it have?", "3 rows and 4 columns"),
    ],
)
def test_grids_are_said_in_the_form_that_is_asked(counter: Counter, question: str, answer: str) -> None:
    picture, draw = canvas()
    for x in range(5):
        draw.line([FACTOR * v for v in (100 + 90 * x, 100, 100 + 90 * x, 370)], fill="black", width=3 * FACTOR)
    for y in range(4):
        draw.line([FACTOR * v for v in (100, 100 + 90 * y, 460, 100 + 90 * y)], fill="black", width=3 * FACTOR)
    assert ask(counter, picture, question).answer == answer

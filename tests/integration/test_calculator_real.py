"""The calculator on drawn figures, with real character recognition."""

from __future__ import annotations

import hashlib
import io
import math

import pytest
from PIL import Image, ImageDraw, ImageFont

from maestro_graph.embedded.calculator import Calculator
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images._opened import MaestroImage

pytestmark = pytest.mark.real

CALCULATOR = Calculator(ExpertCard(name="calculator", description="Calculates."))
FONT = ImageFont.load_default(size=26)


def opened(picture: Image.Image) -> MaestroImage:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    return MaestroImage(
        ref="figure.png", sha256=digest, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )


def ask(question: str, picture: Image.Image) -> str | None:
    return CALCULATOR.answer(ExpertRequest(question=question, images=(opened(picture),))).answer


def written(*lines: str) -> Image.Image:
    picture = Image.new("RGB", (520, 60 + 60 * len(lines)), "white")
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(lines):
        draw.text((30, 30 + 60 * index), line, fill="black", font=ImageFont.load_default(size=40))
    return picture


def triangle(corners: list[tuple[float, float]], texts: list[tuple[tuple[float, float], str]]) -> Image.Image:
    picture = Image.new("RGB", (640, 520), "white")
    draw = ImageDraw.Draw(picture)
    draw.line([*corners, corners[0], corners[1]], fill="black", width=3)
    for place, text in texts:
        draw.text(place, text, fill="black", font=FONT, anchor="mm")
    return picture


@pytest.mark.parametrize(
    ("lines", "question", "expected"),
    [
        (("17 + 25 = ?",), "What is the result?", "42"),
        (("3x + 5 = 20",), "What is x?", "5"),
        (("x + y = 9", "2x - y = 3"), "Solve the system of equations.", "x = 4, y = 5"),
    ],
)
def test_written_sums(lines: tuple[str, ...], question: str, expected: str) -> None:
    assert ask(question, written(*lines)) == expected


def test_third_angle_of_a_triangle() -> None:
    height = 440 / (1 / math.tan(math.radians(50)) + 1 / math.tan(math.radians(60)))
    top = (100 + height / math.tan(math.radians(50)), 460 - height)
    picture = triangle(
        [(100, 460), (540, 460), top], [((172, 428), "50°"), ((472, 424), "60°"), ((top[0], top[1] + 72), "x")]
    )
    assert ask("What is angle x?", picture) == "70°"
    assert ask("How large is the angle x, in degrees?", picture) == "70"


def test_side_of_a_right_triangle_needs_its_mark() -> None:
    corners = [(120, 120), (120, 420), (520, 420)]
    texts = [((86, 270), "3 cm"), ((320, 450), "4 cm"), ((350, 240), "x")]
    picture = triangle([(float(x), float(y)) for x, y in corners], texts)
    with pytest.raises(CallFailure):
        ask("What is the length of x?", picture)
    ImageDraw.Draw(picture).line([(120, 394), (146, 394), (146, 420)], fill="black", width=2)
    assert ask("What is the length of x?", picture) == "5 cm"


def test_a_triangle_that_the_question_calls_a_right_one_needs_no_mark() -> None:
    corners = [(120.0, 120.0), (120.0, 420.0), (520.0, 420.0)]
    picture = triangle(corners, [((86, 270), "3 cm"), ((320, 450), "4 cm"), ((350, 240), "x")])
    assert ask("How long is the hypotenuse of the right triangle?", picture) == "5 cm"
    slanted = triangle([(220.0, 120.0), *corners[1:]], [((130, 270), "3 cm"), ((320, 450), "4 cm"), ((410, 240), "x")])
    with pytest.raises(CallFailure):
        ask("How long is the hypotenuse of the right triangle?", slanted)


def test_roots_are_left_where_the_question_wants_them() -> None:
    corners = [(120.0, 120.0), (120.0, 420.0), (320.0, 420.0)]
    picture = triangle(corners, [((96, 270), "3"), ((220, 450), "2"), ((250, 250), "x")])
    assert ask("In the right triangle, how long is x? Leave roots in the answer.", picture) == "sqrt(13)"
    assert ask("In the right triangle, how long is x?", picture) == "3.606"


def test_short_labels_alone_do_not_turn_the_picture_upside_down() -> None:
    corners = [(120.0, 120.0), (120.0, 420.0), (420.0, 420.0)]
    picture = triangle(corners, [((86, 270), "90"), ((270, 450), "90"), ((300, 240), "x")])
    assert ask("In the right triangle, how long is x?", picture) == "127.3"


def test_area_of_a_labelled_rectangle() -> None:
    picture = Image.new("RGB", (640, 420), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((100, 80, 500, 320), outline="black", width=3, fill="#ddeeff")
    draw.text((300, 350), "8 cm", fill="black", font=FONT, anchor="mm")
    draw.text((550, 200), "5 cm", fill="black", font=FONT, anchor="mm")
    assert ask("What is the area of the rectangle?", picture) == "40 cm²"
    assert ask("What is the perimeter?", picture) == "26 cm"


def test_a_figure_without_enough_labels_is_refused() -> None:
    picture = triangle([(100.0, 460.0), (540.0, 460.0), (300.0, 120.0)], [((172.0, 428.0), "50°")])
    with pytest.raises(CallFailure):
        ask("What is angle x?", picture)


def test_a_receipt_is_no_sum() -> None:
    picture = written("Coffee 2 x 3.50", "Cake 4.20", "Total 11.20")
    with pytest.raises(CallFailure):
        ask("What is the sum?", picture)


def test_equal_sides_give_the_other_angles() -> None:
    corners = [(120.0, 440.0), (520.0, 440.0), (320.0, 440.0 - 200 * math.tan(math.radians(65)))]
    labels = [((176, 412), "65°"), ((320, corners[2][1] + 80), "x°")]
    assert ask("How large is the angle x?", triangle(corners, labels)) == "50"
    uneven = [corners[0], corners[1], (220.0, 100.0)]
    with pytest.raises(CallFailure):
        ask("How large is the angle x?", triangle(uneven, [((172, 412), "74°"), ((250, 180), "x°")]))

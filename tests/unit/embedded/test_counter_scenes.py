"""Counting in drawn scenes: forms, colours, overlap, outlines, grids, crossings."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded.counter import Counter
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

COLOURS = ("red", "blue", "green", "orange", "black")
COUNTER = Counter(ExpertCard(name="counter", description="counts"))


def ask(picture, question):
    image = MaestroImage(
        ref="x.png", sha256="0" * 64, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )
    return COUNTER.answer(ExpertRequest(question=question, images=(image,)))


def regular(n, x, y, r, turn=0.0):
    return [
        (x + r * math.cos(turn + 2 * math.pi * i / n), y + r * math.sin(turn + 2 * math.pi * i / n)) for i in range(n)
    ]


def drawing(paint, size=(600, 400), ground="white"):
    big = Image.new("RGB", (size[0] * 3, size[1] * 3), ground)
    draw = ImageDraw.Draw(big)
    paint(lambda points, **how: draw.polygon([(3 * x, 3 * y) for x, y in points], **how),
          lambda points, **how: draw.line([(3 * x, 3 * y) for x, y in points], **how))  # fmt: skip
    return big.resize(size, Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def shapes():
    def paint(polygon, line):
        for i in range(4):
            polygon(regular(60, 70 + 110 * i, 70, 35), fill="red" if i < 3 else "blue")
        for i in range(3):
            polygon(regular(4, 80 + 130 * i, 190, 45, 0.3 * i), fill="blue" if i < 2 else (30, 160, 60))
        for i in range(2):
            polygon(regular(3, 90 + 150 * i, 320, 45, -1.57), fill=(30, 160, 60))
        tips, dents = regular(5, 420, 320, 50), regular(5, 420, 320, 21, math.pi / 5)
        polygon([p for pair in zip(tips, dents, strict=True) for p in pair], fill=(255, 140, 0))

    return drawing(paint)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many shapes are there?", "10"),
        ("How many circles?", "4"),
        ("How many red circles are there?", "3"),
        ("How many squares are blue?", "2"),
        ("How many triangles and stars are there?", "3"),
        ("How many green objects?", "3"),
        ("How many shapes are not green?", "7"),
        ("How many hexagons are there?", "0"),
        ("How many different colours are there?", "4"),
        ("Are there more circles than squares?", "yes"),
        ("Are there more blue than red circles?", "no"),
        ("How many more circles than triangles are there?", "2"),
        ("Are there exactly 3 squares?", "yes"),
        ("Is there an orange star?", "yes"),
        ("Which shape is most common?", "circle"),
    ],
)
def test_questions_about_one_scene(shapes, question, answer):
    assert ask(shapes, question).answer == answer


def test_boxes_are_in_pixels_of_the_original(shapes):
    large = shapes.resize((2400, 1600), Image.Resampling.BICUBIC)
    boxes = [o["box"] for o in ask(large, "How many orange stars?").details["objects"]]
    assert len(boxes) == 1
    x = [boxes[0][0] / 4, boxes[0][2] / 4]
    assert x[0] == pytest.approx(380, abs=6)
    assert x[1] == pytest.approx(470, abs=6)


def test_overlapping_discs_of_one_colour():
    def paint(polygon, line):
        for x, y in ((100, 100), (160, 120), (300, 100), (350, 160), (410, 120), (200, 300)):
            polygon(regular(60, x, y, 45), fill="navy")

    assert ask(drawing(paint), "How many circles are there?").answer == "6"


@pytest.mark.parametrize("one_colour", [True, False])
def test_overlapping_outlines(one_colour):
    def paint(polygon, line):
        for i, (x, y) in enumerate(((150, 150), (270, 150), (390, 150), (210, 215), (330, 215))):
            ring = regular(90, x, y, 55)
            line([*ring, ring[0], ring[1]], fill="black" if one_colour else COLOURS[i],
                 width=12, joint="curve")  # fmt: skip

    assert ask(drawing(paint), "How many circles are there?").answer == "5"


def test_nested_squares():
    def paint(polygon, line):
        for r in (180, 130, 90, 50):
            square = regular(4, 300, 200, r, math.pi / 4)
            line([*square, square[0], square[1]], fill="black", width=9)

    assert ask(drawing(paint), "How many squares are there?").answer == "4"


def test_noise_and_gradient_do_not_change_the_count(shapes):
    pixels = np.asarray(shapes, dtype=float)
    height, width = pixels.shape[:2]
    ramp = np.linspace(-25, 0, width)[None, :, None] + np.linspace(0, -20, height)[:, None, None]
    noisy = pixels + ramp + np.random.default_rng(3).normal(0, 8, pixels.shape)
    assert ask(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)), "How many shapes are there?").answer == "10"


def test_crossings_of_two_lines():
    def paint(polygon, line):
        line([(20, 100), (300, 300), (580, 90)], fill="blue", width=9)
        line([(20, 300), (300, 120), (580, 310)], fill="red", width=9)

    picture = drawing(paint)
    assert ask(picture, "How many times do the blue and red lines intersect?").answer == "2"
    with pytest.raises(CallFailure, match="no green and red lines"):
        ask(picture, "How many times do the green and red lines intersect?")


def test_grid():
    def paint(polygon, line):
        for i in range(5):
            line([(20, 20 + 90 * i), (580, 20 + 90 * i)], fill="black", width=6)
        for i in range(8):
            line([(20 + 80 * i, 20), (20 + 80 * i, 380)], fill="black", width=6)

    assert ask(drawing(paint), "How many rows are in the grid?").answer == "4"
    assert ask(drawing(paint), "How many rows and columns has the grid?").answer == "4 rows and 7 columns"


BLANK = Image.new("RGB", (400, 300), "white")
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (1, 1)), Image.new("RGB", (1, 500)), Image.new("RGB", (5, 5)), BLANK]
)
@pytest.mark.parametrize("question", ["How many coins are there?", "How many rows?", "How many red lines are there?"])
def test_pictures_without_things_are_refused(picture, question):
    with pytest.raises(CallFailure) as caught:
        ask(picture, question)
    assert caught.value.kind == "refused"


def test_questions_without_a_picture_or_of_another_kind_are_refused():
    with pytest.raises(CallFailure, match="no picture"):
        COUNTER.answer(ExpertRequest(question="How many coins are there?"))
    with pytest.raises(CallFailure, match="cannot serve"):
        ask(BLANK, "How many people are there?")


def test_the_deadline_is_kept():
    image = MaestroImage(ref="x", sha256="0" * 64, width=160, height=120, notes=(), load=lambda: NOISE)
    with pytest.raises(CallFailure) as caught:
        COUNTER.answer(ExpertRequest(question="How many coins are there?", images=(image,), deadline_s=-1.0))
    assert caught.value.kind == "timeout"

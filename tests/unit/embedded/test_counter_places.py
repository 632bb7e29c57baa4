"""Counting beside something, and of small things with a border."""

import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded.counter import Counter
from maestro_graph.embedded.counter._places import take_place
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

COUNTER = Counter(ExpertCard(name="counter", description="counts"))


@pytest.mark.parametrize(
    ("question", "side", "anchor"),
    [
        ("How many circles are to the right of the star?", "right", ("star", ())),
        ("How many of the diamonds are found to the left of the red square?", "left", ("square", ("red",))),
        ("Count the squares that lie above the circle.", "above", ("circle", ())),
        ("How many blue circles lie underneath the yellow square in the picture?", "below", ("square", ("yellow",))),
        ("How many dots are in the upper half of the picture?", "above", None),
        ("How many shapes are on the left side of the image?", "left", None),
        ("How many objects are to the left of the middle of the picture?", "left", None),
    ],
)
def test_places(question, side, anchor):
    query, place = take_place(question)
    assert query.refusal == ""
    assert place is not None
    assert place.side == side
    assert (None if place.anchor is None else (place.anchor.form, place.anchor.colours)) == anchor


@pytest.mark.parametrize("question", ["How many circles are left?", "How many coins are there?", "Count the stars."])
def test_no_place(question):
    query, place = take_place(question)
    assert (query.refusal, place) == ("", None)


@pytest.mark.parametrize(
    "question",
    [
        "How many circles are to the left of the car?",
        "How many dots are above the square and left of the star?",
        "Are there more circles left of the star than right of the star?",
    ],
)
def test_places_that_cannot_be_told_are_refused(question):
    assert take_place(question)[0].refusal


@pytest.fixture(scope="module")
def scene():
    picture = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(picture)
    for x, y in ((60, 60), (120, 300), (220, 150), (420, 80), (520, 330)):
        draw.ellipse((x - 22, y - 22, x + 22, y + 22), fill="blue")
    for x, y in ((80, 180), (450, 200), (530, 150)):
        draw.polygon([(x, y - 26), (x + 26, y + 22), (x - 26, y + 22)], fill="green")
    draw.rectangle((280, 180, 330, 230), fill="red")
    return picture


def ask(picture, question):
    image = MaestroImage(
        ref="x.png", sha256="0" * 64, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )
    return COUNTER.answer(ExpertRequest(question=question, images=(image,))).answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many circles are to the left of the red square?", "3"),
        ("How many circles are to the right of the square?", "2"),
        ("How many blue circles are above the red square?", "3"),
        ("How many triangles lie to the right of the red square?", "2"),
        ("How many triangles are in the left half of the picture?", "1"),
        ("Are there more circles than triangles to the right of the red square?", "no"),
        ("How many shapes are to the left of the red square?", "4"),
    ],
)
def test_counts_beside(scene, question, answer):
    assert ask(scene, question) == answer


def test_an_anchor_that_is_not_alone_is_refused(scene):
    with pytest.raises(CallFailure, match="one triangle"):
        ask(scene, "How many circles are to the left of the triangle?")


@pytest.mark.parametrize("size", [12, 16, 24])
def test_small_bordered_things_count_once(size):
    picture = Image.new("RGB", (1800, 1200), "white")
    draw = ImageDraw.Draw(picture)
    for index in range(12):
        x, y, r = 150 + 440 * (index % 4), 200 + 380 * (index // 4), 3 * size
        corners = [(x, y - r), (x + 0.7 * r, y), (x, y + r), (x - 0.7 * r, y)]
        draw.polygon(corners, fill="orange" if index % 2 else "green", outline="black", width=4)
    picture = picture.resize((600, 400), Image.Resampling.LANCZOS)
    assert ask(picture, "How many shapes are there?") == "12"
    assert ask(picture, "How many diamonds are to the left of the middle?") == "6"

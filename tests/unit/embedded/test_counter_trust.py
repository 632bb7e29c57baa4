"""What the counter says of its counts: sure where things repeat, refusing or unsure where a picture cannot serve."""

import hashlib
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from maestro_graph.embedded.counter import Counter
from maestro_graph.embedded.counter._rings import rings_of
from maestro_graph.embedded.counter._split import flood, relative_maxima, split_region
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

COUNTER = Counter(ExpertCard(name="counter", description="counts"))
EXAMPLES = Path(__file__).parents[3] / "examples" / "images"


def sureness(picture, question):
    """(answer, confidence); a refusal has none of either."""
    picture = picture.convert("RGB")
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    image = MaestroImage(
        ref="x.png", sha256=digest, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )
    try:
        reply = COUNTER.answer(ExpertRequest(question=question, images=(image,)))
    except CallFailure as failure:
        assert failure.kind == "refused"
        return None, 0.0
    return reply.answer, reply.confidence


def discs(count=12, radius=30):
    rng = np.random.default_rng(1)
    pixels = np.full((400, 560, 3), 70.0)
    for i in range(count):
        x, y = 70 + 105 * (i % 5), 70 + 125 * (i // 5)
        cv2.circle(pixels, (x, y), radius + i % 3, (150 + 5 * (i % 4),) * 3, -1)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 1.5) + rng.normal(0, 3, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def printed_page():
    picture = Image.new("RGB", (700, 900), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=20)
    for line in range(28):
        words = " ".join(
            ("paper", "winter", "total", "of", "the", "market", "river")[(line * k) % 7] for k in range(1, 8)
        )
        draw.text((50, 40 + 29 * line), words, fill=(20, 20, 20), font=font)
    return picture


def noise(size):
    rng = np.random.default_rng(7)
    field = rng.normal(0, 1, (400, 500, 3)).astype(np.float32)
    field = cv2.GaussianBlur(field, (0, 0), size) if size else field
    return Image.fromarray(np.clip(128 + 45 * field / field.std(), 0, 255).astype(np.uint8))


def tissue():
    rng = np.random.default_rng(3)
    pixels = np.full((500, 600, 3), 225.0)
    for tone, grain in (((190, 120, 170), 9), ((120, 70, 140), 5)):
        field = cv2.GaussianBlur(rng.normal(0, 1, (500, 600)), (0, 0), grain)
        field += cv2.GaussianBlur(rng.normal(0, 1, (500, 600)), (0, 0), 2.5) * field.std()
        pixels[field > field.std()] = tone
    return Image.fromarray(np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8))


def test_like_things_on_calm_ground_are_sure_whatever_they_are_called():
    for noun in ("coins", "objects", "zeebas"):
        answer, confidence = sureness(discs(), f"How many {noun} are there?")
        assert answer == "12"
        assert confidence > 0.6


def test_a_few_unlike_things_of_an_untellable_kind_are_unsure():
    picture = Image.new("RGB", (500, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 40, 240, 240), fill="navy")
    draw.polygon([(300, 350), (480, 350), (390, 200)], fill="red")
    draw.rectangle((60, 300, 140, 340), fill="green")
    assert sureness(picture, "How many shapes are there?")[1] > sureness(picture, "How many zebras are there?")[1]
    assert sureness(picture, "How many zebras are there?")[1] < 0.4


@pytest.mark.parametrize("picture", [printed_page, lambda: noise(0), lambda: noise(3), lambda: noise(8), tissue])
def test_pictures_that_cannot_be_counted_in(picture):
    assert sureness(picture(), "How many objects are there?")[1] < 0.3


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("rocket.jpg", "How many towers stand around the rocket?"),
        ("rocket.jpg", "How many objects are there?"),
        ("page.png", "How many objects are there?"),
        ("seattle_weather.png", "How many objects are there?"),
        ("wheat_price.png", "How many things are in the picture?"),
        ("grace_hopper.jpg", "How many objects are there?"),
    ],
)
def test_real_pictures_that_cannot_be_counted_in(name, question):
    assert sureness(Image.open(EXAMPLES / name), question)[1] < 0.4


def regular(n, x, y, r, turn):
    return [
        (x + r * math.cos(turn + 2 * math.pi * i / n), y + r * math.sin(turn + 2 * math.pi * i / n)) for i in range(n)
    ]


def rows_of(sides, width, turn=-math.pi / 2):
    """Nine overlapping outlines in two rows, as olympic rings lie."""
    picture = Image.new("L", (1500, 600))
    draw = ImageDraw.Draw(picture)
    for i in range(9):
        x, y = (170 + 270 * i, 230) if i < 5 else (305 + 270 * (i - 5), 340)
        ring = regular(sides, x, y, 125, turn)
        draw.line([*ring, ring[0], ring[1]], fill=255, width=2 * width, joint="curve")
    return np.asarray(picture.resize((750, 300), Image.Resampling.LANCZOS)) > 127


@pytest.mark.parametrize(("sides", "form"), [(90, "circle"), (5, "pentagon"), (6, "hexagon")])
def test_overlapping_polygons_are_told_from_circles(sides, form):
    part = rows_of(sides, 9)
    contours, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    assert [outline.form for outline in rings_of(part, list(contours))] == [form] * 9


@pytest.mark.parametrize(("sides", "asked"), [(90, "pentagons"), (5, "circles")])
def test_neither_counts_as_the_other(sides, asked):
    pixels = np.where(rows_of(sides, 9)[..., None], 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert sureness(Image.fromarray(pixels), f"How many {asked} are there?")[0] == "0"


def test_basins_part_touching_discs_where_the_waist_is():
    mask = np.zeros((80, 150), np.uint8)
    cv2.circle(mask, (45, 40), 30, 1, -1)
    cv2.circle(mask, (100, 40), 30, 1, -1)
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    peaks = relative_maxima(distance, 0.1)
    assert peaks.max() == 2
    labels = flood(distance, peaks, mask > 0)
    assert (labels[mask > 0] > 0).all()
    assert (labels[mask == 0] == 0).all()
    assert abs(int((labels == 1).sum()) - int((labels == 2).sum())) < 0.05 * mask.sum()
    assert len(split_region(mask > 0)) == 2

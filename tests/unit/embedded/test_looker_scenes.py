"""The looker on drawn scenes; no OCR runs here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded.looker import Looker
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

LOOKER = Looker(ExpertCard(name="looker", description="looks"))


def opened(picture: Image.Image, name: str) -> MaestroImage:
    return MaestroImage(
        ref=name, sha256=name, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )


def ask(question: str, *images: MaestroImage) -> ExpertReply:
    return LOOKER.answer(ExpertRequest(question=question, images=images))


def shapes() -> Image.Image:
    picture = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 60, 140, 140), fill=(220, 30, 30))
    draw.ellipse((400, 40, 560, 200), fill=(30, 70, 210))
    draw.polygon([(300, 270), (350, 350), (250, 350)], fill=(20, 150, 50), outline=(40, 40, 40), width=3)
    draw.ellipse((90, 300, 120, 330), fill=(250, 220, 20))
    return picture


SHAPES = opened(shapes(), "shapes")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What colour is the square?", "red"),
        ("What color is the small circle?", "yellow"),
        ("What colour is the background?", "white"),
        ("What shape is the green object?", "triangle"),
        ("Which shape is the largest?", "circle"),
        ("What colour is the largest shape?", "blue"),
        ("What is the smallest object?", "yellow circle"),
        ("What colour is the rightmost shape?", "blue"),
        ("Is the red square left of the blue circle?", "yes"),
        ("Is the green triangle above the red square?", "no"),
        ("Is the blue circle larger than the red square?", "yes"),
        ("Which is larger, the red square or the yellow circle?", "the red square"),
        ("Where is the green triangle?", "bottom"),
        ("Where is the blue circle?", "top right"),
        ("Is the green triangle in the upper or the lower half of the picture?", "lower"),
        ("Is the blue circle on the left or on the right side?", "right"),
        ("Is the red square at the bottom or at the top?", "top"),
        ("Is the yellow circle above or below the blue circle?", "below"),
        ("Is the green triangle to the left or right of the red square?", "right"),
        ("What is below the red square?", "yellow circle"),
        ("What is to the right of the red square?", "blue circle"),
        ("What colour is the shape to the left of the green triangle?", "yellow"),
        ("Is there a red object?", "yes"),
        ("Is there a purple circle?", "no"),
        ("Is the square red?", "yes"),
        ("Is the square blue?", "no"),
        ("Is the image mostly dark?", "no"),
        ("What is the dominant colour?", "white"),
        ("What is the size of the image?", "600 x 400"),
        ("Is the picture landscape or portrait?", "landscape"),
    ],
)
def test_shapes(question: str, expected: str) -> None:
    assert ask(question, SHAPES).answer == expected


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the dog?",
        "How many circles are there?",
        "What is the purple star next to?",
        "What is the capital of Peru?",
    ],
)
def test_what_colour_and_form_cannot_tell_is_refused(question: str) -> None:
    with pytest.raises(CallFailure) as failure:
        ask(question, SHAPES)
    assert failure.value.kind == "refused"


def test_share_of_a_colour() -> None:
    picture = Image.new("RGB", (200, 200), "white")
    picture.paste((30, 70, 210), (0, 0, 100, 100))
    image = opened(picture, "quarter")
    assert ask("What percentage of the picture is blue?", image).answer == "25%"
    assert ask("What fraction of the image is blue?", image).answer == "1/4"


@pytest.mark.parametrize("at", [(300, 200), (2600, 1700)])
def test_a_small_target_in_a_large_cluttered_scene(at: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    coarse = random.normal(130, 25, (36, 50, 1)).repeat(3, axis=2)
    ground = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    ground = ground.resize((3000, 2000), Image.Resampling.BICUBIC)
    noisy = np.asarray(ground).astype(np.int16) + random.integers(-12, 12, (2000, 3000, 1), dtype=np.int16)
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(120):
        x, y, s = (int(random.integers(low, high)) for low, high in ((0, 3000), (0, 2000), (10, 70)))
        grey = int(random.integers(50, 220))
        draw.rectangle((x, y, x + s, y + s), fill=(grey, grey, grey))
    x, y = at
    draw.polygon([(x, y - 20), (x + 20, y + 16), (x - 20, y + 16)], fill=(230, 40, 40))
    image = opened(picture, f"large{at}")
    assert ask("What colour is the small triangle?", image).answer == "red"
    assert ask("What shape is the small red object?", image).answer == "triangle"
    assert ask("Where is the red object?", image).answer == ("top left" if x < 1000 else "bottom right")


def test_the_odd_one_out() -> None:
    picture = Image.new("RGB", (600, 300), "white")
    draw = ImageDraw.Draw(picture)
    for index in range(18):
        x, y = 50 + 100 * (index % 6), 50 + 100 * (index // 6)
        draw.ellipse((x - 20, y - 20, x + 20, y + 20), fill=(30, 70, 210) if index != 10 else (250, 140, 20))
    image = opened(picture, "odd")
    assert ask("Which colour is the odd one out?", image).answer == "orange"
    assert ask("Where is the circle that differs from the others?", image).answer == "right"


def test_comparing_pictures() -> None:
    dark, bright = (
        opened(Image.new("RGB", (50, 50), (20, 20, 30)), "dark"),
        opened(Image.new("RGB", (60, 60), "white"), "bright"),
    )
    assert ask("Which picture is brighter?", dark, bright).answer == "the second picture"
    assert ask("Which image is darker?", dark, bright).answer == "the first picture"
    assert ask("Which picture is larger?", dark, bright).answer == "the second picture"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 300), (400, 3), (17, 90)])
@pytest.mark.parametrize("kind", ["blank", "noise"])
def test_odd_pictures_end_in_a_reply_or_a_refusal(size: tuple[int, int], kind: str) -> None:
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    if kind == "noise":
        pixels = np.random.default_rng(1).integers(0, 255, pixels.shape).astype(np.uint8)
    image = opened(Image.fromarray(pixels), f"{size}{kind}")
    for question in (
        "What colour is the circle?", "Where is the red dot?", "Which shape is the largest?",
        "What is next to the star?",
        "Is there a red object?", "Is the image mostly dark?", "What colour is the background?", "",
    ):  # fmt: skip
        try:
            reply = ask(question, image)
        except CallFailure as failure:
            assert failure.kind == "refused"
        else:
            assert reply.answer

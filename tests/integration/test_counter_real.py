"""Counting on real photographs: the coins of scikit-image under the changes that a user's copy may have."""

from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image, ImageEnhance, ImageOps

from maestro_graph.embedded.counter import Counter
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

pytestmark = pytest.mark.real
COUNTER = Counter(ExpertCard(name="counter", description="counts"))


def coins():
    return Image.open(Path(skimage.__file__).parent / "data" / "coins.png").convert("RGB")


def count(picture, question="How many coins are there?"):
    image = MaestroImage(
        ref="x.png", sha256="0" * 64, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )
    reply = COUNTER.answer(ExpertRequest(question=question, images=(image,)))
    return int(reply.answer), reply


def test_the_coins_as_they_are():
    number, reply = count(coins())
    assert number == 24
    assert len(reply.details["objects"]) == 24
    widths = [o["box"][2] - o["box"][0] for o in reply.details["objects"]]
    assert 30 < np.median(widths) < 60


def turned(angle, **how):
    return coins().rotate(angle, resample=Image.Resampling.BICUBIC, **how)


def scaled(factor):
    picture = coins()
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


CHANGES = {
    "60 %": lambda: scaled(0.6),
    "150 %": lambda: scaled(1.5),
    "by 90 degrees": lambda: coins().transpose(Image.Transpose.ROTATE_90),
    "by 10 degrees": lambda: turned(10),
    "by 10 degrees, white corners": lambda: turned(10, fillcolor="white"),
    "by 10 degrees, whole": lambda: turned(10, expand=True),
    "by -10 degrees, whole, white": lambda: turned(-10, expand=True, fillcolor="white"),
    "brighter": lambda: ImageEnhance.Brightness(coins()).enhance(1.3),
    "inverted": lambda: ImageOps.invert(coins()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_coins_changed(change):
    assert abs(count(CHANGES[change]())[0] - 24) <= 1


def test_the_right_two_thirds_of_the_coins():
    picture = coins()
    # 16 whole coins and a sliver of a seventeenth on the left edge
    assert count(picture.crop((picture.width // 3, 0, picture.width, picture.height)))[0] in (16, 17)

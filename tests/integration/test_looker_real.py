"""The looker with real OCR and real photographs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from maestro_graph.embedded.looker import Looker
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

pytestmark = pytest.mark.real

LOOKER = Looker(ExpertCard(name="looker", description="looks"))


def opened(picture: Image.Image, name: str) -> MaestroImage:
    return MaestroImage(
        ref=name, sha256=name, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )


def ask(question: str, *images: MaestroImage) -> str:
    answer = LOOKER.answer(ExpertRequest(question=question, images=images)).answer
    assert answer is not None
    return answer


def photo(name: str) -> Image.Image:
    from sklearn.datasets import load_sample_image

    return Image.fromarray(load_sample_image(name))


def test_text_on_a_small_sign_in_an_8k_scene() -> None:
    coarse = np.random.default_rng(5).normal(130, 30, (54, 96, 3))
    ground = Image.fromarray(np.clip(coarse, 60, 200).astype(np.uint8)).convert("L").convert("RGB")
    picture = ground.resize((7680, 4320), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((5100, 900, 5220, 980), fill=(200, 20, 30))
    draw.text((5160, 940), "K7", "white", ImageFont.load_default(48), anchor="mm")
    image = opened(picture, "8k")
    assert ask("What is written on the small red sign?", image) == "K7"
    assert ask("What colour is the small sign in the scene?", image) == "red"
    assert ask("Where is the red sign?", image) == "top right"


def test_photographs() -> None:
    flower, china = opened(photo("flower.jpg"), "flower"), opened(photo("china.jpg"), "china")
    assert ask("Which picture is darker?", flower, china) == "the first picture"
    assert ask("Is the image mostly dark?", flower) == "yes"
    assert ask("Is the picture landscape or portrait?", china) == "landscape"
    with pytest.raises(CallFailure):
        ask("Where is the person?", china)

"""The reader with the real OCR models, on a scan that scikit-image ships and on drawn documents."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from maestro_graph.embedded import ocr
from maestro_graph.embedded.ocr import ocr_array, read_text
from maestro_graph.embedded.reader import Reader
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest
from maestro_graph.images import MaestroImage

pytestmark = pytest.mark.real

READER = Reader(ExpertCard(name="reader", description="reads"))


def opened(picture: Image.Image, name: str) -> MaestroImage:
    return MaestroImage(
        ref=name, sha256=name, width=picture.width, height=picture.height, notes=(), load=lambda: picture
    )


def ask(question: str, *images: MaestroImage) -> str:
    answer = READER.answer(ExpertRequest(question=question, images=images)).answer
    assert answer is not None
    return answer


def page() -> Image.Image:
    from skimage import data

    return Image.fromarray(data.page()).convert("RGB")


def receipt() -> Image.Image:
    picture = Image.new("RGB", (420, 420), (250, 248, 240))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(22)
    draw.text((110, 20), "GREEN CORNER", "black", ImageFont.load_default(30))
    rows = [("Date: 2024-03-14", "18:42"), ("Latte", "$3.40"), ("Carrot Cake", "$5.10"), ("Subtotal", "$8.50"),
            ("Tax", "$0.68"), ("TOTAL", "$9.18"), ("Cash", "$10.00"), ("Change", "$0.82")]  # fmt: skip
    for index, (left, right) in enumerate(rows):
        draw.text((24, 80 + 38 * index), left, (20, 20, 20), font)
        draw.text((396, 80 + 38 * index), right, (20, 20, 20), font, anchor="ra")
    return picture


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_photographed_page_in_every_orientation(turn: int) -> None:
    image = opened(page().rotate(turn, expand=True), f"page{turn}")
    assert ask("What does the first line say?", image) == "Region-based segmentation"
    assert ask("Does the page mention coins?", image) == "yes"


@pytest.mark.parametrize("change", ["as it is", "turned by 4 degrees", "pale", "enlarged", "upside down"])
def test_a_receipt(change: str) -> None:
    picture = receipt()
    if change == "turned by 4 degrees":
        picture = picture.rotate(4, expand=True, fillcolor=(250, 248, 240), resample=Image.Resampling.BICUBIC)
    elif change == "pale":
        picture = Image.fromarray((210 + np.asarray(picture) * 0.15).astype(np.uint8))
    elif change == "enlarged":
        picture = picture.resize((1680, 1680))
    elif change == "upside down":
        picture = picture.rotate(180)
    image = opened(picture, f"receipt {change}")
    assert ask("What is the total?", image) == "$9.18"
    assert ask("What is the price of the carrot cake?", image) == "$5.10"
    assert ask("What is the date?", image) == "2024-03-14"
    assert ask("What is the name of the store?", image) == "GREEN CORNER"


def test_the_picture_that_holds_the_answer_is_found() -> None:
    assert ask("What is the subtotal?", opened(page(), "page0"), opened(receipt(), "receipt as it is")) == "$8.50"


def test_letters_in_a_column_and_turned_lines() -> None:
    picture = Image.new("RGB", (300, 500), "white")
    draw = ImageDraw.Draw(picture)
    for index, letter in enumerate("HOTEL"):
        draw.text((60, 60 + 56 * index), letter, "black", ImageFont.load_default(54), anchor="mm")
    side = Image.new("RGB", (300, 60), "white")
    ImageDraw.Draw(side).text((10, 10), "Fire Exit Only", "black", ImageFont.load_default(36))
    picture.paste(side.rotate(90, expand=True), (200, 100))
    texts = {box.text: box.turn for box in ocr_array(np.asarray(picture))}
    assert "HOTEL" in texts
    assert texts.get("Fire Exit Only") == 270


def test_blank_and_noise_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    for pixels in (np.full((200, 300, 3), 255, np.uint8), noise, np.zeros((1, 1, 3), np.uint8)):
        with pytest.raises(CallFailure) as failure:
            ask("What is the total?", opened(Image.fromarray(pixels), f"odd{pixels.sum()}"))
        assert failure.value.kind == "refused"


def test_one_picture_is_read_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = ocr._read

    def counted(pixels: np.ndarray) -> tuple[ocr.TextBox, ...]:
        calls.append(pixels.shape)
        return real(pixels)

    monkeypatch.setattr(ocr, "_read", counted)
    image = opened(receipt(), "asked by many")
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(len(read_text(image)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(set(results)) == 1 and results[0] > 10

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded import preview as module
from maestro_graph.embedded._look import FIGURES, SIDE, look, small_copy
from maestro_graph.embedded.preview import TASKS, Preview, preview
from maestro_graph.errors import MissingExtraError
from maestro_graph.images import MaestroImage

KINDS = {"chart", "diagram", "page", "photo", "scene", "shapes", "sign"}


def opened(picture: Image.Image, *, name: str = "picture.png") -> MaestroImage:
    data = picture.tobytes() + str(picture.size).encode()
    return MaestroImage(
        ref=name,
        sha256=hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
        notes=(),
        load=lambda: picture,
    )


def bar_chart(width: int = 720, height: int = 480) -> Image.Image:
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((width // 3, 10), "Exports by country", "black", font_size=18)
    draw.line((70, 40, 70, height - 50, width - 20, height - 50), "black", 2)
    for tick in range(6):
        y = height - 50 - tick * (height - 100) // 5
        draw.text((34, y - 6), str(tick * 20), "black", font_size=12)
        draw.line((65, y, 70, y), "black")
    for number, value in enumerate((0.4, 0.9, 0.6, 0.3, 0.75)):
        left = 100 + number * 120
        top = height - 50 - value * (height - 100)
        draw.rectangle((left, top, left + 70, height - 51), fill=(31, 119, 180))
        draw.text((left + 10, height - 42), ("Chile", "Peru", "Cuba", "Iran", "Fiji")[number], "black", font_size=13)
    return picture


def page() -> Image.Image:
    picture = Image.new("RGB", (700, 950), "white")
    draw = ImageDraw.Draw(picture)
    line = "the harbour was closed over winter and the letters went by land instead of by ship"
    for row in range(40):
        draw.text((60, 60 + 21 * row), line[: 84 - 11 * (row % 7 == 6)], "black", font_size=14)
    return picture


def shapes() -> Image.Image:
    picture = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(picture)
    for number in range(18):
        x, y = 40 + 103 * (number % 6), 60 + 150 * (number // 6) + 9 * (number % 4)
        fill = ((220, 40, 40), (40, 90, 220), (30, 160, 60))[number % 3]
        if number % 2:
            draw.ellipse((x - 25, y - 25, x + 25, y + 25), fill=fill)
        else:
            draw.polygon([(x, y - 30), (x + 28, y + 20), (x - 28, y + 20)], fill=fill)
    return picture


def triangle() -> Image.Image:
    picture = Image.new("RGB", (600, 500), "white")
    draw = ImageDraw.Draw(picture)
    corners = [(90, 420), (510, 400), (250, 80)]
    draw.line([*corners, corners[0]], "black", 3)
    for (x, y), name in zip(corners, "ABC", strict=True):
        draw.text((x + 8, y - 22), name, "black", font_size=22)
    draw.text((150, 250), "7 cm", "black", font_size=20)
    return picture


def texture(width: int = 640, height: int = 480) -> Image.Image:
    """Cloud-like noise at several scales, in colour: what distinguishes photos from drawings."""
    rng = np.random.default_rng(7)
    total = np.zeros((height, width, 3))
    for cells, weight in ((4, 1.0), (12, 0.7), (40, 0.4), (160, 0.25)):
        coarse = rng.uniform(0, 1, (cells, cells, 3)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    total += rng.normal(0, 0.05, total.shape)
    return Image.fromarray(np.clip(total / 2.35 * 255, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("draw", "kind"),
    [(bar_chart, "chart"), (page, "page"), (shapes, "shapes"), (triangle, "diagram"), (texture, "photo")],
)
def test_clear_cases(draw: Callable[[], Image.Image], kind: str) -> None:
    glance = preview(opened(draw()))
    assert glance.likely == kind, dict(glance.kind)
    assert glance.kind[kind] > 0.5


def test_scores_are_a_distribution_over_all_kinds() -> None:
    glance = preview(opened(bar_chart()))
    assert set(glance.kind) == KINDS
    assert sum(glance.kind.values()) == pytest.approx(1)
    assert min(glance.kind.values()) >= 0


def test_a_large_photo_is_a_scene() -> None:
    small, large = texture(), texture().resize((5600, 4200))
    assert preview(opened(small)).likely == "photo"
    glance = preview(opened(large))
    assert glance.likely == "scene"
    assert "large scene" in glance.text


def test_a_large_page_is_not_a_scene() -> None:
    assert preview(opened(page().resize((2800, 3800), Image.Resampling.LANCZOS))).kind["scene"] < 0.3


def test_the_sentence_names_size_ground_and_parts() -> None:
    assert preview(opened(bar_chart())).text == (
        "A chart or plot, 720x480 pixels, on a white background, "
        "with straight axis lines, flat bars on a common line and short text labels."
    )


def test_an_unsure_preview_names_two_kinds() -> None:
    figures = preview(opened(page())).figures
    kind = dict.fromkeys(KINDS, 0.0) | {"page": 0.5, "chart": 0.4, "sign": 0.1}
    assert Preview(10, 10, kind, figures).text.startswith(
        "A printed page, such as a document, a receipt or a form, or "
    )


@pytest.mark.parametrize(("colour", "named"), [("white", "white"), ("black", "black"), ((90, 90, 90), "grey")])
def test_blank_pictures_are_called_blank(colour: str | tuple[int, ...], named: str) -> None:
    assert preview(opened(Image.new("RGB", (320, 200), colour))).text == f"A blank {named} picture, 320x200 pixels."


@pytest.mark.parametrize("size", [(1, 1), (2, 3000), (3000, 2), (15, 17), (SIDE, SIDE), (SIDE + 1, 7), (7680, 4320)])
@pytest.mark.parametrize("fill", ["flat", "noise"])
def test_every_size_is_looked_at(size: tuple[int, int], fill: str) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    if fill == "noise":
        pixels[: 4 * SIDE, : 4 * SIDE] = np.random.default_rng(0).integers(0, 256, (1, 1, 3), np.uint8)
        pixels[::3, ::2] = 255
    glance = preview(opened(Image.fromarray(pixels)))
    assert all(np.isfinite(value) for value in glance.figures.values())
    assert sum(glance.kind.values()) == pytest.approx(1)
    assert f"{size[0]}x{size[1]}" in glance.text


def test_figures_stay_in_bounds() -> None:
    for picture in (bar_chart(), page(), shapes(), triangle(), texture()):
        figures = look(small_copy(picture))
        assert tuple(figures) == FIGURES
        assert all(0 <= value <= 2.5 for value in figures.values()), figures


def test_figures_say_what_they_are_called() -> None:
    chart, printed, drawn = (look(small_copy(p)) for p in (bar_chart(), page(), shapes()))
    assert chart["axes corner"] == 1
    assert chart["bars on a line"] > drawn["bars on a line"]
    assert printed["rows"] > chart["rows"] > 0
    assert printed["saturated"] == 0 < drawn["saturated"]
    assert drawn["objects"] > 0.6 > chart["objects"]


def test_the_small_copy_keeps_proportions_and_bounds() -> None:
    assert small_copy(Image.new("RGB", (7680, 4320))).shape == (360, 640, 3)
    assert small_copy(Image.new("RGB", (100, 50))).shape == (50, 100, 3)
    assert small_copy(Image.new("RGB", (1, 1))).shape == (16, 16, 3)


def test_one_picture_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = preview(opened(triangle()))
    monkeypatch.setattr(module, "_glance", lambda image: pytest.fail("looked at again"))
    assert preview(opened(triangle(), name="elsewhere.png")) is first


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_SIZE", 2)
    for shade in range(4):
        preview(opened(Image.new("RGB", (20, 20), (shade, 0, 0))))
    assert len(module._cache) <= 2


def test_the_weights_fit_the_figures() -> None:
    weights = json.loads(Path(module.__file__).with_name("preview.json").read_text(encoding="utf-8"))
    assert tuple(weights["figures"]) == FIGURES
    assert set(weights["weights"]) == set(weights["bias"]) == KINDS - {"scene"}
    assert all(scale > 0 for scale in weights["scale"])


def test_every_kind_has_a_task() -> None:
    assert set(TASKS) == KINDS | {"none"}


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "maestro_graph.embedded._look")
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"cv2.*maestro-graph\[embedded\]"):
        preview(opened(Image.new("RGB", (33, 44), "red")))

"""The embedded perceivers on pictures that nobody here drew."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_graph.images import ImageStore
from maestro_graph.perceivers import Perception, PerceptionRequest
from maestro_graph.registry import load_registry

EXAMPLES = Path(__file__).parents[2] / "examples" / "images"

pytestmark = pytest.mark.real


async def look(kind: str, name: str, question: str = "") -> Perception:
    mounted = load_registry("embedded").perceivers[kind]  # type: ignore[index]
    image = ImageStore().open(str(EXAMPLES / name))
    return await mounted.perceiver.perceive(PerceptionRequest(image=image, question=question))


async def test_ocr_reads_in_order_with_boxes_inside() -> None:
    seen = await look("ocr", "page.png")
    assert seen.text.startswith("Region-based segmentation")
    assert all(0 <= box.left < box.right and 0 <= box.top < box.bottom for box in seen.boxes)
    assert (await look("ocr", "flower.jpg")).text == "(no text was found in the picture)"


async def test_detect_proposes_the_flower() -> None:
    seen = await look("detect", "flower.jpg")
    assert any("orange" in box.label or "red" in box.label for box in seen.boxes)


async def test_zoom_finds_the_label_that_the_question_names() -> None:
    seen = await look("zoom", "iowa_electricity.png", "How much did Renewables generate?")
    (box,) = seen.boxes
    assert "Renewables" in box.label
    assert not (await look("zoom", "flower.jpg", "Why?")).boxes


async def test_the_caption_says_that_it_is_a_template() -> None:
    seen = await look("caption", "iowa_electricity.png")
    assert seen.text.startswith("Described by template, not by a model.")
    assert "chart" in seen.text
    assert "Renewables" in seen.text

"""Pictures that a call made: the regions it zoomed into and what it found, drawn."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from maestro_graph.evidence import Evidence, Json
from maestro_graph.images import ImageStore, MaestroImage
from maestro_graph.perceivers import Box, cropped, with_boxes

__all__ = ["pictures_of"]

MOST = 8


def pictures_of(
    store: ImageStore, images: Sequence[MaestroImage], evidence: Evidence, events: Sequence[dict[str, Json]]
) -> list[dict[str, str]]:
    """Crops and drawn boxes as references in the store: `{"kind": "crop" | "boxes", "ref": "sha256:…"}`.

    Args:
        store: where the pictures are kept.
        images: the pictures of the request.
        evidence: its `details["objects"]` are an embedded expert's findings in the first picture.
        events: the perceptions of a skill.
    """
    made: list[tuple[str, MaestroImage]] = []
    by_hash = {image.sha256: image for image in images}
    for event in events:
        image = by_hash.get(str(event.get("image")))
        boxes = _boxes(event.get("boxes"))
        if event.get("event") == "perception" and image is not None and boxes:
            zoomed = event["kind"] == "zoom"
            made.append(("crop", cropped(image, boxes[0])) if zoomed else ("boxes", with_boxes(image, boxes)))
    found = _boxes(evidence.details.get("objects"))
    if images and found:
        made.append(("boxes", with_boxes(images[0], found)))
    return [{"kind": kind, "ref": store.add(_png(picture))} for kind, picture in made[:MOST]]


def _png(image: MaestroImage) -> bytes:
    buffer = io.BytesIO()
    image.rgb().save(buffer, format="PNG")
    return buffer.getvalue()


def _boxes(data: Any) -> list[Box]:
    """Boxes as perceptions (`left`, `top`, …) or embedded experts (`box` and what is known of it) give them."""
    found: list[Box] = []
    for item in data if isinstance(data, list) else []:
        if not isinstance(item, dict):
            continue
        if {"left", "top", "right", "bottom"} <= set(item):
            found.append(Box.from_json({"label": "", **item}))
        elif isinstance(item.get("box"), list) and len(item["box"]) == 4:
            left, top, right, bottom = (float(number) for number in item["box"])
            found.append(Box(left, top, right, bottom))
    return found

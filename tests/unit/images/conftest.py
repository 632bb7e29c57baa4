"""Fixtures for the image tests; the drawing is in `image_samples`."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_samples import draw, encode

from maestro_graph.images import ImageStore


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "store")


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "plain.png"
    path.write_bytes(encode(draw(), "PNG"))
    return path

"""The pictures and questions that ship: they open, are small, and are accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maestro_graph.images import ImageStore

EXAMPLES = Path(__file__).parents[3] / "examples"
PICTURES = sorted((EXAMPLES / "images").iterdir())
QUESTIONS = [json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures(path: Path, store: ImageStore) -> None:
    assert path.stat().st_size < 300_000
    assert store.open(str(path)).notes == ()
    assert f"| `images/{path.name}` |" in (EXAMPLES / "README.md").read_text(), "no origin and licence"


def test_questions() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) >= 8
    for question in QUESTIONS:
        assert question.keys() - {"tolerance"} == {"id", "images", "question", "answer", "kind"}
        assert all(isinstance(question[key], str) for key in ("question", "answer", "kind"))
        assert all((EXAMPLES / image).is_file() for image in question["images"])
    assert {path for question in QUESTIONS for path in question["images"]} == {
        f"images/{path.name}" for path in PICTURES
    }

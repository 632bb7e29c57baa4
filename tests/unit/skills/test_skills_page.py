"""docs/skills.md tells of the skills that there are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_table_is_that_of_the_library() -> None:
    spec = importlib.util.spec_from_file_location("skills_page", ROOT / "scripts" / "skills_page.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = (ROOT / "docs" / "skills.md").read_text(encoding="utf-8")
    assert script.table() in text, "run python scripts/skills_page.py"
    assert script.page(text) == text

"""Every code block of README and docs runs, as a reader would run it from the repository's root."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUNNABLE = {"python", "bash"}
SHOWN = {"text", "json", "yaml", "mermaid", "markdown", "diff"}

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def run(arguments: list[str], folder: Path) -> None:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder in which what the docs name is found, and what they write does no harm."""
    for name in (
        "examples",
        "README.md",
        "Makefile",
        "maestro_graph",
        "docs",
        "pyproject.toml",
        "constraints.txt",
        "tests",
    ):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_there_are_pages_with_code() -> None:
    assert sum(len(blocks_of(page)) for page in PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    for block in blocks_of(page):
        assert block.language in RUNNABLE | SHOWN, f"{page.name}:{block.line} has no known language"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run_in_their_order(page: Path, workplace: Path) -> None:
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    if blocks:
        (workplace / "page.py").write_text("\n\n".join(f"# line {b.line}\n{b.code}" for b in blocks), encoding="utf-8")
        run([sys.executable, "page.py"], workplace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_bash_blocks_run(page: Path, workplace: Path) -> None:
    for block in blocks_of(page):
        if block.language == "bash":
            # `make` and `pip install` set machines up; CI itself shows that they do, here only that targets exist.
            code = re.sub(r"^make (?!-)", "make -n ", block.code, flags=re.MULTILINE)
            code = re.sub(r"^pip install .*$", ":", code, flags=re.MULTILINE)
            run(["bash", "-euo", "pipefail", "-c", code], workplace)

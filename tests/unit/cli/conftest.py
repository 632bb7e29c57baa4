"""The command line with a small registry, in this process and in real ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

PLUGIN = Path(__file__).parent / "plugin"
REGISTRY = """\
name: scripted
experts:
  - {name: first, embedded: scripted, description: The first one.}
  - {name: second, embedded: scripted, description: The second one.}
router: in-turn
"""

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(PLUGIN))
    importlib.invalidate_caches()
    monkeypatch.setenv("MAESTRO_IMAGE_DIR", str(tmp_path / "image store"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("MAESTRO_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def registry(tmp_path: Path) -> str:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    return str(path)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "dots.png"
    Image.new("RGB", (30, 20), "navy").save(path)
    return str(path)


@pytest.fixture
def maestro() -> Run:
    """`maestro(*arguments)` in this process."""
    from maestro_graph.cli._app import app

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="maestro")

    return run


@pytest.fixture
def command() -> Callable[..., list[str]]:
    """The words that run the real command."""
    return lambda *arguments: [sys.executable, "-c", "from maestro_graph.cli import main; main()", *arguments]


@pytest.fixture
def process(command: Callable[..., list[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`process(*arguments)` in a process of its own."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(PLUGIN)}
        return subprocess.run(
            command(*arguments), env=environment, capture_output=True, text=True, timeout=60, **options
        )

    return run

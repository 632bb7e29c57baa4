"""`maestro cache`: size, purge, one expert."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maestro_graph.cache import CACHE_VARIABLE, CallCache
from maestro_graph.cli._app import app
from maestro_graph.evidence import Json


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    async def reply() -> dict[str, Json]:
        return {"text": "x"}

    async def fill() -> None:
        cache = CallCache(tmp_path)
        await cache.get("a", reply, group="one")
        await cache.get("b", reply, group="two")
        cache.close()

    asyncio.run(fill())
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def test_show_purge_and_one_expert(filled: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["cache", "show"])
    assert str(filled) in shown.output.replace("\n", "")
    assert "1 replies dropped" in runner.invoke(app, ["cache", "purge", "--expert", "one"]).output
    assert "1 replies dropped" in runner.invoke(app, ["cache", "purge", "--directory", str(filled)]).output
    assert "0 replies dropped" in runner.invoke(app, ["cache", "purge"]).output


def test_without_a_cache_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    assert CliRunner().invoke(app, ["cache", "show"]).exit_code == 2
    assert CliRunner().invoke(app, ["cache", "show", "--directory", str(tmp_path / "no")]).exit_code == 2

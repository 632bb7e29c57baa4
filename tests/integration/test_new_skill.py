"""A skill folder without Python, dropped beside a registry: everything has it, and a run reaches it (issue B, 5)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai_server import OpenAIServer, say
from PIL import Image

from maestro_graph.protocol import render_prompt
from maestro_graph.registry import load_registry

pytestmark = pytest.mark.real

REGISTRY = """\
name: garden
experts:
  - name: botanist
    description: Knows plants.
    endpoint: {{base_url: "{url}", model: expert}}
perceivers:
  - kind: ocr
    endpoint: {{base_url: "{url}", model: ocr}}
skills: [perception-problem-solver, ./skills]
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        running.script("ocr", say("Acer campestre"))
        running.script("expert", say("It has five lobes."), say("A field maple.\nAnswer: Acer campestre"))
        yield running


def maestro(folder: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "maestro"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_the_skeleton_to_an_answer(server: OpenAIServer, tmp_path: Path) -> None:
    (tmp_path / "garden.yaml").write_text(REGISTRY.format(url=server.base_url), encoding="utf-8")
    Image.new("RGB", (64, 48), "green").save(tmp_path / "leaf.png")
    assert "skills/leaf-shapes" in maestro(tmp_path, "skills", "new", "leaf-shapes")
    assert "✓ leaf-shapes" in maestro(tmp_path, "skills", "check", "skills")
    assert "leaf-shapes (@@Leaf_Shapes)" in maestro(tmp_path, "skills", "list", "-r", "garden.yaml")
    done = maestro(
        tmp_path,
        *("skills", "run", "leaf-shapes", "Which tree?", "--image", "leaf.png", "-r", "garden.yaml", "--json"),
    )
    outcome = json.loads(done)
    assert outcome["answer"] == "Acer campestre"
    assert (outcome["skill"], outcome["expert"], outcome["usage"]["calls"]) == ("Leaf_Shapes", "botanist", 3)
    assert [event["step"] for event in outcome["events"] if event["event"] == "step"] == ["observe", "answer"]
    last = str(server.of("expert")[-1].body["messages"])
    assert "It has five lobes." in last
    assert "Acer campestre" in last
    assert "this registry has no zoom perceiver" in last


def test_the_router_may_choose_it(server: OpenAIServer, tmp_path: Path) -> None:
    path = tmp_path / "garden.yaml"
    path.write_text(REGISTRY.format(url=server.base_url), encoding="utf-8")
    maestro(tmp_path, "skills", "new", "leaf-shapes")
    registry = load_registry(path)
    assert ("botanist", "Leaf_Shapes") in registry.actions()
    prompt = render_prompt(
        [expert.card for expert in registry.experts.values()],
        [skill.card for skill in registry.skills.values()],
        registry.actions(),
        max_turns=4,
    )
    assert "Leaf_Shapes" in prompt


def test_the_text_for_people(server: OpenAIServer, tmp_path: Path) -> None:
    (tmp_path / "garden.yaml").write_text(REGISTRY.format(url=server.base_url), encoding="utf-8")
    Image.new("RGB", (64, 48), "green").save(tmp_path / "leaf.png")
    maestro(tmp_path, "skills", "new", "leaf-shapes")
    out = maestro(
        tmp_path,
        *("skills", "run", "Perception_Problem_Solver", "Which tree?", "-i", "leaf.png", "-r", "garden.yaml"),
    )
    assert "botanist@@Perception_Problem_Solver, 1 calls" in out
    assert "It has five lobes." in out

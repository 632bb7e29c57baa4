"""Concurrent runs of one question on one picture pay for each distinct request once (issue B, 4)."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import pytest
from openai_server import OpenAIServer, say
from PIL import Image
from skill_stage import KINDS, SAID

from maestro_graph import CallSkill, MaestroContext, Registry, RouterTurn, RouterView, compile_maestro, load_registry
from maestro_graph.decisions import Answer
from maestro_graph.images import ImageStore

pytestmark = pytest.mark.real

ENDPOINT = "endpoint: {{base_url: '{url}', model: {model}}}"
QUESTION = "What is written on the sign in the street?"


class AskTheSkill:
    """Calls one skill, then answers with what it said."""

    async def decide(self, view: RouterView) -> RouterTurn:
        if view.evidence:
            return RouterTurn(decision=Answer(view.evidence[-1].answer or view.evidence[-1].text))
        return RouterTurn(decision=(CallSkill("expert", "ocr_problem_solver", view.question),))


def write_registry(folder: Path, url: str, *, temperature: float = 0.0, model: str = "expert") -> Path:
    lines = [
        "name: shared",
        f"cache: {{directory: '{folder / 'cache'}'}}",
        "skills: [ocr-problem-solver]",
        "experts:",
        f"  - name: expert\n    description: A model.\n    {ENDPOINT.format(url=url, model=model)}",
        f"    sampling: {{temperature: {temperature}}}",
        "perceivers:",
        *(f"  - kind: {kind}\n    {ENDPOINT.format(url=url, model=kind)}" for kind in KINDS),
    ]
    path = folder / "registry.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "sign.png"
    Image.new("RGB", (400, 300), "white").save(path)
    return str(path)


def prepared(server: OpenAIServer) -> None:
    server.script("expert", say("Answer: STOP"))
    for kind in KINDS:
        server.script(kind, say(SAID[kind]))


async def eight_runs(registry: Registry, picture: str) -> list[str | None]:
    graph = compile_maestro(registry, AskTheSkill())
    given = {"question": QUESTION, "images": [picture]}
    outs = await asyncio.gather(*(graph.ainvoke(given, context=MaestroContext()) for _ in range(8)))
    for expert in registry.experts.values():
        await expert.aclose()  # type: ignore[attr-defined]
    for mounted in registry.perceivers.values():
        await mounted.perceiver.aclose()  # type: ignore[attr-defined]
    registry.cache.close()
    return [out["answer"] for out in outs]


def bodies(server: OpenAIServer) -> list[str]:
    return [repr(sorted(request.body.items(), key=lambda item: item[0])) for request in server.requests]


async def test_eight_runs_at_once_issue_each_request_once(tmp_path: Path, picture: str) -> None:
    with OpenAIServer() as server:
        prepared(server)
        registry = load_registry(write_registry(tmp_path, server.base_url), images=ImageStore(tmp_path / "store"))
        assert await eight_runs(registry, picture) == ["STOP"] * 8
        once = bodies(server)
        assert len(once) == len(set(once)) >= 3
        again = load_registry(tmp_path / "registry.yaml", images=ImageStore(tmp_path / "store"))
        assert await eight_runs(again, picture) == ["STOP"] * 8
        assert len(server.requests) == len(once), "a later run took everything from the disk"
    gc.collect()


async def test_another_model_is_asked_anew_and_sampled_calls_are_not_shared(tmp_path: Path, picture: str) -> None:
    with OpenAIServer() as server:
        prepared(server)
        server.script("other", say("Answer: GO"))
        store = ImageStore(tmp_path / "store")
        await eight_runs(load_registry(write_registry(tmp_path, server.base_url), images=store), picture)
        seen = len(server.requests)
        other = load_registry(write_registry(tmp_path, server.base_url, model="other"), images=store)
        assert await eight_runs(other, picture) == ["GO"] * 8
        assert len(server.of("other")) >= 1
        assert len(server.requests) - seen == len(server.of("other")), "perceivers were not asked again"
        asked = len(server.of("expert"))
        sampled = load_registry(write_registry(tmp_path, server.base_url, temperature=0.7), images=store)
        await eight_runs(sampled, picture)
        assert len(server.of("expert")) - asked >= 8
    gc.collect()


CHILD = """
import asyncio, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from test_shared_calls import eight_runs
from maestro_graph import load_registry
from maestro_graph.images import ImageStore
registry = load_registry(Path(sys.argv[1]) / "registry.yaml", images=ImageStore(Path(sys.argv[1]) / "store"))
assert asyncio.run(eight_runs(registry, sys.argv[2])) == ["STOP"] * 8
"""


async def test_two_processes_share_their_calls(tmp_path: Path, picture: str) -> None:
    with OpenAIServer() as server:
        prepared(server)
        for model in ("expert", *KINDS):
            server.script(model, say("Answer: STOP" if model == "expert" else SAID[model], delay_s=0.5))
        write_registry(tmp_path, server.base_url)
        arguments = [sys.executable, "-c", CHILD, str(tmp_path), picture, str(Path(__file__).parent)]
        children = [await asyncio.create_subprocess_exec(*arguments) for _ in range(2)]
        assert [await child.wait() for child in children] == [0, 0]
        once = bodies(server)
        assert len(once) == len(set(once)) >= 3
    gc.collect()

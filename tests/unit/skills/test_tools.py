"""Skills and experts as LangChain tools: alone, in a ToolNode, in an agent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import BaseTool
from PIL import Image

from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import ImageStore
from maestro_graph.registry import Registry, load_registry
from maestro_skills import expert_tools, load_skills, skill_tools


class Counter:
    """Counts to five and says where."""

    card = ExpertCard(name="counter", description="Counts things.", abilities=frozenset({"count"}))

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        if "unicorns" in request.question:
            raise CallFailure("refused", "there are no unicorns")
        return ExpertReply(
            text="five", answer="5", confidence=0.9, details={"count": 5, "objects": [{"box": [1, 1, 5, 5]}]}
        )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(experts=[Counter()], skills=load_skills(["*"], None), images=ImageStore(tmp_path / "store"))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.new("RGB", (20, 10), "white").save(path)
    return str(path)


def counting(registry: Registry) -> BaseTool:
    return next(tool for tool in skill_tools(registry) if tool.name == "counting-problem-solver")


def tool_call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": "1", "name": name, "args": arguments}


def test_there_is_a_tool_for_every_skill_that_somebody_can_run(registry: Registry) -> None:
    runnable = {registry.skills[skill].card.name for _, skill in registry.actions() if skill is not None}
    assert {tool.name for tool in skill_tools(registry)} == runnable
    assert [tool.name for tool in expert_tools(registry)] == ["counter"]


def test_the_schema_names_the_experts_that_can(registry: Registry) -> None:
    schema = counting(registry).get_input_jsonschema()
    assert set(schema["properties"]) == {"question", "images", "expert"}
    assert schema["required"] == ["question"]
    assert "counter" in str(schema["properties"]["expert"])
    assert "expert" not in expert_tools(registry)[0].get_input_jsonschema()["properties"]


@pytest.mark.parametrize("form", ["sync", "async"])
def test_content_answers_and_the_artifact_has_all(registry: Registry, picture: str, form: str) -> None:
    tool, call = counting(registry), tool_call("counting-problem-solver", question="How many?", images=[picture])
    message: ToolMessage = tool.invoke(call) if form == "sync" else asyncio.run(tool.ainvoke(call))
    assert message.text.startswith("Answer: 5")
    assert message.artifact["evidence"]["details"]["verified"] is True
    (drawn,) = message.artifact["pictures"]
    assert drawn["kind"] == "boxes"
    assert registry.images.open(drawn["ref"]).rgb().size == (20, 10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"question": "How many unicorns?"}, "there are no unicorns"),
        ({"question": "How many?", "images": ["nowhere.png"]}, "nowhere.png"),
    ],
)
def test_errors_come_back_as_tool_messages(registry: Registry, arguments: dict[str, Any], words: str) -> None:
    message: ToolMessage = counting(registry).invoke(tool_call("counting-problem-solver", **arguments))
    assert message.status == "error"
    assert words in message.text


async def test_progress_is_streamed(registry: Registry, picture: str) -> None:
    events = [
        event["data"]
        async for event in counting(registry).astream_events(
            {"question": "How many?", "images": [picture]}, version="v2"
        )
        if event["event"] == "on_custom_event"
    ]
    assert [event["event"] for event in events] == ["call_started", "evidence"]


class ToolModel(GenericFakeChatModel):
    """A scripted chat model that can be given tools."""

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self


def test_an_agent_calls_a_skill_with_a_picture(registry: Registry, picture: str) -> None:
    call = tool_call("counting-problem-solver", question="How many?", images=[picture])
    script = [AIMessage("", tool_calls=[{"name": call["name"], "args": call["args"], "id": "1"}]), AIMessage("Five.")]
    agent = create_agent(ToolModel(messages=iter(script)), tools=skill_tools(registry))
    out = agent.invoke({"messages": [{"role": "user", "content": f"How many are in {picture}?"}]})
    (tool_message,) = [message for message in out["messages"] if isinstance(message, ToolMessage)]
    assert tool_message.text.startswith("Answer: 5")
    assert tool_message.artifact["evidence"]["answer"] == "5"
    assert out["messages"][-1].text == "Five."


def test_the_schemas_of_all_tools_are_there_to_be_read(snapshot: Callable[[str, str], None]) -> None:
    registry = load_registry("embedded")
    tools = [*skill_tools(registry), *expert_tools(registry)]
    shown = [{"name": t.name, "description": t.description, "arguments": t.get_input_jsonschema()} for t in tools]
    snapshot("tool_schemas.json", json.dumps(shown, indent=2, ensure_ascii=False))

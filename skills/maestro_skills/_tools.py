"""Skills and experts as LangChain tools, for any agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field, create_model

from maestro_graph.calls import CallSettings, run_call
from maestro_graph.decisions import Call, CallExpert, CallSkill
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Evidence, Json
from maestro_graph.graph import run_sync
from maestro_graph.images import MaestroImage, ingest
from maestro_graph.registry import Registry
from maestro_skills._pictures import pictures_of

__all__ = ["Artifact", "expert_tools", "skill_tools"]

Artifact = dict[str, Any]
"""`evidence`: the full record; `events`: what the skill did; `pictures`: references of crops and drawn boxes."""

IMAGES = "References of the pictures that the question is about: file paths, data URLs or sha256:… references."


def skill_tools(registry: Registry, *, seconds: float = 120.0) -> list[BaseTool]:
    """One tool for each Level-1 skill that some expert of the registry can run.

    Arguments of a tool: `question`, `images` (references) and optionally `expert` (else the first that can). The
    content is the answer with its evidence in words, the artifact (`Artifact`) everything that was found. Failures
    come back as tool messages that say what to do; progress is dispatched as the custom event `maestro`.

    Args:
        registry: read at the time of the call; tools are made for the skills that exist now.
        seconds: deadline of one call.
    """
    tools: list[BaseTool] = []
    for key, skill in registry.skills.items():
        owners = [expert for expert, name in registry.actions() if name == key]
        if owners:
            tools.append(_tool(registry, skill.card.name, skill.card.description, owners, key, seconds))
    return tools


def expert_tools(registry: Registry, *, seconds: float = 120.0) -> list[BaseTool]:
    """One tool for each expert: the direct call, with the arguments `question` and `images`."""
    return [
        _tool(registry, _tool_name(name), expert.card.description, [name], None, seconds)
        for name, expert in registry.experts.items()
    ]


def _tool(
    registry: Registry, name: str, description: str, owners: list[str], skill: str | None, seconds: float
) -> BaseTool:
    async def call(question: str, images: list[str], expert: str | None = None) -> tuple[str, Artifact]:
        chosen = expert or owners[0]
        what: Call = CallExpert(chosen, question) if skill is None else CallSkill(chosen, skill, question)
        return await _carry_out(registry, what, images, seconds)

    def call_sync(question: str, images: list[str], expert: str | None = None) -> tuple[str, Artifact]:
        return run_sync(call(question, images, expert))

    return StructuredTool.from_function(
        func=call_sync,
        coroutine=call,
        name=name,
        description=description,
        args_schema=_schema(name, owners, with_expert=skill is not None),
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _schema(name: str, owners: list[str], *, with_expert: bool) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "question": (str, Field(min_length=1, description="What you want to know.")),
        "images": (list[str], Field(default_factory=list, description=IMAGES)),
    }
    if with_expert:
        choice = Literal[tuple(owners)] | None  # type: ignore[valid-type]  # the names that exist now
        fields["expert"] = (choice, Field(default=None, description=f"Who runs it; by default {owners[0]}."))
    return create_model(f"{name.replace('-', '_')}_arguments", **fields)


async def _carry_out(registry: Registry, call: Call, references: list[str], seconds: float) -> tuple[str, Artifact]:
    events: list[dict[str, Json]] = []

    def on_event(event: str, fields: Mapping[str, Json]) -> None:
        events.append({"event": event, **fields})

    images = [_open(registry, reference) for reference in references]
    await _progress("call_started", {"expert": call.expert, "question": call.query})
    evidence = await run_call(
        registry,
        call,
        turn=0,
        index=0,
        images=images,
        evidence=(),
        settings=CallSettings(seconds_left=seconds, on_event=on_event),
    )
    await _progress("evidence", {"status": evidence.status, "seconds": round(evidence.seconds, 3)})
    if not evidence.ok:
        raise ToolException(f"{call.expert} gave no answer ({evidence.status}): {evidence.text}")
    artifact: Artifact = {
        "evidence": evidence.as_record(),
        "events": events,
        "pictures": pictures_of(registry.images, images, evidence, events),
    }
    return _content(evidence), artifact


def _open(registry: Registry, reference: str) -> MaestroImage:
    try:
        return registry.images.open(ingest(reference, registry.images))
    except MaestroError as error:
        raise ToolException(str(error)) from error


async def _progress(event: str, fields: Mapping[str, Json]) -> None:
    """Tell the stream, where the tool runs within one."""
    try:
        await adispatch_custom_event("maestro", {"event": event, **fields})
    except RuntimeError as error:
        if "parent run id" not in str(error):  # a tool that is called alone has nobody to tell
            raise


def _content(evidence: Evidence) -> str:
    sure = f" (confidence {evidence.confidence:.2f})" if evidence.confidence is not None else ""
    answer = f"Answer: {evidence.answer}{sure}\n" if evidence.answer else ""
    return f"{answer}{evidence.text}"


def _tool_name(name: str) -> str:
    """An expert's name in the letters that tool names may have."""
    return "".join(char if char.isalnum() or char in "_-" else "_" for char in name)[:64]

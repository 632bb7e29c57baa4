"""The skills and experts of a registry as an MCP server over stdio: pictures in and out.

The only module that imports `mcp`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from maestro_graph.errors import MissingExtraError
from maestro_graph.registry import Registry
from maestro_skills._tools import expert_tools, skill_tools

if TYPE_CHECKING:
    from mcp import types
    from mcp.server.lowlevel import Server

__all__ = ["build_server", "serve"]


def build_server(registry: Registry) -> Server[Any]:
    """The server; tools are read from the registry at every listing, so that what is added shows.

    Raises:
        MissingExtraError: the extra `mcp` is not installed.
    """
    try:
        from mcp import types
        from mcp.server.lowlevel import Server
    except ImportError as error:
        raise MissingExtraError("the MCP server", "mcp", error.name or "mcp") from error

    def tools() -> dict[str, BaseTool]:
        return {tool.name: tool for tool in (*skill_tools(registry), *expert_tools(registry))}

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(name=tool.name, description=tool.description, input_schema=_schema(tool))
                for tool in tools().values()
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        known = tools()
        tool = known.get(params.name)
        if tool is None:
            text = f"there is no tool named {params.name!r}; there are: {', '.join(known)}"
            return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
        return await _call(registry, tool, params.arguments or {})

    return Server("maestro", version=version("maestro-graph"), on_list_tools=list_tools, on_call_tool=call_tool)


async def _call(registry: Registry, tool: BaseTool, arguments: dict[str, Any]) -> types.CallToolResult:
    from mcp import types
    from pydantic import ValidationError

    request = {"type": "tool_call", "id": "mcp", "name": tool.name, "args": arguments}
    try:
        message: ToolMessage = await tool.ainvoke(request)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=f"the arguments do not fit: {problems}")], is_error=True
        )
    artifact = message.artifact or {}
    pictures: Sequence[dict[str, str]] = artifact.get("pictures", [])
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=str(message.text))]
    content += [await asyncio.to_thread(_image, registry, picture["ref"]) for picture in pictures]
    return types.CallToolResult(
        content=content,
        structured_content={"evidence": artifact["evidence"], "events": artifact["events"]} if artifact else None,
        is_error=message.status == "error",
    )


def _image(registry: Registry, ref: str) -> types.ImageContent:
    from mcp import types

    url = registry.images.open(ref).data_url()
    head, _, data = url.partition(",")
    mime = head.removeprefix("data:").removesuffix(";base64")
    return types.ImageContent(type="image", data=data, mime_type=mime)


def _schema(tool: BaseTool) -> dict[str, Any]:
    schema: dict[str, Any] = tool.get_input_jsonschema()
    return schema


async def serve(registry: Registry) -> None:
    """Serve over standard input and output until the client goes away."""
    from mcp.server.stdio import stdio_server

    server = build_server(registry)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())

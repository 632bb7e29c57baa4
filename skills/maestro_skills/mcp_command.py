"""`maestro mcp`: the skills and experts of a registry for any MCP client."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

__all__ = ["mcp"]


def mcp(
    registry: Annotated[str, typer.Option(help="Preset or file.")] = "embedded",
) -> None:
    """Serve the skills and experts of a registry over the Model Context Protocol (stdio)."""
    from maestro_graph.registry import load_registry
    from maestro_skills.mcp_server import serve

    asyncio.run(serve(load_registry(registry)))

"""The MCP server, called by the official client over stdio."""

from __future__ import annotations

import base64
import io
import os
import sys
from pathlib import Path

import pytest
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from PIL import Image

pytestmark = pytest.mark.real

WRONG = [("nobody", {}), ("counter", {"question": 5}), ("counter", {"question": "?", "images": ["no"]})]
COINS = Path(__file__).parents[3] / "examples" / "images" / "coins.png"


async def test_a_client_lists_and_calls_tools_with_pictures_in_and_out(tmp_path: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(COINS.read_bytes()).decode()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "maestro_graph.cli", "mcp", "--registry", "embedded"],
        env={**os.environ, "MAESTRO_IMAGE_DIR": str(tmp_path)},
    )
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert {"counting-problem-solver", "chart-problem-solver", "counter", "reader"} <= set(tools)
        result = await session.call_tool(
            "counting-problem-solver", {"question": "How many coins are there?", "images": [url]}
        )
        assert isinstance(result, types.CallToolResult)
        assert not result.is_error
        text, drawn = result.content[0], result.content[-1]
        assert isinstance(text, types.TextContent)
        assert text.text.startswith("Answer: 24")
        assert isinstance(drawn, types.ImageContent)
        with Image.open(io.BytesIO(base64.b64decode(drawn.data))) as shown, Image.open(COINS) as coins:
            assert shown.size == coins.size
        for name, arguments in (
            ("nobody", {}),
            ("counter", {"question": 5}),
            ("counter", {"question": "?", "images": ["no"]}),
        ):
            failed = await session.call_tool(name, arguments)
            assert isinstance(failed, types.CallToolResult)
            assert failed.is_error

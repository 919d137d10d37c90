"""An MCP server over stdio, by the official package: adds numbers, and dies when it is told to."""

import os

from mcp.server import MCPServer

server = MCPServer("sums")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def die() -> str:
    """Die in the middle of this call."""
    os._exit(1)


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("no luck")


if __name__ == "__main__":
    server.run()
